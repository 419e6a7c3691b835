"""`migrate verify`: is the journal whole, the plan the approved one, and the world as recorded? Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.completing import session_ids
from migrate.cli.place import EstateOption, RunArgument, WorldOption
from migrate.model.errors import Exit

if TYPE_CHECKING:
    from migrate.cli.place import Known, Place
    from migrate.engine.verifying import Deviation


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("verify")(verify)


def verify(
    run: RunArgument = None,
    estate: EstateOption = None,
    world: WorldOption = None,
    session: Annotated[
        str | None,
        typer.Option("--session", help="A session's records instead, offline.", autocompletion=session_ids),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document (migrate.verify/v1).")] = False,
) -> None:
    """Compare what a run recorded with what is there now. For cron: exit 0 healthy, 1 findings."""
    from migrate.cli.place import chosen_run, place
    from migrate.cli.session.chain import verify_session
    from migrate.views import verify as view

    if session is not None:
        verify_session(session, estate, as_json=as_json)
        return
    where = place(estate, world)
    one = chosen_run(where, run)
    found = _deviations(where, one)
    view.show(one.folder.id, found, as_json=as_json)
    if found:
        raise typer.Exit(Exit.FAILED)


def _deviations(where: Place, one: Known) -> list[Deviation]:
    from migrate.cli.connect import connect
    from migrate.cli.place import known_runs, now
    from migrate.engine.verifying import back_again, deviations

    connections, plan = connect(where, one.loaded), where.played(one.loaded.plan)
    connections.insist_on(plan)
    found = [*deviations(plan, one.loaded.digest, one.run, connections.stores, connections.observer, now())]
    # What stands there after a later run may be that one's.
    newest = known_runs(where)[0].folder == one.folder
    return [*found, *(back_again(plan, one.run, connections.observer) if newest else ())]
