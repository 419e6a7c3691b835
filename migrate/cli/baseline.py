"""`migrate baseline`: work begun by hand, adopted: it counts as done, and is nobody's to take back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migrate.cli.place import EstateOption, WorldOption


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("baseline")(baseline)


def baseline(
    plan: Annotated[Path, typer.Argument(help="The plan file.")],
    estate: EstateOption = None,
    world: WorldOption = None,
) -> None:
    """Open a run in which what is so already counts as done; it stays when the run is taken back.

    Exit 0; 3 where a run of this plan is here; 5 locked.
    """
    from migrate.cli.adopt import looked, opened
    from migrate.engine.adopting import baselined

    where, loaded, steps = looked(plan, estate, world)
    opened(where, loaded, steps, list(baselined(steps)), "adopted what was there")
