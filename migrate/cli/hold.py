"""`migrate hold`: stop a run before its next step, from any terminal, and let it go again."""

from __future__ import annotations

from typing import Annotated

import typer

from migrate.cli.completing import run_ids
from migrate.cli.place import EstateOption, WorldOption, in_words
from migrate.model.errors import Failed, Locked

RunOption = Annotated[str | None, typer.Option("--run", help="The run. Default: the open one.", autocompletion=run_ids)]

_LET_GO = "migrate hold clear, then migrate resume"


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    group = typer.Typer(no_args_is_help=True, help="Stop a run before its next step, or let it go on.")
    group.command("set")(set_hold)
    group.command("clear")(clear)
    app.add_typer(group, name="hold")


def set_hold(
    reason: Annotated[str, typer.Argument(help="Why, for whoever meets the hold.", callback=in_words)],
    run: RunOption = None,
    estate: EstateOption = None,
    world: WorldOption = None,
) -> None:
    """Hold the run. A process that is at work finishes its step first. Exit 0."""
    import json

    from migrate.cli.driving import seated
    from migrate.cli.place import chosen_run, place, watcher, who
    from migrate.views.console import say

    where = place(estate, world)
    one = chosen_run(where, run)
    if one.run.ended is not None:
        raise Failed(f"{one.folder.id} is {one.run.ended}", undone="nothing is held", following="migrate status")
    told = watcher("hold", where, as_json=False)
    try:
        with seated(where, one, "migrate hold set", told) as seat:
            seat.note("hold.set", key="operator", by=who(), reason=reason, following=_LET_GO)
        say(f"{one.folder.id} is held", _LET_GO, where.options)
    except Locked:
        # Somebody is at work: the request lies beside the journal, and is heeded before the next step.
        where.runs.write(one.folder.request, json.dumps({"by": who(), "reason": reason}).encode())
        say(f"{one.folder.id} stops before its next step", _LET_GO, where.options)


def clear(
    reason: Annotated[str, typer.Option("--reason", help="Why, for the journal.")] = "",
    run: RunOption = None,
    estate: EstateOption = None,
    world: WorldOption = None,
) -> None:
    """Let the run go on; migrate resume does. Exit 0, also where nothing was held."""
    from migrate.cli.driving import seated
    from migrate.cli.place import chosen_run, place, watcher, who
    from migrate.views.console import say

    where = place(estate, world)
    one = chosen_run(where, run)
    with seated(where, one, "migrate hold clear", watcher("hold", where, as_json=False)) as seat:
        seat.folder.request.unlink(missing_ok=True)
        if seat.run.hold is None:
            said = "is not held by anybody"
        else:
            seat.note("hold.cleared", who=who(), reason=reason)
            said = "may go on"
        onward = "migrate rollback" if seat.run.way == "back" else "migrate resume"
    say(f"{one.folder.id} {said}", "migrate status" if one.run.ended else onward, where.options)
