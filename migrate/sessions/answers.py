"""What a report says first: what changed, who agreed, how do we go back. Pure; a few lines each."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migrate.engine.fold import Run
from migrate.engine.standing import Standing
from migrate.model.log import Event
from migrate.model.plan import STAGES, Plan
from migrate.sessions.report import Point, Record, Row, Said, clock

_WORDS = ("done", "taken back", "kept", "skipped", "to come", "its end is not known")
_SHOWN = 4  # words of people that stand on the first screen; the table below has all


@dataclass(frozen=True, slots=True)
class RunPart:
    """A run as it lies on disk. `place`: the options that name it again from anywhere."""

    run: Run
    plan: Plan
    events: Sequence[Event]
    script: str
    place: tuple[str, ...] = ()
    rehearsals: tuple[Record, ...] = ()
    """What was tried of its plan beforehand."""


def changed(part: RunPart | None, rows: Sequence[Row]) -> Iterator[Point]:
    """What users have of it, and how much of the plan is so."""
    if part is None:
        yield Point("nothing was changed: no run was driven")
        return
    cutover = [row.summary for row in rows if row.stage == "cutover" and row.state == "done"]
    yield from (Point(f"{part.plan.unit}: {summary}") for summary in cutover)
    counts = [(word, sum(1 for row in rows if row.state == word)) for word in _WORDS]
    said = ", ".join(f"{count} {word}" for word, count in counts if count)
    yield Point(f"of {len(rows)} changes: {said}")
    stages = [(stage, sum(1 for row in rows if row.stage == stage and row.state == "done")) for stage in STAGES]
    if there := ", ".join(f"{count} in {stage}" for stage, count in stages if count):
        yield Point(f"there now: {there}")


def agreed(words: Sequence[Said]) -> Iterator[Point]:
    """Whose word it stands on, and to what they gave it, the first first. Edits and turns are in the table below."""
    given = [word for word in words if word.digest]
    if not given:
        yield Point("nobody was asked")
        return
    people = dict.fromkeys(word.who.partition(" on ")[0] for word in given)
    yield Point(f"{len(people)} {'person' if len(people) == 1 else 'people'}: {', '.join(people)}")
    for word in given[:_SHOWN]:
        yield Point(f"{word.what}, {clock(word.time)}", word.digest[:12])
    if len(given) > _SHOWN:
        yield Point(f"and {len(given) - _SHOWN} more, below")
    if waived := sum(word.waives for word in words):
        yield Point(f"{waived} {'gate' if waived == 1 else 'gates'} waived, each with a reason: below")


def back(part: RunPart | None, now: Standing | None) -> Iterator[Point]:
    """What is typed to take it back, until when, and what would remain."""
    if part is None or now is None:
        yield Point("there is no run to take back")
        return
    if now.state == "rolled-back":
        yield Point("it is taken back" + ("; what no inverse undoes is listed below" if part.run.residue else ""))
        return
    until = f"until {clock(now.reversible_until)}" if now.reversible_until else "at any time"
    yield Point(f"{until}:", shlex.join(("migrate", "rollback", now.run, *part.place)))
    yield Point("without this tool:", part.script)
    merge = any(step.change.files and step.id in part.run.steps for step in part.plan.steps)
    yield Point(
        "it commits the reverts on a branch; merging them is yours" if merge else "nothing in Git was changed yet"
    )
