"""How a call ended, and the exit code that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from migrate.model.errors import Exit
from migrate.model.json import Json


@dataclass(frozen=True, slots=True)
class Completed:
    """Everything in this direction is done. `residue`: what no inverse undoes, after a rollback."""

    residue: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Held: by a gate that is not settled, a hold, a soak, or the word a stage needs."""

    by: str
    reason: str
    following: str
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A check said no, or a store refused. `wrote`: whether this run has written anything."""

    by: str
    reason: str
    fix: str
    wrote: bool


@dataclass(frozen=True, slots=True)
class Partial:
    """Taken back but for these, each with why it was left. `closed`: they stay for good, and the run is over.

    `by`: whose or what's it is that they were left.
    """

    kept: tuple[tuple[str, str], ...]
    by: str
    following: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Returned:
    """These workloads are taken back; the rest of the run stands."""

    units: tuple[str, ...]
    residue: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Asked to stop; the step under way was finished first."""


Ending: TypeAlias = Completed | Returned | Waiting | Failure | Partial | Interrupted


def exit_code(ending: Ending, *, back: bool) -> Exit:
    """The code of docs/exit-codes.md. A rollback that is not complete is 7, whatever it waits for."""
    match ending:
        case Completed() | Returned():
            return Exit.DONE
        case Interrupted():
            return Exit.INTERRUPTED
        case Partial():
            return Exit.INCOMPLETE
        case Waiting():
            return Exit.INCOMPLETE if back else Exit.HELD
        case Failure(wrote=wrote):
            return Exit.INCOMPLETE if back else Exit.STOPPED if wrote else Exit.FAILED
