"""The report's pictures as SVG: a timeline in three lanes, and a gate's readings over its soak."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html import escape
from itertools import accumulate, pairwise
from math import log1p

from migrate.sessions.report import LANES, GateRow, Reading, Report, clock
from migrate.views.text import safe

_WIDE, _LANE, _LEFT, _RIGHT = 900, 34, 80, 20
_WORTH_A_WORD, _ROOM = 20.0, 60.0  # seconds of a wait, and how much room its words need
LEGEND = "green: done or passed; amber: waits; red: failed. Long waits are drawn shorter than they were."
_WORDS = {"pass": "passed", "wait": "waits", "fail": "failed"}


def timeline(report: Report) -> str:
    """What happened when: people, writes and gates, each a lane; long waits shortened, and named.

    Empty where nothing happened.
    """
    if not report.moments:
        return ""
    times = [_seconds(time) for time, _, _ in report.moments]
    places, waits = _places(times)
    bottom, right = _LANE * len(LANES) + 40, _WIDE - _RIGHT
    return "".join(
        (
            f'<svg class="time" viewBox="0 0 {_WIDE} {bottom}" role="img" aria-label="What happened when">',
            *(_lane(number, lane) for number, lane in enumerate(LANES)),
            *(_wait(left, end, gap, bottom) for left, end, gap in waits),
            *_marks(report, places),
            f'<text x="{_LEFT}" y="{bottom - 8}">{_text(clock(report.moments[0][0]))}</text>',
            f'<text x="{right}" y="{bottom - 8}" text-anchor="end">{_text(clock(report.moments[-1][0]))}</text>',
            "</svg>",
        )
    )


def _places(times: list[float]) -> tuple[list[float], list[tuple[float, float, float]]]:
    """Where each moment stands, and the waits between two that are worth a word, as (left, right, seconds).

    A run is minutes of work and days of waiting: to scale, all work would be one dot at each end.
    """
    gaps = [later - earlier for earlier, later in pairwise(times)]
    steps = [log1p(max(gap, 0.0)) + 0.15 for gap in gaps]
    scale = (_WIDE - _LEFT - _RIGHT) / (sum(steps) or 1.0)
    places = [_LEFT + scale * done for done in accumulate(steps, initial=0.0)]
    spans = zip(pairwise(places), gaps, strict=True)
    return places, [(left, right, gap) for (left, right), gap in spans if gap >= _WORTH_A_WORD and right - left > _ROOM]


def _wait(left: float, right: float, gap: float, bottom: int) -> str:
    middle = (left + right) / 2
    words = _text(_long(gap))
    return (
        f'<rect class="gap" x="{left + 8:.1f}" y="8" width="{right - left - 16:.1f}" height="{bottom - 46}"/>'
        f'<text x="{middle:.1f}" y="{bottom - 25}" text-anchor="middle">{words}</text>'
    )


def _long(seconds: float) -> str:
    for size, word in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} s"


def _lane(number: int, lane: str) -> str:
    y = 24 + number * _LANE
    return f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDE - _RIGHT}" y2="{y}"/><text x="0" y="{y + 4}">{lane}</text>'


def _marks(report: Report, places: list[float]) -> Iterator[str]:
    for (time, lane, label), x in zip(report.moments, places, strict=True):
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
