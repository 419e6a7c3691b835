"""Where to begin with an estate: the phase, and the workload, whose plan comes first. Planned, not guessed."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.model.errors import Failed, Refused
from migrate.model.plan import Begin, Beginning, NotYet, Nowhere, Plan
from migrate.planning.cases import Estate
from migrate.planning.make import make_plan
from migrate.planning.phases import LoginSelect, Phase, SecretsSelect


def beginning(estate: Estate, phases: Sequence[Phase]) -> Beginning:
    """The first of the phases that move what ESO copies and that has a plan here, with the workload it begins with."""
    answer: Beginning = Nowhere()
    for phase in phases:
        if not isinstance(phase.select, LoginSelect | SecretsSelect):
            continue  # the others start from what only their own settings name
        try:
            made = make_plan(estate, phase)
        except Refused:
            answer = NotYet(phase.name)
        except Failed:
            continue
        else:
            if isinstance(made, Plan):
                return Begin(
                    phase.name, next(step.change.target.name for step in made.steps if step.stage == "cutover")
                )
    return answer
