"""What stands still in Flux while a workload of the plan is not ready, and what that means for the way back.

The order that is told rests on `migrate.estate.waiting`, which says where Flux's own rules are found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrate.estate.waiting import KUSTOMIZATION, Still, waiting
from migrate.model.duration import spoken
from migrate.model.plan import Remark, Step
from migrate.model.target import Target
from migrate.planning.built import Built
from migrate.planning.cases import Case
from migrate.planning.compose import Composition
from migrate.planning.effects import called

_NAMED = 6
"""So many of those that stand still are named, nearest first."""


class Standstill:
    """What stands still because of one object, over every cluster of a tree that has it."""

    def __init__(self, tree: Built) -> None:
        self._clusters = [waiting(scope) for scope in tree.scopes]
        self._found = dict[tuple[tuple[int, ...], tuple[str, ...]], Still]()

    def without(self, name: str, by: str = "") -> Still:
        """While `name` (`Kind/namespace/name`) is not ready, nor `by`, the Kustomization that applies it."""
        there = tuple(number for number, one in enumerate(self._clusters) if one.knows(name))
        broken = (name, f"{KUSTOMIZATION}/{by}") if by else (name,)
        # What applies many workloads is asked for many times: with it, they differ by what depends on themselves.
        alone = bool(by) and not any(name in self._clusters[number].dependents for number in there)
        key = there, broken[1:] if alone else broken
        if key not in self._found:
            self._found[key] = _together(self._clusters[number].still(*broken) for number in there)
        return self._found[key]

    def appliers(self, name: str) -> frozenset[str]:
        """The Kustomizations that apply an object, as `Kustomization/namespace/name`."""
        return frozenset(by for one in self._clusters for by in one.appliers.get(name, ()))


def _together(some: Iterable[Still]) -> Still:
    found = [*some]
    waits = dict.fromkeys(one for still in found for one in still.waiting)
    return Still(tuple(waits), tuple(dict.fromkeys(one for still in found for one in still.behind)))


def standing_still(cases: Iterable[Case], composition: Composition, standstill: Standstill) -> Iterator[Remark]:
    """For each workload whose pods change, what stands still should they not get ready."""
    for case in cases:
        steps = composition.of_unit.get(case.subject.unit, ())
        for target in moved(steps):
            still = standstill.without(called(target))
            if still.waiting or still.behind:
                yield _told(target, still)
                yield from _way_back(target, steps, still, standstill)


def moved(steps: Iterable[Step]) -> tuple[Target, ...]:
    """The workloads in Git whose pods these steps change."""
    found = (step.change.target for step in steps if step.stage == "cutover")
    return tuple(dict.fromkeys(target for target in found if target.store == "git"))


def _told(target: Target, still: Still) -> Remark:
    what = f"while {target.kind} {target.name} is not ready"
    longest = max((one.seconds for one in still.waiting), default=0)
    waits = ", ".join(f"{plain(one.name)} ({one.how}, {_length(one.seconds)})" for one in still.waiting)
    text = f"{what}, {_list(still.behind)} not reconciled" if still.behind else what
    if waits:
        text += f"{':' if still.behind else ', a newer commit waits:'} {waits} looks at its health after each commit"
    fix = (
        "have pod.dryrun and agent.renders pass, and take the commit back in the same path where its pods do not start"
    )
    if waits:
        until = f"within {spoken(longest)}" if longest else "once its timeout is over"
        fix += (
            f": Flux applies that {until}, at once with CancelHealthCheckOnNewRevision; a commit behind it comes later"
        )
    file = still.waiting[0].file if still.waiting else ""
    return Remark("flux.standstill", "warning" if still.behind else "info", text, fix, file)


def _length(length: int) -> str:
    return f"up to {spoken(length)}" if length else "as long as its timeout says"


def _way_back(target: Target, steps: Iterable[Step], still: Still, standstill: Standstill) -> Iterator[Remark]:
    """ExternalSecrets of the workload that come back only when its pods are ready, which may wait for them."""
    behind = frozenset(still.behind)
    for one in dict.fromkeys(step.change.target for step in steps if step.stage == "contract"):
        if one.store == "git" and (by := sorted(standstill.appliers(called(one)) & behind)):
            yield Remark(
                "flux.way-back",
                "warning",
                f"{one.kind} {one.name} is applied by {plain(by[0])}, which stands still while {target.name} is not "
                "ready: once it is removed, its return waits for the very pods that may need it",
                "roll back before the contract stage, or take that dependsOn away until the plan is done; the Secret "
                "itself stays in the cluster, so the pods can go back to it",
                "",
            )


def _list(behind: tuple[str, ...]) -> str:
    """How many, and the first of them."""
    names = ", ".join(plain(one) for one in behind[:_NAMED])
    more = f" and {len(behind) - _NAMED} more" if len(behind) > _NAMED else ""
    if len(behind) == 1:
        return f"{names}, which is behind it, is"
    return f"{len(behind)} behind it ({names}{more}) are"


def plain(name: str) -> str:
    """`Kind namespace/name`."""
    kind, _, rest = name.partition("/")
    return f"{kind} {rest}"
