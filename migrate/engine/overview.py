"""A run at a glance, for whoever watches it: its stages, the gates that are not behind yet, and their clocks. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from migrate.engine.fold import Done, Failing, Kept, Passed, Pending, Run, Skipped, Undone, Waived
from migrate.engine.standing import Standing
from migrate.model.plan import STAGES, Gate, Plan

Mark = Literal["done", "now", "to come", "taken back"]


@dataclass(frozen=True, slots=True)
class StageRow:
    """A stage of the plan: how many of its steps are behind, and where it is."""

    name: str
    done: int
    total: int
    mark: Mark


@dataclass(frozen=True, slots=True)
class GateClock:
    """A gate that was asked and is not behind. `since`: asked first; `until`: its soak ends, else empty."""

    gate: str
    state: Literal["waits", "soaks", "failed"]
    said: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What a watcher sees beside the run's standing. The three counts add up to the gates on this way."""

    stages: tuple[StageRow, ...]
    clocks: tuple[GateClock, ...]
    passed: int
    waived: int
    to_come: int


def overview(run: Run, plan: Plan, now: Standing) -> Overview:
    """The run as it stands."""
    gates = [gate for gate in plan.gates if gate.way == run.way]
    states = [run.gates.get((gate.way, gate.id)) for gate in gates]
    passed = sum(isinstance(one, Passed) for one in states)
    waived = sum(isinstance(one, Waived) for one in states)
    clocks = () if run.ended else tuple(_clocks(run, gates))
    stages = tuple(_stage(stage, run, plan, now) for stage in STAGES if _has(plan, stage))
    return Overview(stages, clocks, passed, waived, len(gates) - passed - waived - len(clocks))


def behind(run: Run) -> tuple[tuple[str, str], ...]:
    """The gates that are behind on this way, in the order they were asked: each with `passed` or `waived`."""
    words = {Passed: "passed", Waived: "waived"}
    found = [(gate, words.get(type(state), "")) for (way, gate), state in run.gates.items() if way == run.way]
    return tuple((gate, word) for gate, word in found if word)


def _has(plan: Plan, stage: str) -> bool:
    return any(step.stage == stage for step in plan.steps)


def _stage(stage: str, run: Run, plan: Plan, now: Standing) -> StageRow:
    found = [run.steps.get(step.id) for step in plan.steps if step.stage == stage]
    done = sum(isinstance(one, Done | Skipped | Kept) for one in found)
    back = any(isinstance(one, Undone) for one in found) or run.ended == "rolled-back"
    if now.stage == stage and run.ended is None:
        mark: Mark = "now"
    elif done == len(found):
        mark = "done"
    else:
        mark = "taken back" if back and run.way == "back" else "to come"
    return StageRow(stage, done, len(found), mark)


def _clocks(run: Run, gates: list[Gate]) -> Iterator[GateClock]:
    for gate in gates:
        match run.gates.get((gate.way, gate.id)):
            case Pending(since, reading, _, until) if until is not None:
                yield GateClock(gate.id, "soaks", reading, since, until)
            case Pending(since, reading):
                yield GateClock(gate.id, "waits", reading, since, "")
            case Failing(reading, _):
                yield GateClock(gate.id, "failed", reading, run.last, "")
