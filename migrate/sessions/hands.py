"""What a session needs done in the world, asked for in its own words. `cli` gives it; tests give their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from migrate.checks.answer import Answer
from migrate.model.json import Json
from migrate.sessions.commands import Parsed, Unparsed
from migrate.sessions.runbook import Command
from migrate.sessions.session import Person


@dataclass(frozen=True, slots=True)
class Ran:
    """How one of our commands ended. `output`: the file that holds what it said, and the digest of that file.

    `anchor`: the run it left behind, its plan's digest and the newest record of its journal; empty where there is none.
    """

    exit: int
    file: str
    digest: str
    seconds: float
    anchor: dict[str, Json]
    past: bool
    """Whether the run has come as far as the command's fence names (`past=`, `asks=`)."""
    waits: str
    """What the run waits for, in words; empty where it waits for nothing."""
    settles: str
    """What would settle that."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A piece of evidence in the session's folder."""

    file: str
    digest: str


@dataclass(frozen=True, slots=True)
class PlanName:
    """A plan file as people name it."""

    name: str
    digest: str


class Hands(Protocol):
    """Everything a session asks of the world."""

    @property
    def person(self) -> Person:
        """Who types."""
        ...

    def parse(self, words: Sequence[str]) -> Parsed | Unparsed:
        """What a command means."""
        ...

    def run(self, label: str, part: Command, words: list[str], *, again: bool) -> Ran:
        """Run one of our commands, in front of people, and keep what it said, redacted."""
        ...

    def look(self, check: str, about: Mapping[str, str]) -> Answer:
        """Ask a check."""
        ...

    def plan(self, path: str) -> PlanName:
        """The plan in a file. Raises MigrateError where there is none."""
        ...

    def agreed_to(self, path: str) -> None:
        """Show in short what the plan in a file is, before a person is asked to agree to it."""
        ...

    def ask(self, question: str) -> str | None:
        """What a person types; None where nobody is there to ask."""
        ...

    def keep(self, label: str, given: str, *, is_file: bool) -> Kept:
        """Put a text, redacted, or a copy of a file into the session's folder. Raises MigrateError."""
        ...

    def heading(self, title: str, text: Sequence[str]) -> None:
        """Show where we are."""
        ...
