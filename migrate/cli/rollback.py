"""`migrate rollback`: takes back what the run wrote and is still its own, in the order that keeps pods alive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.place import EstateOption, JsonOption, RunArgument, WorldOption
from migrate.model.errors import Refused

if TYPE_CHECKING:
    from migrate.cli.driving import Seat


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("rollback")(rollback)


def rollback(
    run: RunArgument = None,
    estate: EstateOption = None,
    world: WorldOption = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the journal.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Take the run back: first the cutover in Git, and, once no pod needs it, what was made for it.

    Later edits by anybody else stay. Run it again until it is complete. Exit 0 complete; 7 not complete yet; 5 locked.
    """
    from migrate.cli.driving import finish, seated
    from migrate.cli.place import chosen_run, place, watcher, who

    where = place(estate, world)
    with watcher("rollback", where, as_json=as_json) as told:
        one = chosen_run(where, run)
        with seated(where, one, "migrate rollback", told) as seat:
            if seat.run.ended != "rolled-back":
                seat.connections.insist_on(seat.loaded.plan)
                _in_time(seat)
                seat.note("run.turned", way="back", who=who(), reason=reason)
            finish(told, seat)


def _in_time(seat: Seat) -> None:
    from datetime import datetime

    from migrate.cli.place import now
    from migrate.engine.standing import reversible_until

    until = reversible_until(seat.run, seat.loaded.plan)
    if until is not None and now() > datetime.fromisoformat(until):
        raise Refused(
            f"run {seat.folder.id} could be taken back until {until}",
            truth="passwords, Secrets and sessions of the old way may be gone by now",
            undone="nothing was written",
            following=f"{seat.folder.script} says step by step what would have to be done; decide for each",
        )
