"""The report as Markdown, for a ticket."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from migrate.sessions.report import GateRow, Point, Record, Report, Row, clock
from migrate.views.text import safe


def markdown(report: Report) -> str:
    """The whole report."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield from _head(report)
    yield from _changes(report.rows)
    words = [(clock(word.time), _text(word.who), _text(word.what), _code(word.digest[:16])) for word in report.words]
    yield from _section("Who agreed", ("when", "who", "to what", "digest"), words)
    yield from _section("Gates", ("gate", "state", "soak until", "last reading"), [_gate(one) for one in report.gates])
    holds = [(clock(hold.since), _text(hold.by), _text(hold.why)) for hold in report.holds]
    yield from _section("Holds, and why", ("since", "by", "why"), holds)
    yield from _section("Commands", ("when", "command", "outcome", "output"), _records(report.commands))
    yield from _section("Evidence", ("when", "what", "where", "kept as"), _records(report.evidence))
    if report.residue:
        yield from ("", "## What no inverse undoes", "", *(f"- {_text(line)}" for line in report.residue))
    yield from _section("Versions, digests, verification", ("what", "value"), [(a, _code(b)) for a, b in report.facts])


def _head(report: Report) -> Iterator[str]:
    """The first screen: what this is about, and the questions everybody asks."""
    yield f"# {_text(report.title)}"
    yield ""
    if report.world:
        yield f"**Practice world** {_code(report.world)}: nothing here is a real server."
        yield ""
    yield from _table(
        ("question", "answer"),
        [
            ("state", _text(report.state)),
            ("what changed", _answer(report.changed)),
            ("who agreed", _answer(report.agreed)),
            ("how to go back", _answer(report.back)),
        ],
    )


def _changes(rows: Sequence[Row]) -> Iterator[str]:
    """Every target that was changed, and below the table what of it changed."""
    table = [(_code(row.target), _text(row.summary), row.state, clock(row.time), _text(row.undo)) for row in rows]
    yield from _section("What changed", ("target", "change", "state", "when", "way back"), table)
    for row in rows:
        if row.diff:
            fence = "`" * (max((len(run) for run in re.findall("`+", row.diff)), default=2) + 1)
            yield from ("", f"### {_text(row.step)}", "", f"{fence}diff", row.diff, fence)
        elif row.before or row.after:
            sides = (f"- before: {_code(row.before)}", f"- after: {_code(row.after)}")
            yield from ("", f"### {_text(row.step)}", "", *sides)


def _gate(gate: GateRow) -> tuple[str, ...]:
    way = " (back)" if gate.way == "back" else ""
    return _text(gate.gate) + way, gate.state, clock(gate.until), _last(gate.readings)


def _answer(points: Iterable[Point]) -> str:
    return "<br>".join(f"{_text(point.text)} {_code(point.code)}".strip() for point in points)


def _last(readings: Sequence[object]) -> str:
    texts = [str(getattr(one, "text", "")) for one in readings]
    return _text(next((text for text in reversed(texts) if text), ""))


def _records(records: Iterable[Record]) -> list[tuple[str, ...]]:
    return [
        (
            clock(one.time),
            _code(one.what),
            _text(one.outcome),
            _code(f"{one.file} {one.digest[:16]}".strip()) if one.file else "",
        )
        for one in records
    ]


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield from ("", f"## {title}", "")
        yield from _table(head, rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    yield from ("| " + " | ".join(row) + " |" for row in rows)


def _text(text: str) -> str:
    """Text that stays text in a table: no column, no link, no HTML of its own."""
    escaped = "".join("\\" + letter if letter in "\\`*_[]<>|#" else letter for letter in safe(text.replace("\n", " ")))
    return escaped.strip()


def _code(text: str) -> str:
    found = safe(text.replace("\n", " ")).replace("`", "'").replace("|", "\\|")
    return f"`{found}`" if found else ""
