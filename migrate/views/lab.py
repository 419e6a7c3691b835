"""What somebody sees of a lab: how far it is, what of it runs, what can be broken."""

from __future__ import annotations

from collections.abc import Iterable

from rich.markup import escape
from rich.table import Table

from migrate.views.console import notes, result


def level(name: str, reason: str) -> None:
    """Which level of lab it is, and why."""
    notes().print(f"level [bold]{escape(name)}[/]: {escape(reason)}")


def done(step: str, seconds: float) -> None:
    """One step of coming up is done."""
    notes().print(f"  {escape(step):<22} {seconds:5.1f} s")


def servers(title: str, rows: Iterable[tuple[str, str, int | None, str, bool]]) -> None:
    """A table of servers: name, version, process, address, ready or not."""
    table = Table("server", "version", "process", "address", "", box=None, pad_edge=False)
    for name, version, pid, address, ready in rows:
        state = "ready" if ready else "[bold red]not ready[/]"
        table.add_row(escape(name), escape(version or "-"), str(pid or "-"), escape(address or "-"), state)
    result().print(escape(title))
    result().print(table)


def following(name: str) -> None:
    """What to do with a lab that is up."""
    flag = "" if name == "lab" else f" --name {name}"
    notes().print(f"next: migrate lab shell{flag}, migrate lab status{flag}; migrate lab down{flag} takes it all away")


def gone(name: str, folder: str) -> None:
    """A lab was taken away."""
    notes().print(f"lab {escape(name)} is gone: no process, mount, bridge or file of it is left ({escape(folder)})")


def none() -> None:
    """There is no lab."""
    notes().print("no lab is up; migrate lab up starts one")


def faults(rows: Iterable[tuple[str, str, bool]]) -> None:
    """A table of faults: name, what it does, whether this lab can have it."""
    table = Table("fault", "what happens", "", box=None, pad_edge=False)
    for name, what, possible in rows:
        table.add_row(escape(name), escape(what), "" if possible else "not at this level")
    result().print(table)


def saved(folder: str, name: str) -> None:
    """A backup was written."""
    flag = "" if name == "lab" else f" --name {name}"
    notes().print(
        f"backup in {escape(folder)}\nnext: migrate lab down{flag}; migrate lab up{flag} --backup {escape(folder)}"
    )


def broken(name: str, what: str, undo: str) -> None:
    """A fault began."""
    notes().print(f"[bold]{escape(name)}[/]: {escape(what)}\n  undo: {escape(undo)}")


def mended(name: str) -> None:
    """A fault is over."""
    notes().print(f"[bold]{escape(name)}[/] is over")


def log(text: str) -> None:
    """What a server said, as it said it."""
    from migrate.views.console import emit_text

    emit_text(text)
