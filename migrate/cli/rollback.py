"""`migrate rollback`: takes back what the run wrote and is still its own, in the order that keeps pods alive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.place import EstateOption, JsonOption, RunArgument, WorldOption
from migrate.model.errors import Refused, Usage

if TYPE_CHECKING:
    from migrate.cli.driving import Seat
    from migrate.engine.units import Together
    from migrate.model.json import Json


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("rollback")(rollback)


def rollback(
    run: RunArgument = None,
    estate: EstateOption = None,
    world: WorldOption = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Take back this workload (namespace/name) alone; may be given again."),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the journal.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Take the run back: first the cutover in Git, and, once no pod needs it, what was made for it.

    Of a plan of several workloads --only takes back one, and the run goes on with the others. Later edits by anybody
    else stay. Run it again until it is complete. Exit 0 complete; 4 held by a person; 7 not complete yet; 5 locked.
    """
    from migrate.cli.driving import finish, seated
    from migrate.cli.place import chosen_run, place, watcher, who

    where = place(estate, world)
    with watcher("rollback", where, as_json=as_json) as told:
        one = chosen_run(where, run)
        with seated(where, one, "migrate rollback", told) as seat:
            # What a person held, a person lets go: then the engine says who it was, and why.
            if seat.run.ended != "rolled-back" and not seat.run.held_by_a_person:
                seat.connections.insist_on(seat.loaded.plan)
                _within_reach(seat)
                _in_time(seat)
                units = _units(seat, only or [])
                seat.note("run.turned", way="back", who=who(), reason=reason, **({"only": units} if units else {}))
            finish(told, seat)


def _units(seat: Seat, only: list[str]) -> list[Json]:
    """The workloads to take back; none where that is all of them. Raises Usage, Refused."""
    from migrate.engine.units import bound

    there = seat.loaded.plan.units
    if unknown := sorted(set(only) - set(there)):
        raise Usage(f"this run moves no {', '.join(unknown)}", following=f"name one of: {', '.join(there)}")
    for one in bound(seat.loaded.plan, only, seat.run.without) if only else ():
        raise _not_alone(one)
    left = [unit for unit in there if unit not in seat.run.without]
    return [] if set(left) <= set(only) else [*dict.fromkeys(only)]


def _not_alone(one: Together) -> Refused:
    from migrate.engine.units import Bound, Emptied

    match one:
        case Bound(secret=secret):
            why = f"retires Secret {secret}, which both read"
            truth = "alone it would live on a copy that nothing writes any more, or that is gone"
        case Emptied(file=file):
            why = f"takes {file} away, which held something of both"
            truth = "alone it could not be put back into that file"
    return Refused(
        f"{one.unit} cannot go back alone: {one.other} {why}",
        truth=truth,
        undone="nothing was written",
        following=f"migrate rollback --only {one.unit} --only {one.other}",
    )


def _within_reach(seat: Seat) -> None:
    """Return unless a step is final and nothing else is left to take back. A run on its way back ends by itself."""
    from migrate.engine.returning import final, past_return

    run, plan = seat.run, seat.loaded.plan
    if run.way == "forward" and past_return(plan, run):
        raise Refused(
            f"run {seat.folder.id} cannot be taken back any more: {'; '.join(why for _, why in final(plan, run))}",
            truth="all that the run made is in use, and nothing stands in the way of the next plan"
            if run.ended
            else "all that the run made is in use; the run itself is open still",
            undone="nothing was written",
            following="docs/how-to/transit.md has what remains possible" if run.ended else "migrate resume closes it",
        )


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
