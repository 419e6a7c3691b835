"""`migrate apply`: does what was approved, and nothing else, until something must be waited for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.completing import plan_files
from migrate.cli.place import EstateOption, JsonOption, Known, Place, WorldOption
from migrate.model.errors import Locked, Refused

if TYPE_CHECKING:
    from migrate.cli.connect import Connections
    from migrate.cli.driving import Seat
    from migrate.planning.loading import Loaded
    from migrate.stores.runs import RunFolder
    from migrate.views.run import Watcher

BEFORE_CONTRACT = ("expand", "cutover", "soak")
"""What an approval given to apply covers."""


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("apply")(apply)


def apply(
    plan: Annotated[Path, typer.Argument(help="The plan file.", autocompletion=plan_files)],
    estate: EstateOption = None,
    world: WorldOption = None,
    approve: Annotated[
        str | None, typer.Option("--approve", help="The plan's digest, instead of typing its name.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Apply a plan up to the first gate that waits, the commit that must be merged among them.

    Exit 0 done; 4 held (migrate resume goes on); 1 or 6 a check failed, before or after something was written;
    3 refused: stale, unapproved or not for this place; 5 locked.
    """
    from migrate.cli.connect import connect
    from migrate.cli.place import place, watcher
    from migrate.cli.show import read_plan
    from migrate.engine.admission import admit

    where = place(estate, world)
    with watcher("apply", where, as_json=as_json) as told:
        loaded = read_plan(plan)
        admit(loaded.plan, loaded.name, practice=where.world is not None, rehearsal=where.rehearsal is not None)
        no_other(where, loaded)
        connections = connect(where, loaded)
        _still_true(where, connections, loaded)
        told.differences(_since_last(where, loaded))
        how = _agreed(loaded, approve, connections, asks=not as_json)
        _opened(where, loaded, told, how)


def no_other(where: Place, loaded: Loaded) -> None:
    """One run at a time: the next plan stands on what the last one left. Nobody knows what a damaged one left."""
    from migrate.cli.place import damaged_runs, known_runs

    for one in damaged_runs(where):
        raise one.error
    other = next((one for one in known_runs(where) if one.run.ended is None), None)
    if other is not None:
        same = other.loaded.digest == loaded.digest
        raise Refused(
            f"run {other.folder.id} is open" + (": this very plan is being applied" if same else ""),
            truth=f"it stands on plan {other.run.plan}",
            undone="nothing was written",
            following="migrate resume goes on with it, migrate rollback takes it back",
        )


def _still_true(where: Place, connections: Connections, loaded: Loaded) -> None:
    """Raises Refused where the servers are others than the plan's, or what it stands on moved."""
    from migrate.engine.admission import moved_facts, stale
    from migrate.views.console import dumped

    connections.insist_on(loaded.plan)
    moved = list(moved_facts(where.played(loaded.plan), connections.blob, connections.state))
    if moved:
        where.runs.prepare()
        where.runs.write(where.runs.refused(loaded.plan.phase), dumped(loaded.document))
        raise stale(loaded.plan, loaded.name, moved)
    if obstacles := connections.git.obstacles():
        raise Refused(
            "; ".join(why for why, _ in obstacles),
            truth="the steps in Git could not be committed, so nothing was begun",
            undone="nothing was written",
            following="; ".join(dict.fromkeys(way for _, way in obstacles if way)) or "put that right, then apply",
        )


def _since_last(where: Place, loaded: Loaded) -> tuple[tuple[str, str], ...]:
    """The steps that differ from the last plan of this phase that was approved, or refused as stale."""
    from migrate.cli.place import known_runs
    from migrate.cli.show import read_plan
    from migrate.engine.admission import differing_steps
    from migrate.model.errors import MigrateError

    plan = loaded.plan
    earlier = [one.loaded.plan for one in known_runs(where) if one.loaded.plan.phase == plan.phase]
    with suppress(MigrateError):  # none was refused, or by a version that wrote plans otherwise
        earlier.insert(0, read_plan(where.runs.refused(plan.phase)).plan)
    return differing_steps(earlier[0], plan) if earlier else ()


def _agreed(loaded: Loaded, given: str | None, connections: Connections, *, asks: bool) -> str:
    from migrate.cli.approval import approved

    return approved(loaded, given, asks=asks, pods=connections.pods(loaded.plan), stages="expand, cutover and soak")


def _opened(where: Place, loaded: Loaded, watcher: Watcher, how: str) -> None:
    from migrate.cli.driving import finish, seated
    from migrate.cli.place import now, who
    from migrate.engine.fold import Run
    from migrate.views.console import dumped

    where.runs.prepare()
    name = where.runs.fresh(loaded.name, now())
    folder = where.runs.create(name, dumped(loaded.document))
    with _unless_locked(folder), seated(where, Known(folder, loaded, Run()), "migrate apply", watcher) as seat:
        no_other(where, loaded)  # once more, now that nobody else can begin one
        seat.note("run.opened", **opening(seat, name))
        seat.note("run.approved", digest=loaded.digest, who=who(), how=how, stages=list(BEFORE_CONTRACT))
        where.runs.refused(loaded.plan.phase).unlink(missing_ok=True)
        finish(watcher, seat)


@contextmanager
def _unless_locked(folder: RunFolder) -> Iterator[None]:
    """Leave no folder behind of a run that could not begin."""
    try:
        yield
    except (Locked, Refused):
        if not folder.journal.exists() or not folder.journal.stat().st_size:
            shutil.rmtree(folder.path)
        raise


def opening(seat: Seat, name: str) -> dict[str, str | None]:
    """What a run's first record says."""
    import socket

    from migrate import __version__
    from migrate.cli.place import who

    loaded, where = seat.loaded, seat.where
    return {
        "run": name,
        "plan": loaded.name,
        "digest": loaded.digest,
        "phase": loaded.plan.phase,
        "mode": loaded.plan.mode,
        "estate": str(where.estate),
        "world": where.world_name,
        "who": who(),
        "host": socket.gethostname(),
        "tool": f"migrate {__version__}",
    }
