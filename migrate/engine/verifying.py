"""Whether the world still is as a run recorded it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from migrate.engine.fold import Done, Intended, Run, Undone
from migrate.model.change import Doc
from migrate.model.json import mapping
from migrate.model.plan import Plan, Step
from migrate.model.ports import Observer, Store, Unreachable
from migrate.model.state import without_passwords
from migrate.model.target import StoreName, Target
from migrate.targets.compare import covers, moved


@dataclass(frozen=True, slots=True)
class Deviation:
    """Something that is not as it was recorded, or could not be seen."""

    code: str
    target: str
    text: str
    fix: str


def deviations(
    plan: Plan, digest: str, run: Run, stores: Mapping[StoreName, Store], observer: Observer, now: datetime
) -> Iterator[Deviation]:
    """Everything a run wrote and did not take back, looked at again. Of one target the newest write counts."""
    if run.digest != digest:
        yield Deviation("plan.digest", run.plan, "the plan beside the journal is not the one approved", "migrate log")
    newest = {step.change.target: step for step in plan.steps if isinstance(run.steps.get(step.id), Done)}
    for step in plan.steps:
        found = run.steps.get(step.id)
        if isinstance(found, Intended):
            yield _open(step)
        elif isinstance(found, Done) and (step.change.files or newest[step.change.target] is step):
            yield from _looked(step, found, stores, observer)
    yield from _residue(run, now)


def back_again(plan: Plan, run: Run, observer: Observer) -> Iterator[Deviation]:
    """Commits of the run that stand in the deployed branch although their way back has ended. Raises Unreachable.

    A branch that was pushed, and merged after the rollback, brings them back; what they need on servers is gone.
    """
    for step in plan.steps:
        over = run.ended == "rolled-back" or step.unit in run.without
        if not over or not step.change.files or not isinstance(run.steps.get(step.id), Undone):
            continue
        seen = observer.observe(Target("git", "Applied", step.id))
        found = mapping(seen.value) if isinstance(seen, Doc) else {}
        if found.get("merged") is True:
            text = f"what {step.id} committed stands in {found.get('deployed')} again, and what it needs is taken back"
            which = f"commit {str(found['commit'])[:12]}" if found.get("commit") else "what merged it"
            fix = f"git revert {which} there, delete the branch wherever it was pushed, then: migrate verify"
            yield Deviation("git.back-again", str(step.change.target), text, fix)


def _open(step: Step) -> Deviation:
    text = f"the write of {step.id} was announced, and its end is not known"
    return Deviation("step.open", str(step.change.target), text, "migrate resume, or migrate rollback")


def _looked(step: Step, found: Done, stores: Mapping[StoreName, Store], observer: Observer) -> Iterator[Deviation]:
    target = step.change.target
    try:
        if step.change.files:
            yield from _committed(step, observer)
            return
        seen = without_passwords(stores[target.store].read(step.change).state)
    except Unreachable as error:
        yield Deviation("store.unreachable", str(target), error.happened, error.following)
        return
    if not covers(target, seen, step.change.after):
        fields = ", ".join(moved(target, found.observed, seen)) or "all of it"
        yield Deviation("target.changed", str(target), f"not as {step.id} left it: {fields}", "look who changed it")


def _committed(step: Step, observer: Observer) -> Iterator[Deviation]:
    seen = observer.observe(Target("git", "Applied", step.id))
    if isinstance(seen, Doc) and mapping(seen.value).get("merged") is not True:
        text = f"what {step.id} committed does not stand in the deployed branch"
        yield Deviation("git.unmerged", str(step.change.target), text, "push and merge it, or migrate rollback")


def _residue(run: Run, now: datetime) -> Iterator[Deviation]:
    for one in run.residue:
        until = mapping(one).get("until")
        if isinstance(until, str) and datetime.fromisoformat(until) > now:
            text = f"{mapping(one).get('remains')}, until {until}"
            yield Deviation("residue", str(mapping(one).get("target")), text, str(mapping(one).get("clean")))
