"""What the engine asks of a store, and what a store answers.

A store is thin: one read or one guarded write, no retries. The engine decides what may be tried again;
a store only says what happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from migrate.model.change import Change, State
from migrate.model.errors import MigrateError
from migrate.model.plan import Way
from migrate.model.target import Target


class Unreachable(MigrateError):  # noqa: N818  the words of docs/exit-codes.md
    """The store did not answer, so nothing is known: neither what is there, nor that nothing is.

    A check that meets it is inconclusive, never passed or failed. Raised by reads only; a write whose answer was lost
    is `OutcomeUnknown`.
    """

    untouched = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A target as it is now."""

    state: State
    version: str = ""
    """The store's own token for this very state: the guard of the next write. Opaque; empty where there is none."""
    mark: str | None = None
    """The run that wrote it last, where the target can carry that; None where nothing says so."""


@dataclass(frozen=True, slots=True)
class Move:
    """One atomic write: a step of the plan, forward or back.

    `change` leads from what is there to what shall be: on the way back it is the inverse, narrowed to what is ours.
    Passwords are not in it: they come beside it, and live as long as the call.
    """

    run: str
    plan: str
    """The plan's name, for messages that people read."""
    digest: str
    step: str
    way: Way
    summary: str
    change: Change


@dataclass(frozen=True, slots=True)
class Written:
    """The store took it. What it now holds is read back separately.

    `state`: what it should now read, where that is not what the move said: texts that were merged with later edits.
    """

    state: State | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Nothing was written: the target was no longer what the guard named, or somebody else holds it."""

    why: str


@dataclass(frozen=True, slots=True)
class Denied:
    """Nothing was written: the store refused the request itself (no permission, not valid, a hook said no)."""

    why: str
    following: str = ""
    right: bool = False
    """Whether it is a right that is missing: then `following` says how to grant it."""


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """It may or may not have been written: the answer was lost. Reading back settles it."""

    why: str


@dataclass(frozen=True, slots=True)
class Partly:
    """A portion of a long write is done and committed; the same write, asked for again, goes on where it ended."""

    done: str


Outcome: TypeAlias = Written | Partly | Conflict | Denied | OutcomeUnknown


@dataclass(frozen=True, slots=True)
class Secrets:
    """Write-only fields of one move, by field name. Never shown: `repr` holds the names only."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)


class Store(Protocol):
    """One of Git, Vault, PostgreSQL and the cluster, or its stand-in in a practice world."""

    def read(self, change: Change) -> Snapshot:
        """The target of `change` now; for Git the files it names. Writes nothing. Raises Unreachable."""
        ...

    def write(self, move: Move, seen: Snapshot, secrets: Secrets) -> Outcome:
        """Make the target `move.change.after`, if it still is `seen`. One request. Raises nothing for a lost answer."""
        ...

    def identity(self) -> str:
        """Which server this is (Vault's cluster id, kube-system's uid, PostgreSQL's system identifier, Git's root).

        Raises Unreachable.
        """
        ...


class Observer(Protocol):
    """What checks may look at: the state of any target, also of those no plan changes (pods, sessions, seals).

    Shapes by target kind are documented in `migrate/checks/observations.py`.
    """

    def observe(self, target: Target) -> State:
        """The target as it is now, without any secret. Absent where there is no such thing. Raises Unreachable."""
        ...
