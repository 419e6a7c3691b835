"""What stays behind after a rollback, because no inverse undoes it: until when, who could use it, how to clean it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from migrate.engine.fold import Run, Undone
from migrate.model.change import Change, Doc, Irreversible
from migrate.model.json import Json, mapping
from migrate.model.plan import Plan, Step


def residue(plan: Plan, run: Run) -> tuple[Json, ...]:
    """One entry for each thing that stays: {target, remains, until, who, clean}."""
    found = [one for step in plan.steps if isinstance(run.steps.get(step.id), Undone) for one in _of(step, run)]
    if any(step.change.files and isinstance(run.steps.get(step.id), Undone) for step in plan.steps):
        found.append(_branch(run))
    if run.how:
        text = f"whatever was written and taken back before this journal was {run.how}"
        found.append({"target": run.plan, "remains": text, "until": None, "who": "not known", "clean": "see the plan"})
    return tuple(one for number, one in enumerate(found) if one not in found[:number])


def _branch(run: Run) -> Json:
    """Nobody knows where a branch was pushed, and merging it needs no rollback's leave."""
    text = "its branch, wherever it was pushed: merged from now on it leads to what is gone"
    clean = "delete the branch there, and close its merge request; migrate verify sees where it was merged"
    return {"target": run.plan, "remains": text, "until": None, "who": "whoever merges it", "clean": clean}


def _of(step: Step, run: Run) -> Iterator[Json]:
    change = step.change
    if isinstance(change.undo, Irreversible):
        by = change.undo.compensates
        clean = f"nothing to do: {by} was taken back with it" if by else "see what the plan says of this step"
        yield _entry(step, change.undo.remains, None, "nobody", clean)
    yield from _tokens(step, change, run)
    if change.files and step.id in run.times:
        yield _entry(step, "commits of the step and of its revert in the history", None, "readers of Git", "nothing")


def _tokens(step: Step, change: Change, run: Run) -> Iterator[Json]:
    """A role that is gone takes no token with it: those it issued live until they run out."""
    role = mapping(change.after.value) if isinstance(change.after, Doc) else {}
    longest = role.get("token_max_ttl") or role.get("token_period")
    if not change.target.kind.startswith("auth/") or not isinstance(longest, int):
        return
    until = datetime.fromisoformat(run.times[step.id]) + timedelta(seconds=longest)
    holder = f"pods that logged in with {change.target.short}"
    clean = "wait, or revoke them by accessor: vault token revoke -accessor ACCESSOR"
    yield _entry(step, "tokens issued by the role", until.isoformat(timespec="seconds"), holder, clean)


def _entry(step: Step, remains: str, until: str | None, who: str, clean: str) -> Json:
    return {"target": str(step.change.target), "remains": remains, "until": until, "who": who, "clean": clean}
