"""One atomic write and what surrounds it: read, intend, write under guard, read back, say what was seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from migrate.engine.ending import Ending, Failure, Waiting
from migrate.engine.fold import Done, Intended, Reason, Run, Skipped, Undone
from migrate.engine.inputs import Inputs
from migrate.engine.recorder import Recorder
from migrate.engine.route import Restart, restart
from migrate.engine.settle import Applied, Final, Foreign, NotApplied, Nothing, Restore, made, retract, settle
from migrate.model.change import Absent, Change, State
from migrate.model.plan import Plan, Step, Way
from migrate.model.ports import Conflict, Denied, Move, OutcomeUnknown, Partly, Secrets, Snapshot, Store, Written
from migrate.model.state import state_json, without_passwords
from migrate.model.target import StoreName, Target
from migrate.targets.compare import covers, moved

_TRIES = 3
"""Guards fail although nothing of ours moved (a status update is a new version): so often it is tried again."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be written, under which name in the journal."""

    id: str
    way: Way
    summary: str
    change: Change


class Writer:
    """Takes steps and takes them back. `insist` raises where the right to write was lost."""

    def __init__(
        self,
        plan: tuple[Plan, str, str],
        stores: Mapping[StoreName, Store],
        inputs: Inputs,
        recorder: Recorder,
        insist: Callable[[], None],
    ) -> None:
        self._plan, self._name, self._digest = plan
        self._stores, self._inputs, self._recorder, self._insist = stores, inputs, recorder, insist
        self._failed = dict[str, int]()
        """How often in a row a write was not done although nobody refused it, by step."""

    @property
    def _run(self) -> Run:
        return self._recorder.run

    # --- forward ---------------------------------------------------------------------------------------------------

    def take(self, step: Step) -> Ending | None:
        """Do the step. None where it is done, or was so already. Raises Unreachable: nothing was begun."""
        seen = self._read(step.change)
        finding = settle(step.change, seen.state)
        if isinstance(finding, Applied) and not self._anothers(step.change.target, seen):
            self._skip(step.id, "forward", "it is so already")
            return None
        if stranger := self._stranger(step.id, step.change.target, finding, seen):
            return stranger
        if gone := self._gone(step):
            why = f"what step {gone.id} made is not there any more: {gone.change.target}. Somebody took it away since"
            how = (
                "put it back, then: migrate resume; or migrate rollback, and apply the plan again, which makes it anew"
            )
            return self._hold(step.id, f"{why}. Nothing was committed", how)
        if (lost := self._inputs.lost(step.change)) and (ending := self._renew(lost, step)):
            return ending
        task = _Task(step.id, "forward", step.summary, step.change)
        return self._write(task, seen, self._inputs.of(step.change))

    def _gone(self, step: Step) -> Step | None:
        """What a commit stands on, was there, and is not any more: the gates before it saw it when it was made.

        Raises Unreachable.
        """
        if step.change.target.store != "git":
            return None
        last = {one.change.target: one for one in _below(step, self._plan) if one.change.target.store != "git"}
        there = [one for one in last.values() if isinstance(self._run.steps.get(one.id), Done | Skipped)]
        return next(
            (one for one in there if isinstance(settle(one.change, self._read(one.change).state), NotApplied)), None
        )

    def _renew(self, target: Target, wanted_by: Step) -> Ending | None:
        """Give a target of ours a new password, since the process that knew the last one is gone."""
        owner = next((one for one in self._plan.steps if one.change.target == target), None)
        if owner is None or not isinstance(self._run.steps.get(owner.id), Done):
            why = f"the password of {target} is not known here, and {target} is not this run's to change"
            return self._hold(wanted_by.id, why, f"take {target} away, or migrate rollback")
        task = _Task(owner.id, "forward", f"a new password for {target.name}", _same(owner.change))
        seen = self._read(owner.change)
        self._recorder.note("input.renewed", step=owner.id, target=str(target))
        field = owner.change.inputs[0].field
        match self._store(target).write(self._move(task), seen, Secrets({field: self._inputs.fresh(target)})):
            case Written():
                return None
            case Partly(why) | Conflict(why) | Denied(why) | OutcomeUnknown(why):
                return Failure(owner.id, f"{target} did not get a new password: {why}", "migrate resume", wrote=True)

    # --- back ------------------------------------------------------------------------------------------------------

    def undo(self, step: Step) -> Ending | None:
        """Take the step back as far as it is still ours; what is not is kept and named. Raises Unreachable."""
        seen, last = self._read(step.change), self._left(step)
        match retract(step.change, seen.state, last):
            case Nothing(why):
                self._skip(step.id, "back", why)
            case Final(why):
                self._keep(step.id, why, "final")
            case Foreign(fields):
                self._keep(step.id, f"somebody changed {_fields(fields)} of {step.change.target} since")
            case Restore() if self._anothers(step.change.target, seen):
                self._keep(step.id, f"{step.change.target} bears the mark of another run ({seen.mark})")
            case Restore(change):
                return self._write(_Task(step.id, "back", f"take back: {step.summary}", change), seen, Secrets())
        return None

    def _left(self, step: Step) -> State:
        found = self._run.steps.get(step.id)
        return found.observed if isinstance(found, Done) else step.change.after

    def replace(self, stop: Restart, since: str) -> Ending | None:
        """Replace a workload's pods. Raises Unreachable."""
        change = restart(stop, since)
        seen = self._read(change)
        if isinstance(seen.state, Absent):
            self._skip(stop.id, "back", "the workload is not there")
            return None
        if covers(stop.target, seen.state, change.after):
            self._skip(stop.id, "back", "its pods were replaced already")
            return None
        summary = f"replace the pods of {stop.target.name}"
        return self._write(_Task(stop.id, "back", summary, replace(change, before=seen.state)), seen, Secrets())

    # --- after a crash ---------------------------------------------------------------------------------------------

    def settle(self, step: Step) -> Ending | None:
        """Find out how an announced write ended. Raises Unreachable."""
        found = self._run.steps[step.id]
        assert isinstance(found, Intended)
        seen = self._read(step.change)
        if found.way == "forward":
            return self._settle_forward(step, seen)
        gone = isinstance(retract(step.change, seen.state, found.last), Nothing)
        self._settled(step.id, "back", "applied" if gone else "not-applied")
        if gone:
            self._recorder.note("step.applied", step=step.id, way="back", observed=state_json(seen.state))
        return None

    def _settle_forward(self, step: Step, seen: Snapshot) -> Ending | None:
        finding = settle(step.change, seen.state)
        if self._run.way == "back" and (isinstance(finding, Foreign) or self._anothers(step.change.target, seen)):
            self._keep(step.id, f"{step.change.target} is not as this run would have left it")
            return None
        if stranger := self._stranger(step.id, step.change.target, finding, seen):
            return stranger
        if isinstance(finding, Applied):
            self._settled(step.id, "forward", "applied")
            self._recorder.note("step.applied", step=step.id, way="forward", observed=state_json(seen.state))
        else:
            self._settled(step.id, "forward", "not-applied")
        return None

    # --- the write protocol ----------------------------------------------------------------------------------------

    def _write(self, task: _Task, seen: Snapshot, secrets: Secrets) -> Ending | None:
        for _ in range(_TRIES):
            self._insist()
            self._recorder.note("step.intent", step=task.id, way=task.way, guard=seen.version)
            match self._store(task.change.target).write(self._move(task), seen, secrets):
                case Written(state):
                    return self._confirm(task, state or task.change.after, known=True)
                case OutcomeUnknown(why):
                    self._recorder.note("step.unknown", step=task.id, way=task.way, why=why)
                    return self._confirm(task, task.change.after, known=False) or self._vain(task, why)
                case Partly(done):
                    return self._portion(task, done)
                case Denied() as denied:
                    return self._denied(task, denied)
                case Conflict(why):
                    self._settled(task.id, task.way, "not-applied")
                    again = self._read(task.change)
                    if moved(task.change.target, seen.state, again.state) or again.version == seen.version:
                        return self._conflict(task, why)
                    seen = again
        return self._conflict(task, "it changes all the time")

    def _portion(self, task: _Task, done: str) -> Ending | None:
        """A portion of a long write: said, settled by reading, and asked for again unless somebody stops the run."""
        self._recorder.note("step.portion", step=task.id, way=task.way, done=done)
        return self._confirm(task, task.change.after, known=False)

    def _confirm(self, task: _Task, expected: State, *, known: bool) -> Ending | None:
        seen = self._read(task.change)
        if covers(task.change.target, seen.state, expected):
            self._recorder.note("step.applied", step=task.id, way=task.way, observed=state_json(seen.state))
            return None
        match settle(task.change, seen.state):
            case NotApplied() if not known:
                self._settled(task.id, task.way, "not-applied")
                return None
            case NotApplied():
                why, fix = "the store took it, but shows it as before", "migrate resume; if it stays so, look there"
                return self._denied(task, Denied(why, fix))
            case finding:
                fields = finding.fields if isinstance(finding, Foreign) else ()
                why = f"{task.change.target} does not read as it was written: {_fields(fields)}"
                return self._hold(task.id, why, "look there, then: migrate resume")

    def _vain(self, task: _Task, why: str) -> Ending | None:
        """None while it may be tried again. A server that fails each time has to be looked at by somebody."""
        if isinstance(self._run.steps.get(task.id), Done | Undone):
            return None
        self._failed[task.id] = self._failed.get(task.id, 0) + 1
        if self._failed[task.id] < _TRIES:
            return None
        self._failed[task.id] = 0
        reason = f"{task.change.target} was asked for {_TRIES} times and is still as before: {why}"
        return Waiting(task.id, reason, "migrate resume, once the server can do it")

    def _denied(self, task: _Task, denied: Denied) -> Ending | None:
        why, following = denied.why, denied.following
        if task.way == "back":
            self._keep(task.id, why, "right" if denied.right else "refused", following)
            return None
        self._recorder.note("step.refused", step=task.id, way=task.way, why=why)
        return Failure(task.id, why, following or "put it right, then: migrate resume", self._run.wrote)

    def _conflict(self, task: _Task, why: str) -> Ending | None:
        if task.way == "back":
            self._keep(task.id, why)
            return None
        return self._hold(task.id, f"{task.change.target}: {why}", "look there, then: migrate resume, or rollback")

    # --- words -----------------------------------------------------------------------------------------------------

    def _anothers(self, target: Target, seen: Snapshot) -> bool:
        """Whether another run made what this plan makes. Of what the plan only changes the state counts."""
        return seen.mark not in {None, self._run.id} and target in made(self._plan.steps)

    def _stranger(self, step: str, target: Target, finding: object, seen: Snapshot) -> Ending | None:
        if self._anothers(target, seen):
            return self._hold(step, f"{target} bears the mark of another run ({seen.mark})", "migrate status there")
        if not isinstance(finding, Foreign):
            return None
        why = f"{target} is neither as the plan found it nor as it leaves it: {_fields(finding.fields)}"
        return self._hold(step, why, "look there, then: migrate resume, migrate rollback, or plan again")

    def _hold(self, key: str, why: str, following: str) -> Ending:
        self._recorder.note("hold.set", key=key, by="what was found", reason=why, following=following)
        return Waiting(key, why, following)

    def _keep(self, step: str, why: str, reason: Reason = "theirs", following: str = "") -> None:
        said = {"following": following} if following else {}
        self._recorder.note("step.kept", step=step, why=why, reason=reason, **said)

    def _skip(self, step: str, way: Way, why: str) -> None:
        self._recorder.note("step.skipped", step=step, way=way, why=why)

    def _settled(self, step: str, way: Way, finding: str) -> None:
        self._recorder.note("step.settled", step=step, way=way, finding=finding)

    def _move(self, task: _Task) -> Move:
        return Move(self._run.id, self._name, self._digest, task.id, task.way, task.summary, task.change)

    def _store(self, target: Target) -> Store:
        return self._stores[target.store]

    def _read(self, change: Change) -> Snapshot:
        found = self._store(change.target).read(change)
        return replace(found, state=without_passwords(found.state))


def _below(step: Step, plan: Plan) -> list[Step]:
    """All that a step stands on, in the order of the plan."""
    below, names = list[Step](), set(step.depends)
    for one in reversed(plan.steps):
        if one.id in names:
            names.update(one.depends)
            below.append(one)
    return below[::-1]


def _same(change: Change) -> Change:
    """A change of nothing but the write-only fields."""
    return replace(change, before=change.after)


def _fields(fields: tuple[str, ...]) -> str:
    return "all of it" if fields in {(), ("*",)} else ", ".join(fields)
