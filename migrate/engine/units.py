"""Workloads of one plan that cannot go back without each other. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from migrate.model.plan import Plan
from migrate.targets.ownership import KIND


@dataclass(frozen=True, slots=True)
class Bound:
    """`unit` reads a Secret that `other` retires: back alone, it would live on a copy that nobody writes any more."""

    unit: str
    secret: str
    other: str


@dataclass(frozen=True, slots=True)
class Emptied:
    """`unit` takes something out of a file that `other` then takes away, as nothing is left in it."""

    unit: str
    file: str
    other: str


Together: TypeAlias = Bound | Emptied


def bound(plan: Plan, only: Collection[str], without: Collection[str]) -> Iterator[Together]:
    """What keeps the units of `only` from going back alone; those of `without` are back already."""
    retires = {step.change.target.name: step.unit for step in plan.steps if step.change.target.kind == KIND}
    staying = [unit for unit in plan.units if unit not in only and unit not in without]
    for gate in plan.gates:
        step, secret = plan.step(gate.before), dict(gate.about).get("secret", "")
        if gate.way == "back" and step is not None and step.unit in only and retires.get(secret) in staying:
            yield Bound(step.unit, secret, retires[secret])
    yield from _emptied(plan, only, staying)


def _emptied(plan: Plan, only: Collection[str], staying: Collection[str]) -> Iterator[Emptied]:
    dropped = {edit.file: step.unit for step in plan.steps for edit in step.change.files if edit.after is None}
    edited = ((step.unit, edit.file) for step in plan.steps for edit in step.change.files)
    for unit, file in dict.fromkeys(edited):
        if unit in only and dropped.get(file) in staying:
            yield Emptied(unit, file, dropped[file])
