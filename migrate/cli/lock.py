"""`migrate lock`: who is at work, and how to go on when that process hangs."""

from __future__ import annotations

from typing import Annotated

import typer

from migrate.cli.place import EstateOption


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    group = typer.Typer(no_args_is_help=True, help="Show who is at work here, or break a lock that hangs.")
    group.command("show")(show)
    group.command("break")(break_lock)
    app.add_typer(group, name="lock")


def show(estate: EstateOption = None) -> None:
    """Say who holds the lock. Exit 0, also where nobody does."""
    from migrate.cli.place import place
    from migrate.stores.lock import held
    from migrate.views.console import say

    owner = held(place(estate, None).runs.folder)
    say(f"{owner.id}: {owner}" if owner else "nobody holds the lock")


def break_lock(
    id: Annotated[str, typer.Argument(help="The id that migrate lock show prints.")],  # noqa: A002
    reason: Annotated[str, typer.Option("--reason", help="Why; it is written down beside the runs.")],
    estate: EstateOption = None,
) -> None:
    """Take the lock from a process that hangs; it notices at its next write and stops.

    Exit 0; 3 where nobody holds it, or the id is another.
    """
    import json

    from migrate.cli.place import now, place, who
    from migrate.stores.lock import take_from
    from migrate.views.console import say

    where = place(estate, None)
    owner = take_from(where.runs.folder, id)
    for folder in where.runs.all():
        where.runs.fence(folder)
    record = {"time": now().isoformat(timespec="seconds"), "by": who(), "from": str(owner), "reason": reason}
    with (where.runs.folder / "broken-locks.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
    say(f"the lock of {owner} is broken", "migrate status, then migrate resume or migrate rollback", where.options)
