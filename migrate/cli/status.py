"""`migrate status`: where runs stand. Reads only, takes no lock, works while another process is at work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.place import EstateOption, WorldOption
from migrate.model.errors import Usage

if TYPE_CHECKING:
    from migrate.cli.place import Place
    from migrate.engine.fold import Run
    from migrate.engine.standing import Standing
    from migrate.views.live import Screen
    from migrate.views.status import Look, Rehearsed

_EVERY = 2.0  # seconds between two looks at the runs
_SERVING = 10.0  # seconds between two questions to a server: a watcher must be no load


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("status")(status)


def status(
    estate: EstateOption = None,
    world: WorldOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document (migrate.status/v1).")] = False,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Go on looking until interrupted: a screen, or off a terminal a line a change."),
    ] = False,
) -> None:
    """Show whether it serves, what is the next safe command, and where every run of the estate stands.

    Always exits 0, whatever it shows.
    """
    from migrate.cli.place import place
    from migrate.views import status as view

    where = place(estate, world)
    if watch and as_json:
        raise Usage("--watch is for people", following="migrate status --json, as often as you like")
    if watch:
        _watch(where)
    elif as_json:
        view.show_json(str(where.estate), where.world_name, standings(where))
    else:
        view.show(_look(where, _serving(where)), standings(where))


def _look(where: Place, serving: str) -> Look:
    from migrate.stores.lock import held
    from migrate.views.status import Look

    owner = held(where.runs.folder)
    at_work = str(owner) if owner else None
    made = where.world is None or where.world_id is not None
    return Look(str(where.estate), where.world_name, serving, at_work, where.options, _rehearsed(where), made)


def _rehearsed(where: Place) -> tuple[Rehearsed, ...]:
    """The rehearsals of the estate's plans, newest first; none in a practice world."""
    from migrate.cli.rehearsing.evidence import kept
    from migrate.views.status import Rehearsed

    found = () if where.world else kept(where.runs)
    return tuple(
        Rehearsed(one.text("name"), one.text("digest"), one.ok, one.text("at"), str(one.file.parent)) for one in found
    )


def _watch(where: Place) -> None:
    from migrate.views import live

    live.watched(Sight(where).screen, _EVERY)


class Sight:
    """Looks at the runs of a place again and again, and asks the servers only now and then."""

    def __init__(self, where: Place) -> None:
        self._where = where
        self._serving, self._asked = "", float("-inf")

    def run(self) -> Run | None:
        """The newest run; None where there is none, or it is damaged."""
        from migrate.cli.place import Known, looked_at

        newest = next(looked_at(self._where), None)
        return newest.run if isinstance(newest, Known) else None

    def screen(self) -> Screen:
        """What a watcher sees now."""
        from migrate.cli.place import Known, looked_at, now
        from migrate.engine.overview import overview
        from migrate.engine.standing import standing
        from migrate.stores.journal import whole
        from migrate.views.live import Screen

        look, runs = _look(self._where, self._served()), tuple(standings(self._where))
        newest = next(looked_at(self._where), None)
        if not isinstance(newest, Known):
            return Screen(look, runs, None, (), now())
        seen = overview(newest.run, newest.loaded.plan, standing(newest.run, newest.loaded.plan))
        return Screen(look, runs, seen, whole(newest.folder.journal).events, now())

    def _served(self) -> str:
        import time

        if time.monotonic() - self._asked > _SERVING:
            self._serving, self._asked = _serving(self._where), time.monotonic()
        return self._serving


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
    from migrate.engine.verifying import back_again
    from migrate.model.errors import MigrateError

    newest = next(looked_at(where), None)
    try:
        match newest:
            case None:
                return "nothing is under way"
            case Damaged(_, error):
                return f"not known ({error.happened})"
        connections, plan = connect(where, newest.loaded), newest.loaded.plan
        again = [one.text for one in back_again(plan, newest.run, connections.observer)]
        return "; ".join([connections.serving(plan), *again])
    except MigrateError as error:
        return f"not known ({error.happened})"
