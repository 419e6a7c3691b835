"""`migrate baseline`: work begun by hand, adopted: it counts as done, and is nobody's to take back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migrate.cli.completing import plan_files
from migrate.cli.place import EstateOption, WorldOption
from migrate.model.errors import Refused


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("baseline")(baseline)


def baseline(
    plan: Annotated[Path, typer.Argument(help="The plan file.", autocompletion=plan_files)],
    estate: EstateOption = None,
    world: WorldOption = None,
) -> None:
    """Open a run in which what is so already counts as done; it stays when the run is taken back.

    Exit 0; 3 where a run of this plan is here, or another one is open; 5 locked.
    """
    from migrate.cli.adopt import looked, opened
    from migrate.cli.apply import no_other
    from migrate.engine.adopting import baselined, run_of

    where, loaded, steps = looked(plan, estate, world)
    if run := run_of(steps, loaded.name):
        raise Refused(
            f"what is there bears the mark of run {run}: a run of this tool made it, nobody by hand",
            truth="adopted by hand it would stay for ever when the run is taken back",
            undone="nothing was written",
            following=f"migrate recover {plan} rebuilds that run's journal",
        )
    no_other(where, loaded)
    opened(where, loaded, steps, list(baselined(steps)), "adopted what was there")
