"""`migrate export-rollback`: leave without this tool. The way back as plain git, kubectl, vault and psql commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migrate.cli.place import EstateOption, RunArgument, WorldOption


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("export-rollback")(export_rollback)


def export_rollback(
    folder: Annotated[Path, typer.Option("--output", "-o", help="The folder to write to.")],
    run: RunArgument = None,
    estate: EstateOption = None,
    world: WorldOption = None,
) -> None:
    """Write rollback.sh for what the run has done so far, and the plan's patches, policies and SQL. Exit 0."""
    from migrate.cli.place import chosen_run, place
    from migrate.cli.scan import take
    from migrate.cli.script import way_back
    from migrate.estate.held import paths_by_secret
    from migrate.planning.export import export
    from migrate.planning.rights import sources
    from migrate.stores.exports import write_export
    from migrate.views import plan as view

    where = place(estate, world)
    one = chosen_run(where, run)
    held = sources(one.loaded.plan, paths_by_secret(take(where.estate).inventory))
    files = export(one.loaded.plan, one.loaded.name, one.loaded.digest, held)
    files["rollback.sh"] = way_back(one.loaded, one.run)
    write_export(folder, files, one.loaded.name)
    view.exported(str(folder), sorted(files))
