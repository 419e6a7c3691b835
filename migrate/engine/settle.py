"""After a crash, what is there? Before an undo, is it still ours? The two questions everything else rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from migrate.model.change import Absent, Change, Doc, State, inverted
from migrate.model.plan import Step
from migrate.model.target import Target
from migrate.targets.compare import covers, differing, merged, moved
from migrate.targets.lasting import Keep, Leave, lasting


@dataclass(frozen=True, slots=True)
class NotApplied:
    """It is as it was before the step."""


@dataclass(frozen=True, slots=True)
class Applied:
    """It is as the step makes it."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """It is neither as before nor as the step makes it: somebody else's work, never to be written over.

    `fields` names what differs, never a value that could be secret.
    """

    fields: tuple[str, ...]


Finding: TypeAlias = NotApplied | Applied | Foreign


def settle(change: Change, observed: State) -> Finding:
    """What a read-back says of a change. Only what the change touches counts."""
    if covers(change.target, observed, change.after):
        return Applied()
    if covers(change.target, observed, change.before):
        return NotApplied()
    return Foreign(_fields(change, observed))


def _fields(change: Change, observed: State) -> tuple[str, ...]:
    match observed, change.after:
        case Doc(found), Doc(said):
            return tuple(differing(change.target, found, said))
        case _:
            return moved(change.target, change.before, observed)


def made(steps: Iterable[Step]) -> frozenset[Target]:
    """What these steps make or commit: a mark on it says which run did. A state that they only change keeps its mark,
    whosever that is."""
    return frozenset(step.change.target for step in steps if not isinstance(step.change.before, Doc))


@dataclass(frozen=True, slots=True)
class Restore:
    """Write this, and the step is undone; what others did since stays."""

    change: Change


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing of ours left to undo."""

    why: str


@dataclass(frozen=True, slots=True)
class Final:
    """It is not taken back, and so nothing it stands on is."""

    why: str


Retraction: TypeAlias = Restore | Nothing | Final | Foreign


def retract(change: Change, observed: State, last: State) -> Retraction:
    """How to undo a step, given what is there now and what was there right after the step (`last`).

    Files are handed over whole: their store merges texts and says where it cannot.
    """
    if covers(change.target, observed, change.before) and not covers(change.target, observed, change.after):
        return Nothing("it is as it was before the step")
    match lasting(change):
        case Leave(why):
            return Nothing(why)
        case Keep(why):
            return Final(why)
    if change.files:
        return Restore(inverted(change))
    match observed, change.before:
        case Absent(), _:
            return Foreign(("*",))
        case Doc(), Absent():
            # Taking away what others have built upon would take theirs along.
            theirs = moved(change.target, last, observed)
            return Foreign(theirs) if theirs else Restore(inverted(change))
        case Doc() as now, Doc() as before if isinstance(last, Doc):
            return _restored(change, now, before, last)
        case _:
            return Foreign(("*",))


def _restored(change: Change, now: Doc, before: Doc, last: Doc) -> Retraction:
    ours = set(differing(change.target, change.after.value, before.value)) if isinstance(change.after, Doc) else {"*"}
    theirs = moved(change.target, last, now)
    if overlap := tuple(field for field in theirs if field in ours):
        return Foreign(overlap)
    return Restore(replace(inverted(change), before=now, after=merged(change.target, now, last, before)))
