"""Where a run stands, in the words of `migrate.status/v1`: a run and its plan in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from migrate.engine.advance import Action, Ask, Consent, Course, Do, Finished, Replace, Settle, Undo, Wait, pressing
from migrate.engine.fold import Done, Failing, Intended, Kept, Passed, Pending, Run, Skipped, Waived
from migrate.engine.leaving import left_by, settling
from migrate.engine.returning import final
from migrate.engine.route import ahead
from migrate.model.duration import seconds
from migrate.model.json import Json
from migrate.model.plan import Gate, Plan, Step

State = Literal["open", "held", "stopped", "done", "rolled-back"]


@dataclass(frozen=True, slots=True)
class HeldBy:
    """What a run waits for. `next`: what to do or until when."""

    by: str
    reason: str
    since: str
    next: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A run for people and programs."""

    run: str
    plan: str
    phase: str
    state: State
    stage: str | None
    done: int
    total: int
    held: HeldBy | None
    reversible_until: str | None
    back: bool
    restarts: tuple[str, ...]
    """The workloads whose pods the next steps replace."""
    needs: tuple[str, ...]
    """The permissions the next step takes."""
    minutes: int = 0
    """How long the checks of the stage under way may take at most, people's waits and soaks aside."""
    residue: bool = False
    """Whether a run that was taken back left something that no inverse undoes."""


def standing(run: Run, plan: Plan) -> Standing:
    """Where the run stands."""
    course = Course(plan, ahead(plan, run))
    action = course.next(run)
    state, held = _state(run, action, course)
    upcoming = _step(action, plan, run)
    return Standing(
        run=run.id,
        plan=run.plan,
        phase=run.phase,
        state=run.ended or state,
        stage=_stage(run, plan, upcoming),
        done=sum(1 for one in run.steps.values() if isinstance(one, Done | Skipped)),
        total=len(plan.steps),
        held=None if run.ended else held,
        reversible_until=reversible_until(run, plan),
        back=run.way == "back",
        restarts=_restarts(upcoming, plan, run),
        needs=upcoming.needs if upcoming and not run.ended else (),
        minutes=0 if run.ended else _minutes(upcoming, plan, run),
        residue=bool(run.residue),
    )


def damaged(run: str, why: str, following: str) -> Standing:
    """A run whose journal cannot be believed: nothing is said of it but that."""
    held = HeldBy("a damaged journal", why, "", following)
    return Standing(run, "", "", "stopped", None, 0, 0, held, None, back=False, restarts=(), needs=())


def _stage(run: Run, plan: Plan, upcoming: Step | None) -> str | None:
    if run.ended == "rolled-back" or not plan.steps:
        return None
    return upcoming.stage if upcoming else plan.steps[-1].stage


def _state(run: Run, action: Action, course: Course) -> tuple[State, HeldBy | None]:
    match action:
        case Wait(hold):
            return "held", HeldBy(hold.by, hold.reason, hold.since, hold.following)
        case Consent(stage):
            return "held", HeldBy(f"the {stage} stage", "it needs a word of its own", run.last, "migrate resume")
        case Settle(step):
            return _unsettled(run, step.id)
        case Replace(restart) if isinstance(run.steps.get(restart.id), Intended):
            return _unsettled(run, restart.id)
        case Ask(gate):
            return _at_gate(run, pressing((gate, *course.beside(gate, run)), run))
        case Finished(kept) if kept:
            whys = [f"{step}: {one.why}" for step, one in run.steps.items() if isinstance(one, Kept)]
            return "held", HeldBy(left_by(run), "; ".join(whys), run.last, settling(run))
        case Do(step) | Undo(step) if run.refused:
            return "stopped", HeldBy(step.id, run.refused, run.last, "migrate resume, or migrate rollback")
        case _:
            return "open", None


def _unsettled(run: Run, announced: str) -> tuple[State, HeldBy]:
    """A write was announced, and whoever announced it is gone."""
    why = "its end is not known; the next command finds out"
    return "stopped", HeldBy(announced, why, run.last, "migrate resume, or migrate rollback")


def _at_gate(run: Run, gate: Gate) -> tuple[State, HeldBy | None]:
    match run.gates.get((gate.way, gate.id)):
        case Pending(since, reading, _, until) if until is not None:
            return "held", HeldBy(gate.id, reading, since, f"migrate resume, from {until} on")
        case Pending(since, reading, settles):
            return "held", HeldBy(gate.id, reading, since, settles)
        case Failing(reading, fix):
            return "stopped", HeldBy(gate.id, reading, run.last, f"{fix}; then migrate resume, or migrate rollback")
        case _:
            return "open", None


def _step(action: Action, plan: Plan, run: Run) -> Step | None:
    match action:
        case Do(step) | Undo(step) | Settle(step):
            return step
        case Ask(gate) if gate.until:  # asked wherever the run has come to
            left = (one for one in plan.steps if one.unit not in run.without)
            return next((one for one in left if not isinstance(run.steps.get(one.id), Done | Skipped)), None)
        case Ask(gate):
            return plan.step(gate.before) or _first(plan, gate.before)
        case Consent(stage):
            return _first(plan, stage)
        case Replace(restart):
            return plan.step(restart.after)
        case Finished(kept) if kept:
            return plan.step(kept[0])
        case _:
            return None


def _first(plan: Plan, stage: str) -> Step | None:
    return next((step for step in plan.steps if step.stage == stage), None)


def _minutes(step: Step | None, plan: Plan, run: Run) -> int:
    """The timeouts of the stage's gates that are still to be asked, in whole minutes."""
    stage = step.stage if step else None
    places = {stage, *(one.id for one in plan.steps if one.stage == stage)}
    open_ = [gate for gate in plan.gates if gate.way == run.way and gate.before in places]
    left = [gate for gate in open_ if not isinstance(run.gates.get((gate.way, gate.id)), Passed | Waived)]
    return -(-sum(seconds(gate.timeout) for gate in left) // 60)


def _restarts(step: Step | None, plan: Plan, run: Run) -> tuple[str, ...]:
    """Only the cutover and its revert replace pods, and undoing what agents sleep on."""
    if step is None or run.ended:
        return ()
    if run.way == "back":
        return tuple(str(target) for target in step.change.replaces)
    return (step.unit,) if step.stage == "cutover" and step.change.files else ()


def reversible_until(run: Run, plan: Plan) -> str | None:
    """Until when the whole can be taken back; None where no time limits it, or nothing is left to take back."""
    moments = [run.times[step.id] for step in plan.steps if step.stage == "contract" and step.id in run.times]
    if run.ended == "rolled-back" or not moments or run.way == "back" or final(plan, run):
        return None
    end = datetime.fromisoformat(max(moments)) + timedelta(seconds=seconds(plan.retention))
    return end.isoformat(timespec="seconds")


def standing_json(one: Standing) -> dict[str, Json]:
    """One entry of `migrate.status/v1`."""
    held: Json = None
    if one.held:
        held = {"by": one.held.by, "reason": one.held.reason, "since": one.held.since, "next": one.held.next}
    return {
        "run": one.run,
        "plan": one.plan,
        "phase": one.phase,
        "state": one.state,
        "stage": one.stage,
        "steps": {"done": one.done, "total": one.total},
        "held": held,
        "reversibleUntil": one.reversible_until,
    }
