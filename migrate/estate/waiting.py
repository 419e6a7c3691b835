"""What waits for what in Flux, and so what stands still while something does not get ready. Knows no files.

As kustomize-controller 1.9.4 does it (kustomization_controller.go), and helm-controller with releases:

- `checkDependencies`: while one that it depends on is not Ready, or has not applied this very revision of their common
  source, a Kustomization is not reconciled at all: it applies nothing new, a revert neither, and is not Ready itself.
- `checkHealth`: with `wait` it is Ready once all that it applied is (`healthChecks` then count for nothing), with
  `healthChecks` once those are. It looks after the apply, for as long as `timeout`. Meanwhile it applies no newer
  revision, unless the controller runs with CancelHealthCheckOnNewRevision (off by default, since 1.7); afterwards it
  applies the newest: a commit that mends the pods in the same path gets through.
- A release is Ready when Helm saw its pods ready, unless `disableWait` says that nobody looks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from migrate.estate.flux import Applied, Scope, is_kustomization
from migrate.estate.inventory import Finding
from migrate.model.duration import seconds
from migrate.model.json import Json, items, mapping, reach, text, texts

KUSTOMIZATION, RELEASE = "Kustomization", "HelmRelease"
_NEVER_AWAITED = frozenset({"CronJob"})
"""Always as they should be, whatever their pods do (kstatus)."""
_SHORTEST, _MARGIN = 30, 30


@dataclass(frozen=True, slots=True)
class Waits:
    """A Kustomization that is not Ready before what it applied is. `seconds`: for so long it looks; 0: unknown."""

    name: str
    file: str
    how: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Still:
    """What stands still because of one object: who waits for its health, and what is not reconciled; nearest first.

    Names are `Kind/namespace/name`.
    """

    waiting: tuple[Waits, ...] = ()
    behind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who waits for whom in one cluster."""

    appliers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The Kustomizations that apply an object."""
    dependents: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What depends on one, each in the order of the tree."""
    waits: dict[str, tuple[Waits, frozenset[str]]] = field(default_factory=dict)
    """The Kustomizations that wait for health, and for whose; for nobody by name: for all."""
    unwatched: set[str] = field(default_factory=set)
    """Releases whose pods nobody looks at."""

    def knows(self, name: str) -> bool:
        """Whether this cluster has the object."""
        return name in self.appliers or name in self.dependents or name in self.waits

    def still(self, *broken: str) -> Still:
        """What stands still while these do not get ready; in a round of dependencies each is met once."""
        seen, waiting, behind = set(broken), list[Waits](), list[str]()
        row = [one for one in broken if one not in self.unwatched and one.partition("/")[0] not in _NEVER_AWAITED]
        while row:
            following = list[str]()
            for name in row:
                held = [one for one in self.appliers.get(name, ()) if self._looks(one, name)]
                waiting += [self.waits[one][0] for one in held if one not in seen]
                behind += [one for one in self.dependents.get(name, ()) if one not in seen]
                following += [one for one in (*held, *self.dependents.get(name, ())) if one not in seen]
                seen.update(following)
            row = list(dict.fromkeys(following))
        return Still(tuple(dict.fromkeys(waiting)), tuple(dict.fromkeys(behind)))

    def _looks(self, kustomization: str, name: str) -> bool:
        _, whose = self.waits.get(kustomization, (None, frozenset({""})))
        return not whose or name in whose


def waiting(scope: Scope) -> Waiting:
    """Who waits for whom, as the objects of this cluster say."""
    found = Waiting()
    for item in scope.applied:
        name = named(item)
        by = f"{KUSTOMIZATION}/{item.by}"
        if name != by and by not in found.appliers[name]:  # Flux does not wait for itself
            found.appliers[name].append(by)
        if is_kustomization(item.facts) or item.facts.kind == RELEASE:
            for other in _depends(item):
                if name not in found.dependents[other]:
                    found.dependents[other].append(name)
        if is_kustomization(item.facts) and (looks := _looks(item, name)):
            found.waits[name] = looks
        if reach(item.facts.spec, "disableWait") is True:
            found.unwatched.add(name)
    return found


def named(item: Applied) -> str:
    """`Kind/namespace/name` of an object."""
    return f"{item.facts.kind}/{item.facts.namespace or 'default'}/{item.facts.name}"


def _depends(item: Applied) -> Iterator[str]:
    for one in texts(reach(item.facts.spec, "dependsOn")):
        namespace, _, name = one.rpartition("/")
        yield f"{item.facts.kind}/{namespace or item.facts.namespace or 'default'}/{name}"


def _looks(item: Applied, name: str) -> tuple[Waits, frozenset[str]] | None:
    spec = mapping(item.facts.spec)
    checks = frozenset(
        f"{one.get('kind')}/{text(one.get('namespace')) or item.facts.namespace or 'default'}/{one.get('name')}"
        for one in items(spec.get("healthChecks"))
    )
    if spec.get("wait") is not True and not checks:
        return None
    everything = spec.get("wait") is True
    how = "wait: true" if everything else "healthChecks"
    return Waits(name, item.facts.file, how, _seconds(spec)), frozenset() if everything else checks


def _seconds(spec: dict[str, Json]) -> int:
    """`GetTimeout`: what is said, else half a minute less than the interval, and never less than half a minute."""
    said, interval = text(spec.get("timeout")), text(spec.get("interval"))
    try:
        return max(_SHORTEST, seconds(said) if said else seconds(interval) - _MARGIN)
    except ValueError:
        return 0  # a variable, or a fraction: only the cluster knows


def rounds(scopes: Iterable[Scope]) -> Iterator[Finding]:
    """For each cluster a round of things that depend on each other: Flux reconciles none of them."""
    for scope in scopes:
        found, files = waiting(scope), {named(item): item.facts.file for item in scope.applied}
        graph = {name: [one for one in others if one in files] for name, others in found.dependents.items()}
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            names = list(error.args[1])
            told = " -> ".join(names)
            why = f"{told}: each depends on the next, so Flux reconciles none of them, nor what depends on them"
            yield Finding("flux.dependency-round", "warning", why, files[names[0]])
