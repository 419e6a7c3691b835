"""The way back from where a run stands, as a script that needs no tool of ours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrate.engine.fold import Run
    from migrate.planning.loading import Loaded


def way_back(loaded: Loaded, run: Run) -> bytes:
    """The script for what this run has written and not taken back; announced writes count as written."""
    from migrate.engine.fold import Done, Intended, Kept
    from migrate.planning.rollback_script import rollback_script

    there = {step for step, one in run.steps.items() if isinstance(one, Done | Intended | Kept)}
    plan = replace(loaded.plan, steps=tuple(step for step in loaded.plan.steps if step.id in there))
    return rollback_script(plan, loaded.name, loaded.digest).encode()
