"""Whoever runs PostgreSQL: brings the rule into pg_hba that a plan waits for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.cli.rehearsing.operator import Said
from migrate.cli.rehearsing.part import Part
from migrate.lab import hostrules
from migrate.lab.world import World

ADMITTED = "db.hba-cert"


@dataclass(frozen=True, slots=True)
class Admitting(Part):
    """Where an operator's object lists the rules, the lab does an operator's part; `line` is empty then.

    Where people write them on the server, this writes the line.
    """

    world: World
    line: str

    def between(self, said: Said, *, cutover: bool) -> None:
        """Write the line while it is waited for."""
        if self.line and said.gate == ADMITTED:
            hostrules.written_by_a_person(self.world, self.line)

    def unproven(self) -> Iterator[str]:
        """Whose work this was."""
        who = "the lab's administrator wrote the line" if self.line else "a stand-in did its part of the work"
        yield f"whoever brings rules into your pg_hba: {who}"
