"""`migrate show`: a plan file for people, or as it is. Refuses one that is not as it was written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.completing import plan_files
from migrate.model.errors import Failed

if TYPE_CHECKING:
    from migrate.planning.loading import Loaded


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("show")(show)


def show(
    plan: Annotated[Path, typer.Argument(help="The plan file.", autocompletion=plan_files)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document (migrate.plan/v1).")] = False,
) -> None:
    """Show a plan: by stage and blast radius, with the way back beside each step.

    Exit 0; 1 where the file is no plan; 3 where it was changed after it was written.
    """
    from migrate.views import plan as view
    from migrate.views.console import emit_json

    loaded = read_plan(plan)
    if as_json:
        emit_json(loaded.document)
    else:
        view.show(loaded)


def read_plan(path: Path) -> Loaded:
    """A plan file, checked. Raises Failed where it cannot be read or is no plan, Refused where it was changed."""
    from migrate.planning.loading import load_plan

    try:
        data = path.read_bytes()
    except OSError as error:
        raise Failed(
            f"{path}: {error.strerror or type(error).__name__}", following="make a plan: migrate plan PHASE -o FILE"
        ) from error
    return load_plan(data, str(path))
