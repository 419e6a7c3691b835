"""A journal from what is there: for a lost laptop (`recover`), or for work begun by hand (`baseline`). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from migrate.engine.settle import Applied, Finding, made, settle
from migrate.model.errors import Refused
from migrate.model.json import Json
from migrate.model.plan import Plan, Step
from migrate.model.ports import Snapshot
from migrate.model.state import state_json


@dataclass(frozen=True, slots=True)
class Found:
    """A step, and what its target says of it now."""

    step: Step
    finding: Finding
    seen: Snapshot


def found(plan: Plan, read: Callable[[Step], Snapshot]) -> tuple[Found, ...]:
    """What is there of every step. Of several steps on one target only the newest that is there shows."""
    seen = [(step, read(step)) for step in plan.steps]
    answer = [Found(step, settle(step.change, snapshot.state), snapshot) for step, snapshot in seen]
    return tuple(_with_the_overwritten(answer))


def _with_the_overwritten(answer: list[Found]) -> Iterator[Found]:
    """A step under a later one of the same target is there if the later one is: nothing else of it can be seen."""
    for one in answer:
        above = [other for other in answer if one.step.id in _below(other, answer)]
        if any(isinstance(other.finding, Applied) for other in above):
            yield Found(one.step, Applied(), Snapshot(one.step.change.after, one.seen.version, one.seen.mark))
        else:
            yield one


def _below(one: Found, answer: list[Found]) -> set[str]:
    """The steps that a later one on the same target has written over."""
    below = set[str]()
    for other in answer:
        if other.step.id == one.step.id:
            return below
        same_files = {edit.file for edit in other.step.change.files} & {edit.file for edit in one.step.change.files}
        if other.step.change.target == one.step.change.target and (same_files or not one.step.change.files):
            below.add(other.step.id)
    return below


def run_of(steps: Iterable[Found], plan: str) -> str | None:
    """The run whose marks what the plan makes bears; None where none bears one.

    Raises Refused where they bear several.
    """
    there = [one for one in steps if one.seen.mark is not None and isinstance(one.finding, Applied)]
    ours = made(one.step for one in there)
    marks = sorted({str(one.seen.mark) for one in there if one.step.change.target in ours})
    if len(marks) > 1:
        raise Refused(
            f"what {plan} changes bears the marks of several runs: {', '.join(marks)}",
            truth="no one journal can be rebuilt from that",
            undone="nothing was written",
            following="take back by hand what is not yours, or plan again",
        )
    return marks[0] if marks else None


def recovered(steps: Iterable[Found]) -> Iterator[tuple[str, dict[str, Json]]]:
    """Events that say: these were written by this run."""
    for one in steps:
        if isinstance(one.finding, Applied):
            yield "step.intent", {"step": one.step.id, "way": "forward", "guard": one.seen.version}
            yield (
                "step.applied",
                # `found`: the record's time is not when the step was done.
                {"step": one.step.id, "way": "forward", "observed": state_json(one.seen.state), "found": True},
            )


def baselined(steps: Iterable[Found]) -> Iterator[tuple[str, dict[str, Json]]]:
    """Events that say: these were so before, and stay when the run is taken back."""
    for one in steps:
        if isinstance(one.finding, Applied):
            yield "step.skipped", {"step": one.step.id, "way": "forward", "why": "done before, by hand"}
