"""`migrate recover`: a lost laptop's journal, rebuilt from the plan and what is really there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migrate.cli.completing import plan_files
from migrate.cli.place import EstateOption, WorldOption


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("recover")(recover)


def recover(
    plan: Annotated[Path, typer.Argument(help="The plan file.", autocompletion=plan_files)],
    estate: EstateOption = None,
    world: WorldOption = None,
) -> None:
    """Rebuild a lost or damaged journal: what is as the plan leaves it is the run's own again.

    Exit 0; 3 where the run is here and its journal whole, or what is there is of several runs; 5 locked.
    """
    from migrate.cli.adopt import looked, opened
    from migrate.engine.adopting import recovered

    where, loaded, steps = looked(plan, estate, world)
    opened(where, loaded, steps, list(recovered(steps)), "recovered from what is there")
