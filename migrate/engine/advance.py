"""What comes next, from the plan, the run and the clock. Pure; looks at nothing in the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from migrate.engine.fold import Done, Failing, Hold, Intended, Kept, Passed, Pending, Run, Skipped, Undone, Waived
from migrate.engine.route import Enter, Restart, Stop
from migrate.model.duration import seconds
from migrate.model.plan import END, Gate, Plan, Step

FRESH_CONSENT = "contract"
"""The stage that a general approval does not cover: from there on the old way is taken away."""


@dataclass(frozen=True, slots=True)
class Do:
    """Take this step."""

    step: Step


@dataclass(frozen=True, slots=True)
class Undo:
    """Take this step back."""

    step: Step


@dataclass(frozen=True, slots=True)
class Replace:
    """Replace these pods."""

    restart: Restart
    since: str


@dataclass(frozen=True, slots=True)
class Settle:
    """A write was announced and its end is not known: read what is there."""

    step: Step


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a gate's check."""

    gate: Gate


@dataclass(frozen=True, slots=True)
class Consent:
    """A person must agree before this stage begins."""

    stage: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may be done before somebody clears this."""

    hold: Hold


@dataclass(frozen=True, slots=True)
class Finished:
    """There is nothing left to do in this direction. `kept`: steps that could not be taken back."""

    kept: tuple[str, ...]


Action: TypeAlias = Do | Undo | Replace | Settle | Ask | Consent | Wait | Finished


class Course:
    """The next action along a route. Remembers how far the route lies behind, so that a long plan stays linear."""

    def __init__(self, plan: Plan, route: tuple[Stop, ...]) -> None:
        self._plan, self._route, self._at = plan, route, 0

    def next(self, run: Run) -> Action:
        """What comes next. Depends on plan and run alone: asking twice gives the same."""
        if run.hold is not None:
            return Wait(run.hold)
        while self._at < len(self._route):
            action = _at(self._route[self._at], run, self._plan)
            if action is not None:
                return action
            self._at += 1
        return Finished(tuple(step for step, one in run.steps.items() if isinstance(one, Kept)))

    def beside(self, gate: Gate, run: Run) -> tuple[Gate, ...]:
        """The soaks that go on beside this one, if the run stands at it: what they watch is in place already.

        Those further on in its stage before which nothing of their own workload is left, other soaks aside.
        """
        if self._route[self._at : self._at + 1] != (gate,) or not _is_soaking(gate, run):
            return ()
        answer, busy = list[Gate](), set[str]()
        for stop in self._route[self._at + 1 :]:
            if not isinstance(stop, Gate | Step):
                break
            if _at(stop, run, self._plan) is None:
                continue
            if not isinstance(stop, Gate) or not _soaks(stop):
                busy.add(stop.unit)
            elif not busy & {stop.unit, ""} and (stop.unit or not busy):
                answer.append(stop)
        return tuple(answer)


def _at(stop: Stop, run: Run, plan: Plan) -> Action | None:
    """What is to do at this stop; None where it lies behind."""
    match stop:
        case Enter(stage):
            return None if stage in run.approved else Consent(stage)
        case Gate():
            return None if _open(stop, run, plan) else Ask(stop)
        case Step():
            return _step(stop, run, plan)
        case Restart(id=id, after=after):
            undone = isinstance(run.steps.get(after), Undone) and after in run.times
            return Replace(stop, run.times[after]) if undone and not isinstance(run.steps.get(id), Undone) else None


def _open(gate: Gate, run: Run, plan: Plan) -> bool:
    if isinstance(run.gates.get((gate.way, gate.id)), Passed | Waived):
        return True
    if gate.way == "back":
        if gate.before == END:
            return not any(isinstance(one, Undone) for one in run.steps.values())
        step = plan.step(gate.before)
        return step is None or _step(step, run, plan) is None
    return _behind(gate, run, plan)


def _soaks(gate: Gate) -> bool:
    return seconds(gate.soak) > 0


def _is_soaking(gate: Gate, run: Run) -> bool:
    state = run.gates.get((gate.way, gate.id))
    return isinstance(state, Pending) and state.until is not None


def pressing(gates: Sequence[Gate], run: Run) -> Gate:
    """Of gates that are waited for side by side, the one to speak of; the first is where the run stands.

    One that fails comes before one that no clock settles, and that before the soak which ends last at this place.
    """

    def rank(gate: Gate) -> tuple[int, str]:
        match run.gates.get((gate.way, gate.id)):
            case Failing():
                return 3, ""
            case Pending(until=None):
                return 2, ""
            case Pending(until=until) if gate.before == gates[0].before:
                return 1, str(until)
            case _:
                return 0, ""

    return max(gates, key=rank)


def _behind(gate: Gate, run: Run, plan: Plan) -> bool:
    """Whether what the gate stands before was done: a rebuilt journal knows steps, and no gates.

    It may not be asked again: what must be so before a step need not be so after it. One that must hold until
    something is asked up to there.
    """
    place = gate.until or gate.before
    if plan.step(place) is not None:
        return isinstance(run.steps.get(place), Done | Skipped)
    return any(isinstance(run.steps.get(step.id), Done) for step in plan.steps if step.stage == place)


def again(plan: Plan, run: Run) -> list[Gate]:
    """The gates that let the run through and must still hold: whoever goes on asks them first.

    What was waived before anybody had asked is not asked after all.
    """
    return [gate for gate in plan.gates if gate.until and gate.way == run.way and _asked_again(gate, run, plan)]


def _asked_again(gate: Gate, run: Run, plan: Plan) -> bool:
    key = (gate.way, gate.id)
    let_through = isinstance(run.gates.get(key), Passed) or key in run.accepted
    return let_through and run.ended is None and gate.unit not in run.without and not _behind(gate, run, plan)


def _step(step: Step, run: Run, plan: Plan) -> Action | None:
    found = run.steps.get(step.id)
    if isinstance(found, Intended):
        return Settle(step)
    if run.way == "forward":
        return None if isinstance(found, Done | Skipped) else Do(step)
    return Undo(step) if isinstance(found, Done) and step.id not in needed(plan, run.steps) else None


def needed(plan: Plan, steps: Mapping[str, object]) -> frozenset[str]:
    """What must stay because something that could not be taken back stands on it."""
    stays = {step for step, one in steps.items() if isinstance(one, Kept)}
    if not stays:
        return frozenset()
    answer = set[str]()
    for step in reversed(plan.steps):
        if step.id in stays or step.id in answer:
            answer.update(step.depends)
    return frozenset(answer)


def overdue(state: Pending, timeout: int, now: datetime) -> bool:
    """Whether a gate has been waiting longer than it should. A timeout of 0 waits for people, so for ever."""
    return timeout > 0 and (now - datetime.fromisoformat(state.since)).total_seconds() > timeout
