"""`migrate explain`: why a step stands in a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migrate.cli.completing import plan_files, step_ids
from migrate.model.errors import Usage


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("explain")(explain)


def explain(
    plan: Annotated[Path, typer.Argument(help="The plan file.", autocompletion=plan_files)],
    step: Annotated[
        str, typer.Argument(help="The step's id, or a part of it that no other step has.", autocompletion=step_ids)
    ],
) -> None:
    """Say which line of the phase, which line of the policy and which entries of the inventory caused a step."""
    from migrate.cli.show import read_plan
    from migrate.planning.explain import explanation
    from migrate.views import plan as view

    loaded = read_plan(plan)
    found = loaded.plan.step(step)
    near = [one for one in loaded.plan.steps if step in one.id]
    if found is None and len(near) == 1:
        found = near[0]
    if found is None:
        named = "\n    ".join(one.id for one in near or loaded.plan.steps)
        raise Usage(
            f"{step} means {len(near)} steps of {loaded.name}" if near else f"{loaded.name} has no step {step}",
            following=f"choose one of:\n    {named}",
        )
    view.explain(explanation(loaded.plan, found))
