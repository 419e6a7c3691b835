"""`migrate log`: a run's journal, verified, for people or as JSON lines."""

from __future__ import annotations

import typer

from migrate.cli.place import EstateOption, JsonOption, RunArgument, WorldOption


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("log")(log)


def log(
    run: RunArgument = None, estate: EstateOption = None, world: WorldOption = None, as_json: JsonOption = False
) -> None:
    """Show what happened, record by record. Exit 0; 6 where the journal was damaged or changed."""
    from migrate.cli.place import chosen_run, place
    from migrate.stores.journal import whole
    from migrate.views import run as view

    one = chosen_run(place(estate, world), run)
    view.log(list(whole(one.folder.journal).events), as_json=as_json)
