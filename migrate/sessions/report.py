"""One model of a run and the session that drove it: what changed, who agreed, the way back.

Two renderings use it (Markdown and HTML); neither adds a fact. Holds no secret: it is made of logs and the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

LANES = ("people", "writes", "gates")
"""The lanes of the timeline."""


@dataclass(frozen=True, slots=True)
class Row:
    """One target: what it was, what it is to be, and how far that is."""

    target: str
    step: str
    stage: str
    summary: str
    before: str
    after: str
    diff: str
    state: str
    time: str
    undo: str


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody's word, and what it covers. `waives`: it let a gate pass that had no answer of its own."""

    time: str
    who: str
    what: str
    digest: str
    waives: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a gate saw at a moment: `pass`, `wait` or `fail`."""

    time: str
    answer: str
    text: str


@dataclass(frozen=True, slots=True)
class GateRow:
    """A gate with everything it saw. `until`: the end of its soak, where it has one."""

    gate: str
    way: str
    state: str
    until: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A time of waiting, and why."""

    since: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Record:
    """Something that was kept, or a command that ran."""

    time: str
    what: str
    outcome: str
    file: str
    digest: str


@dataclass(frozen=True, slots=True)
class Point:
    """A line of an answer. `code`: what is typed, or named to the letter; may be empty."""

    text: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the renderings show. `moments`: what the timeline draws, as (time, lane, label)."""

    title: str
    state: str
    changed: tuple[Point, ...]
    agreed: tuple[Point, ...]
    back: tuple[Point, ...]
    estate: str
    world: str | None
    rows: tuple[Row, ...]
    words: tuple[Said, ...]
    gates: tuple[GateRow, ...]
    holds: tuple[Held, ...]
    commands: tuple[Record, ...]
    evidence: tuple[Record, ...]
    residue: tuple[str, ...]
    moments: tuple[tuple[str, str, str], ...]
    facts: tuple[tuple[str, str], ...]


def clock(time: str) -> str:
    """A moment as people read it: UTC, to the second."""
    return datetime.fromisoformat(time).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if time else ""
