"""Whether a plan may run here, and whether it still speaks of this world. Pure: what was seen comes as arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrate.model.change import State
from migrate.model.errors import Refused
from migrate.model.plan import Plan
from migrate.model.target import Target
from migrate.targets.compare import fingerprint

_BLOB = "blob:"


def admit(plan: Plan, name: str, *, practice: bool, rehearsal: bool = False) -> None:
    """Return if a plan of this mode may be applied here. Raises Refused with what stands in the way.

    A rehearsal takes what was made for servers, and what was made from Git alone.
    """
    if plan.mode == "offline" and not rehearsal:
        raise Refused(
            f"{name} was made from Git alone, and such a plan is never applied",
            truth="it has not seen the servers, so its guards stand on assumptions",
            undone="nothing was written",
            following=f"migrate rehearse FILE tries it on real servers of a lab; migrate plan {plan.phase} --world DIR "
            "-o FILE practises it; --live makes one for servers",
        )
    if practice != (plan.mode == "practice"):
        raise Refused(
            f"{name} was made {'in a practice world' if plan.mode == 'practice' else 'for servers'}",
            truth="a plan runs where it was made, and nowhere else",
            undone="nothing was written",
            following=_where_it_runs(plan, rehearsal=rehearsal),
        )
    blocking = [] if plan.mode == "practice" else [*_blocking(plan)]
    if blocking:
        raise Refused(
            f"{name} cannot be applied yet: " + "; ".join(blocking),
            truth="each of these breaks the migration or its way back",
            undone="nothing was written",
            following="deal with them, then plan again (migrate show names the fix of each)",
        )


def _where_it_runs(plan: Plan, *, rehearsal: bool) -> str:
    if plan.mode != "practice":
        return "leave out --world"
    if rehearsal:
        return f"migrate plan {plan.phase} -o FILE, without --world, makes one that can be rehearsed"
    return "give the same --world as to migrate plan"


def _blocking(plan: Plan) -> Iterator[str]:
    yield from (remark.text for remark in plan.findings if remark.severity == "blocks")
    yield from (f"{unknown.subject}: {unknown.lacks}" for unknown in plan.unknowns if unknown.blocks)


def moved_facts(plan: Plan, blob: Callable[[str], str | None], state: Callable[[Target], State]) -> Iterator[str]:
    """What moved since the plan was made, in words. `blob` names a file's content now, `state` reads a target."""
    for fact in plan.facts:
        if fact.digest.startswith(_BLOB):
            if (now := blob(fact.file)) != fact.digest.removeprefix(_BLOB):
                where = "" if now else "; Git does not hold it: commit it, or see who took it away"
                yield f"{fact.file} ({fact.target}{where})"
        elif fingerprint(fact.target, state(fact.target)) != fact.digest:
            yield str(fact.target)


def stale(plan: Plan, name: str, moved: list[str]) -> Refused:
    """The refusal of a plan that speaks of an earlier world."""
    return Refused(
        f"{name} is stale: {', '.join(moved)} moved since it was made",
        truth="what was approved is not what would run",
        undone="nothing was written",
        following=f"migrate plan {plan.phase} -o FILE makes a new one, with a digest of its own; migrate apply shows "
        "which steps differ",
    )


def differing_steps(old: Plan, new: Plan) -> tuple[tuple[str, str], ...]:
    """The steps that are not the same in two plans: (id, `new` | `gone` | `changed`)."""
    before, after = ({step.id: step for step in plan.steps} for plan in (old, new))
    answer = [(step, "gone") for step in before if step not in after]
    for step, found in after.items():
        if step not in before:
            answer.append((step, "new"))
        elif before[step].change != found.change:
            answer.append((step, "changed"))
    return tuple(answer)
