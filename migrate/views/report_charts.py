"""The report's pictures as SVG: a timeline in three lanes, and a gate's readings over its soak."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html import escape

from migrate.sessions.report import LANES, GateRow, Reading, Report, clock
from migrate.views.text import safe

_WIDE, _LANE, _LEFT, _RIGHT = 900, 34, 70, 20
_WORDS = {"pass": "passed", "wait": "waits", "fail": "failed"}


def timeline(report: Report) -> str:
    """What happened when: people, writes and gates, each a lane. Empty where nothing did."""
    if not report.moments:
        return ""
    times = [_seconds(time) for time, _, _ in report.moments]
    first, length = times[0], max(times[-1] - times[0], 1.0)
    bottom, right = _LANE * len(LANES) + 40, _WIDE - _RIGHT
    return "".join(
        (
            f'<svg class="time" viewBox="0 0 {_WIDE} {bottom}" role="img" aria-label="What happened when">',
            *(_lane(number, lane) for number, lane in enumerate(LANES)),
            *_marks(report, first, length),
            f'<text x="{_LEFT}" y="{bottom - 8}">{_text(clock(report.moments[0][0]))}</text>',
            f'<text x="{right}" y="{bottom - 8}" text-anchor="end">{_text(clock(report.moments[-1][0]))}</text>',
            "</svg>",
        )
    )


def _lane(number: int, lane: str) -> str:
    y = 24 + number * _LANE
    return f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDE - _RIGHT}" y2="{y}"/><text x="0" y="{y + 4}">{lane}</text>'


def _marks(report: Report, first: float, length: float) -> Iterator[str]:
    for time, lane, label in report.moments:
        x = _LEFT + (_seconds(time) - first) / length * (_WIDE - _LEFT - _RIGHT)
        y = 24 + LANES.index(lane) * _LANE
        style = (
            "fail"
            if "failed" in label or "refused" in label
            else "wait"
            if "waiting" in label or "hold" in label
            else "pass"
        )
        yield f'<circle class="{style}" cx="{x:.1f}" cy="{y}" r="5"><title>{_text(f"{time} {label}")}</title></circle>'


def soak(gate: GateRow) -> str:
    """Every reading of a gate as a bar: high passes, half waits, low fails; the words are in the list beside it."""
    width = 160
    step = width / max(len(gate.readings), 1)
    words = ", ".join(f"{_WORDS[one.answer]} at {one.time}" for one in gate.readings)
    bars = "".join(
        f'<rect class="{one.answer}" x="{number * step:.1f}" y="{_top(one.answer)}" width="{max(step - 1, 1):.1f}" '
        f'height="{28 - _top(one.answer)}"><title>{_text(_said(one))}</title></rect>'
        for number, one in enumerate(gate.readings)
    )
    return f'<svg class="soak" viewBox="0 0 {width} 28" role="img" aria-label="{_text(words)}">{bars}</svg>'


def _said(one: Reading) -> str:
    return f"{one.time} {_WORDS[one.answer]}: {one.text}"


def _top(answer: str) -> int:
    return {"pass": 2, "wait": 14, "fail": 22}[answer]


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _text(text: str) -> str:
    return escape(safe(text), quote=True)
