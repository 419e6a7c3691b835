"""What a plan is made of, whatever the phase: cases. A case is one workload, and all that is to be said of its move.

For each kind of phase one folder beside this module (`login/`, ...) finds the cases; nothing after that knows kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from migrate.estate.inventory import Inventory
from migrate.model.change import State
from migrate.model.config import Config
from migrate.model.plan import Remark, Step, Unknown
from migrate.model.target import Target
from migrate.operations.subject import Subject
from migrate.planning.compose import Composition
from migrate.planning.files import Files


@dataclass(frozen=True, slots=True)
class Estate:
    """What is planned for: the inventory, the files it was made from, the settings, and where Git stands."""

    inventory: Inventory
    files: Files
    config: Config
    commit: str | None
    dirty: bool
    database_ca: str = ""
    """What the file of `database.ca` holds; empty where no setting names one."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which workloads an operator wants, each as `namespace/name`; empty: what the phase takes by itself."""

    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    wave: int | None = None

    def takes(self, name: str) -> bool:
        """Whether this name is among those wanted."""
        return name not in self.exclude and (not self.only or name in self.only)


@dataclass(frozen=True, slots=True)
class Moved:
    """A secret that a case moves, by its id and file, and why it is among them."""

    id: str
    file: str
    why: str


@dataclass(frozen=True, slots=True)
class NothingToDo:
    """Nothing is left to move of what was asked. `why` says for people what is there instead."""

    why: str


class Case(Protocol):
    """One workload that a plan moves. Pure: everything it says it was made from."""

    @property
    def subject(self) -> Subject:
        """What the operations are given."""

    @property
    def moves(self) -> tuple[Moved, ...]:
        """The secrets that this case moves."""

    @property
    def believed(self) -> tuple[tuple[Target, str], ...]:
        """Objects in Git that the plan stands on beside what it edits, each with its file."""

    @property
    def watched(self) -> tuple[Target, ...]:
        """What the plan reads of its servers even where no step changes it: the workload, the Secret."""

    @property
    def assumed(self) -> Mapping[Target, State]:
        """What a plan from Git alone takes for granted; all else is assumed not to be there yet."""

    def names(self, composition: Composition) -> tuple[dict[str, str], ...]:
        """Every name that a check of the phase may ask for (`about` of its gates); empty where it is unknown.

        Once for each Secret where there are several: gates that ask about one are then asked of each.
        """

    def spoken(self, names: dict[str, str]) -> dict[str, str]:
        """The same names for people, who should see what is unknown."""

    def applied_by(self, target: Target) -> str:
        """The Flux Kustomization (`namespace/name`) that applies a Git target; empty where something else does."""

    def remarks(self, composition: Composition) -> Iterable[Remark]:
        """What an operator should know first. Raises Refused where what is composed could never run."""

    def unknowns(self) -> tuple[Unknown, ...]:
        """What a plan from Git alone could not see."""

    def notes(self, steps: tuple[Step, ...]) -> tuple[str, ...]:
        """What stays true after the phase and is written nowhere else."""


def units(cases: Iterable[Case]) -> Iterator[str]:
    """The workloads that these cases move, in their order."""
    yield from dict.fromkeys(case.subject.unit for case in cases)
