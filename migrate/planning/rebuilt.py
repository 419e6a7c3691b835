"""Whether a cluster made anew from Git would still come up: what a plan makes a workload need must be there before it.

Nothing of this shows while the cluster lives, and all of it on the day when everything has to be built again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from migrate.estate.flux import Applied, Scope
from migrate.estate.levels import reaching
from migrate.estate.profiles import Profiles
from migrate.estate.waiting import KUSTOMIZATION, RELEASE, named
from migrate.model.json import reach, text
from migrate.model.plan import Remark, Step
from migrate.model.target import Target
from migrate.planning.built import Built
from migrate.planning.cases import Case
from migrate.planning.compose import Composition
from migrate.planning.effects import called
from migrate.planning.standstill import Standstill, moved, plain

_NEEDED = {"injector": "the injector", "tailnet": "the way to Vault", "resolver": "the way to Vault"}
"""What an agent needs of what stands on the path to Vault. ESO is not among it."""


def rebuilt(
    cases: Iterable[Case], composition: Composition, tree: Built, standstill: Standstill, profiles: Profiles
) -> Iterator[Remark]:
    """What would wait for itself in a cluster that is made anew after this plan."""
    facts = [item.facts for scope in tree.scopes for item in scope.applied]
    needed = {f"{one.kind}/{one.namespace or 'default'}/{one.name}": role for one, role in reaching(facts, profiles)}
    for case in cases:
        steps = composition.of_unit.get(case.subject.unit, ())
        for target in moved(steps):
            yield from _needs(target, needed, standstill)
        for step in steps:
            yield from _homeless(step, case, tree, standstill)


def _needs(target: Target, needed: Mapping[str, str], standstill: Standstill) -> Iterator[Remark]:
    still = standstill.without(called(target))
    late = [
        f"{plain(name)} ({_NEEDED[role]})"
        for name, role in needed.items()
        if role in _NEEDED and _is_behind(name, frozenset(still.behind), standstill)
    ]
    if late:
        yield Remark(
            "flux.rebuild",
            "warning",
            f"{', '.join(late)} is applied only once {target.kind} {target.name} is ready, and its pods need that from "
            "now on: a cluster made anew from Git would wait for ever",
            f"have {target.name} applied by a Kustomization that depends on those, or leave it out of the plan",
            still.waiting[0].file if still.waiting else "",
        )


def _is_behind(name: str, behind: frozenset[str], standstill: Standstill) -> bool:
    return name in behind or bool(standstill.appliers(name) & behind)


# --- a ServiceAccount before its namespace --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Nobody:
    """Nothing in the tree makes the namespace."""


@dataclass(frozen=True, slots=True)
class _Later:
    """It is made by something that waits for the Kustomization which the ServiceAccount comes with."""

    maker: str


def _homeless(step: Step, case: Case, tree: Built, standstill: Standstill) -> Iterator[Remark]:
    """A new ServiceAccount in a namespace that its Kustomization needed nothing of so far.

    Flux tries everything that one Kustomization applies against the API server before it writes any of it, namespaces
    apart, which come first (fluxcd/pkg, ssa/manager_apply.go: `ApplyAllStaged`, `ApplyAll`). Where the namespace is
    Helm's to make (`createNamespace`), the release is then never written, and nobody ever makes it. The plan adds no
    Namespace itself: taking such a commit back would prune it, with all that is in it.
    """
    by = case.applied_by(step.change.target)
    for name in step.applies if by else ():
        kind, namespace, account = name.split("/")
        for scope in tree.scopes if kind == "ServiceAccount" else ():
            own = [item for item in scope.applied if item.by == by]
            if not own or any(_is_at_home(item, namespace) for item in own):
                continue
            match _maker(scope, by, namespace, standstill):
                case _Nobody():
                    why = "nothing in Git makes that namespace"
                case _Later(maker):
                    why = f"{maker} makes that namespace, and comes only after it"
                case None:
                    continue
            yield Remark(
                "flux.namespace",
                "warning",
                f"ServiceAccount {namespace}/{account} comes with {KUSTOMIZATION} {by}, and {why}: in a cluster made "
                f"anew Flux would apply nothing of {by}",
                f"have {by} apply Namespace {namespace} (a commit before this plan's), or something that it depends on",
                step.change.files[0].file if step.change.files else "",
            )


def _is_at_home(item: Applied, namespace: str) -> bool:
    return item.facts.namespace == namespace or (item.facts.kind == "Namespace" and item.facts.name == namespace)


def _maker(scope: Scope, by: str, namespace: str, standstill: Standstill) -> _Nobody | _Later | None:
    """Who makes a namespace too late, or that nobody does; None where it is there in time."""
    late = frozenset(standstill.without(f"{KUSTOMIZATION}/{by}").behind) | {f"{KUSTOMIZATION}/{by}"}
    found: _Nobody | _Later = _Nobody()
    for item in scope.applied:
        if not _makes(item, namespace):
            continue
        if f"{KUSTOMIZATION}/{item.by}" not in late and named(item) not in late:
            return None
        found = _Later(plain(named(item)))
    return found


def _makes(item: Applied, namespace: str) -> bool:
    if item.facts.kind == "Namespace":
        return item.facts.name == namespace
    asked = item.facts.kind == RELEASE and reach(item.facts.spec, "createNamespace") is True
    return asked and (text(reach(item.facts.spec, "targetNamespace")) or item.facts.namespace) == namespace
