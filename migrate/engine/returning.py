"""Whether a run can still be taken back: a final step keeps itself, and all that it stands on."""

from __future__ import annotations

from migrate.engine.advance import needed
from migrate.engine.fold import Done, Kept, Run
from migrate.model.plan import Plan, Step
from migrate.targets.lasting import Keep, Undoable, lasting


def final(plan: Plan, run: Run) -> tuple[tuple[Step, str], ...]:
    """The steps of this run that no way leads back from, each with why."""
    done = [step for step in plan.steps if isinstance(run.steps.get(step.id), Done | Kept)]
    return tuple((step, found.why) for step in done if isinstance(found := lasting(step.change), Keep))


def past_return(plan: Plan, run: Run) -> bool:
    """Whether a step is final and nothing of the run is left that could be taken back without it."""
    last = final(plan, run)
    stays = needed(plan, {step.id: Kept(why, step.change.after) for step, why in last}) | {step.id for step, _ in last}
    loose = (
        step
        for step in plan.steps
        if step.id not in stays
        and isinstance(run.steps.get(step.id), Done | Kept)
        and isinstance(lasting(step.change), Undoable)
    )
    return bool(last) and not any(loose)
