"""Whose application reads and writes a column that is sealed: they deploy its versions when a plan waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.cli.rehearsing.application import ROWS, Application
from migrate.cli.rehearsing.operator import Said
from migrate.cli.rehearsing.part import Part
from migrate.model.errors import Stopped

WRITES, _MOVED, _RELEASED = "column.writes", "column.moved", "column.released"


@dataclass(frozen=True, slots=True)
class Developers(Part):
    """The people behind one application, in the order of docs/how-to/transit.md."""

    application: Application

    def begin(self) -> None:
        """The application as it is today, with its table."""
        self.application.begin()

    def between(self, said: Said, *, cutover: bool) -> None:
        """Deploy what the gate waits for; on the way back one version after the other."""
        match said.gate.partition("@")[0]:
            case "column.writes":
                self.application.deploy("both")
            case "column.moved":
                self.application.deploy("sealed")
            case "column.released":
                self.application.deploy("both")
                self.application.deploy("plain")
        self.over()

    def over(self) -> None:
        """All that it ever read was what it had written, and it could always write."""
        if self.application.wrong:
            raise Stopped(
                f"{self.application.wrong[0]} (and {len(self.application.wrong) - 1} more)",
                truth="this was the lab; nothing of the estate was touched",
                undone="the rest was not rehearsed",
                following="migrate show PLAN, and docs/how-to/transit.md for what each version must do",
            )

    def end(self) -> None:
        """It stops working."""
        self.application.end()

    def unproven(self) -> Iterator[str]:
        """That neither code nor table were theirs."""
        columns = self.application.table.columns
        yield f"your application: a stand-in wrote {columns.relation} in each version, {self.application.rounds} times"
        yield f"your table: {ROWS} rows of a key and {columns.plain} stood for it, without other columns or indexes"
        yield "a way back after the plaintext is dropped: there is none; back was gone from right before that"
