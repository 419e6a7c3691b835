"""Workloads of one plan that cannot go back without each other. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from migrate.model.plan import Plan
from migrate.targets.ownership import KIND


@dataclass(frozen=True, slots=True)
class Bound:
    """`unit` reads a Secret that `other` retires: back alone, it would live on a copy that nobody writes any more."""

    unit: str
    secret: str
    other: str


def bound(plan: Plan, only: Collection[str], without: Collection[str]) -> Iterator[Bound]:
    """What keeps the units of `only` from going back alone; those of `without` are back already."""
    retires = {step.change.target.name: step.unit for step in plan.steps if step.change.target.kind == KIND}
    for gate in plan.gates:
        step, secret = plan.step(gate.before), dict(gate.about).get("secret", "")
        other = retires.get(secret)
        if gate.way != "back" or step is None or step.unit not in only or other is None:
            continue
        if other not in only and other not in without:
            yield Bound(step.unit, secret, other)
