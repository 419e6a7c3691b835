"""A plan's checks asked without a run: what would stand in the way today. Writes nothing, journals nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.engine.route import there
from migrate.model.plan import Gate, Plan, Step
from migrate.model.ports import Observer

_ABREAST, _MOST = 8, 128
"""So many of each workload are asked side by side, and so many of all: they wait for servers, not for this machine."""
_OF_A_RUN = frozenset({"gitops.applied", "gitops.reverted"})
"""Checks about what a run committed: without one there is nothing to ask."""

Finding = Literal["pass", "fail", "inconclusive", "later"]


@dataclass(frozen=True, slots=True)
class Examined:
    """What one check says. `later`: it fails and asks about what an earlier step makes, or only a run may ask it."""

    gate: str
    proves: str
    finding: Finding
    reading: str
    following: str


def examined(
    plan: Plan, observer: Observer, check_for: Callable[[str], Check], now: Callable[[], datetime]
) -> tuple[Examined, ...]:
    """Every gate on the plan's way forward, in the order of the way, asked once and side by side."""
    asked = [(gate, done) for gate, done in _gates(plan) if check_for(gate.id).name not in _OF_A_RUN]

    def ask(one: tuple[Gate, bool]) -> Examined:
        gate, begun = one
        check = check_for(gate.id)
        if check.locks:
            return Examined(gate.id, check.proves, "later", "it would keep others from writing", "the run asks it")
        return _words(gate, check, check.ask(observer, Question(dict(gate.about), now())), begun=begun)

    workloads = len({step.unit for step in plan.steps}) or 1
    with ThreadPoolExecutor(max_workers=min(_ABREAST * workloads, _MOST)) as threads:
        return tuple(threads.map(ask, asked))


def _gates(plan: Plan) -> list[tuple[Gate, bool]]:
    """Each gate, and whether a step of the plan stands before it."""
    found, begun = list[tuple[Gate, bool]](), False
    for stop in there(plan):
        match stop:
            case Gate():
                found.append((stop, begun))
            case Step():
                begun = True
    return found


def _words(gate: Gate, check: Check, answer: Answer, *, begun: bool) -> Examined:
    match answer:
        case Pass(reading):
            return Examined(gate.id, check.proves, "pass", reading, "")
        case Fail(reading, fix):
            return Examined(gate.id, check.proves, "later" if begun else "fail", reading, fix)
        case Inconclusive(reading, settles):
            return Examined(gate.id, check.proves, "inconclusive", reading, settles)
