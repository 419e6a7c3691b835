"""The stops of a plan in the order they are met, forward and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from migrate.engine.fold import Run
from migrate.model.change import Absent, Change, Doc, Irreversible
from migrate.model.plan import END, STAGES, Gate, Plan, Step
from migrate.model.target import Target


@dataclass(frozen=True, slots=True)
class Enter:
    """A stage begins here: the one that needs a word of its own is asked for."""

    stage: str


@dataclass(frozen=True, slots=True)
class Restart:
    """Pods replaced at once, because what a step took back lives on in them."""

    id: str
    after: str
    """The step whose undo makes it necessary."""
    target: Target


Stop: TypeAlias = Enter | Gate | Step | Restart


def there(plan: Plan, without: frozenset[str] = frozenset()) -> tuple[Stop, ...]:
    """The way forward: a stage's gates, the stage, then each step behind its own gates.

    `without`: workloads that were taken back by themselves; they have no stops any more.
    """
    return tuple(stop for stop in _there(plan, without) if not _is_of(stop, without))


def _is_of(stop: Stop, units: frozenset[str]) -> bool:
    return isinstance(stop, Gate | Step) and stop.unit in units


def _there(plan: Plan, without: frozenset[str]) -> Iterator[Stop]:
    gates = _by_place(plan, "forward")
    for stage in STAGES:
        steps = [step for step in plan.steps if step.stage == stage]
        if all(step.unit in without for step in steps):
            yield from (gate for step in steps for gate in gates.get(step.id, ()))
            continue
        yield from gates.get(stage, ())
        yield Enter(stage)
        for step in steps:
            yield from gates.get(step.id, ())
            yield step
    yield from gates.get(END, ())


def back(plan: Plan, only: frozenset[str] = frozenset()) -> tuple[Stop, ...]:
    """The way back: newest step first, each behind the gates that keep pods alive.

    `only`: the workloads that are taken back; empty: all of them.
    """
    return tuple(stop for stop in _back(plan) if not only or _belongs(stop, plan, only))


def _belongs(stop: Stop, plan: Plan, only: frozenset[str]) -> bool:
    match stop:
        case Gate() | Step():
            return stop.unit in only
        case Restart(after=after):
            step = plan.step(after)
            return step is not None and step.unit in only
        case Enter():
            return False


def ahead(plan: Plan, run: Run) -> tuple[Stop, ...]:
    """The stops of a run in the direction in which it goes."""
    return there(plan, run.without) if run.way == "forward" else back(plan, run.only)


def _back(plan: Plan) -> Iterator[Stop]:
    gates = _by_place(plan, "back")
    for step in reversed(plan.steps):
        yield from gates.get(step.id, ())
        yield step
        for target in step.change.replaces:
            yield Restart(f"restart.{step.id}.{target.short}", step.id, target)
    yield from gates.get(END, ())


def _by_place(plan: Plan, way: str) -> dict[str, tuple[Gate, ...]]:
    answer = dict[str, tuple[Gate, ...]]()
    for gate in plan.gates:
        if gate.way == way:
            answer[gate.before] = (*answer.get(gate.before, ()), gate)
    return answer


def restart(stop: Restart, since: str) -> Change:
    """Replacing pods as a change to a witness: it is done when the workload says so since that moment."""
    return Change(stop.target, Absent(), Doc({"restartedAt": since}), Irreversible("pods were replaced", None))
