"""`migrate status`: where runs stand. Reads only, takes no lock, works while another process is at work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.place import EstateOption, WorldOption

if TYPE_CHECKING:
    from migrate.cli.place import Place
    from migrate.engine.standing import Standing

_EVERY = 2.0  # seconds between two looks


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("status")(status)


def status(
    estate: EstateOption = None,
    world: WorldOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document (migrate.status/v1).")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every two seconds, until interrupted.")] = False,
) -> None:
    """Show whether it serves, what is the next safe command, and where every run of the estate stands.

    Always exits 0, whatever it shows.
    """
    import time

    from migrate.cli.place import place

    where = place(estate, world)
    _look(where, as_json=as_json)
    while watch:
        time.sleep(_EVERY)
        _look(where, as_json=as_json)


def _look(where: Place, *, as_json: bool) -> None:
    from migrate.stores.lock import held
    from migrate.views import status as view

    runs = standings(where)
    if as_json:
        view.show_json(str(where.estate), where.world_name, runs)
        return
    owner = held(where.runs.folder)
    look = view.Look(str(where.estate), where.world_name, _serving(where), str(owner) if owner else None, where.options)
    view.show(look, runs)


def standings(where: Place) -> list[Standing]:
    """Every run of this world, newest first; one that is damaged says so instead of hiding the others."""
    from migrate.cli.place import Known, looked_at
    from migrate.engine.standing import damaged, standing

    return [
        standing(one.run, one.loaded.plan)
        if isinstance(one, Known)
        else damaged(one.folder.id, one.error.happened, one.error.following)
        for one in looked_at(where)
    ]


def _serving(where: Place) -> str:
    """Whether the workload of the newest run is ready now, as far as that can be seen."""
    from migrate.cli.connect import connect
    from migrate.cli.place import Damaged, looked_at
    from migrate.model.errors import MigrateError

    newest = next(looked_at(where), None)
    try:
        match newest:
            case None:
                return "nothing is under way"
            case Damaged(_, error):
                return f"not known ({error.happened})"
        return connect(where, newest.loaded).serving(newest.loaded.plan)
    except MigrateError as error:
        return f"not known ({error.happened})"
