"""Which objects reach a cluster: from Flux's entry points, else Argo CD's, else kustomizations, else every manifest.

The result is scopes (clusters) of applied objects, and the objects nobody applies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import dirname

from migrate.estate import argo, flux
from migrate.estate.charts import name_charts
from migrate.estate.extract import KUSTOMIZE_GROUP
from migrate.estate.facts import Facts
from migrate.estate.flux import Applied, Scope
from migrate.estate.inventory import Finding, Wiring
from migrate.estate.kustomize import Builder
from migrate.estate.tree import Tree, inside
from migrate.model.json import Json, reach, text


@dataclass(frozen=True, slots=True)
class Wired:
    """What is applied, cluster by cluster, and what lies in the tree unused."""

    scopes: tuple[Scope, ...]
    loose: tuple[Facts, ...]
    wiring: Wiring
    problems: tuple[Finding, ...]
    unmatched: frozenset[str] = frozenset()
    """Merges that are for no object, in words."""


def wire(tree: Tree) -> Wired:
    """Decide what is applied."""
    builder = Builder(tree)
    scopes, argued = _flux(tree, builder), argo.follow(tree, builder)
    if scopes:
        for scope in argued:  # Flux often brings up Argo CD; what that applies is applied too
            scopes[0].join(scope)
        return _wired("flux", scopes, tree, builder)
    if argued:
        return _wired("argocd", argued, tree, builder)
    if tree.kustomizations:
        return _wired("kustomize", _kustomize(tree, builder), tree, builder)
    everything = Scope(starts=["."], applied=[Applied(fact, ".") for fact in _all(tree)])
    return Wired((everything,), (), Wiring("folder", (".",)), ())


def _wired(how: str, scopes: list[Scope], tree: Tree, builder: Builder) -> Wired:
    for scope in scopes:
        name_charts(scope)
    reached = {_place(item.facts) for scope in scopes for item in scope.applied}
    # A patch file looks like an object but is only a part of one.
    loose = [fact for fact in _all(tree) if _place(fact) not in reached and fact.file not in builder.patch_files]
    starts = tuple(dict.fromkeys(start for scope in scopes for start in scope.starts))
    return Wired(
        tuple(scopes), tuple(loose), Wiring(how, starts), tuple(builder.problems.values()), frozenset(builder.unmatched)
    )


def _all(tree: Tree) -> Iterator[Facts]:
    for facts in tree.objects.values():
        for fact in facts:
            if fact.group != KUSTOMIZE_GROUP:
                yield fact


def _place(fact: Facts) -> tuple[str, int]:
    return fact.file, fact.document


# --- Flux -------------------------------------------------------------------------------------------------


def _flux(tree: Tree, builder: Builder) -> list[Scope]:
    candidates = [fact for fact in _all(tree) if flux.is_kustomization(fact)]
    instances = [start for fact in _all(tree) if (start := _instance(fact, tree)) is not None]
    scopes: list[Scope] = []
    reached: set[tuple[str, int]] = set()
    for start in instances:
        _start(start, builder, scopes, reached)
    for start in candidates:
        if _applies_itself(start, tree) and _place(start) not in reached:
            _start(start, builder, scopes, reached)
    covers = _coverage(candidates, tree)
    for start in sorted(candidates, key=lambda fact: (-covers[_place(fact)], fact.file.count("/"), fact.file)):
        # One that leads nowhere and that nothing applies is left over.
        leads = tree.is_folder(flux.path_of(start, tree))
        if leads and _place(start) not in reached and not _dead(start, tree, builder):
            _start(start, builder, scopes, reached)
    return scopes


def _start(start: Facts, builder: Builder, scopes: list[Scope], reached: set[tuple[str, int]]) -> None:
    found = flux.follow(start, builder)
    reached.update(_place(item.facts) for item in found.applied if flux.is_kustomization(item.facts))
    _add(scopes, found)


def _instance(fact: Facts, tree: Tree) -> Facts | None:
    """A FluxInstance says which folder is the root; it stands for the Kustomization the operator makes of it."""
    path = text(reach(fact.spec, "sync", "path"))
    if fact.group != flux.OPERATOR_GROUP or fact.kind != "FluxInstance" or not path:
        return None
    if not tree.is_folder(inside("", path)):
        return None
    name = fact.namespace or "flux-system"  # the operator names the source after its namespace
    spec: dict[str, Json] = {"path": path, "sourceRef": {"kind": "GitRepository", "name": name}}
    return fact._replace(api=f"{flux.GROUP}/v1", kind="Kustomization", spec=spec, name=name)


def _applies_itself(fact: Facts, tree: Tree) -> bool:
    """Flux's bootstrap writes a Kustomization whose path holds that very file."""
    folder = flux.path_of(fact, tree)
    return not folder or fact.file.startswith(f"{folder}/")


def _coverage(candidates: list[Facts], tree: Tree) -> dict[tuple[str, int], int]:
    """How many other Kustomizations lie below each one's path: those that cover most are the likely roots."""
    below: Counter[str] = Counter()
    for fact in candidates:
        folder = dirname(fact.file)
        while folder:
            below[folder] += 1
            folder = dirname(folder)
    return {_place(fact): below[flux.path_of(fact, tree)] for fact in candidates}


def _dead(fact: Facts, tree: Tree, builder: Builder) -> bool:
    """Left out on purpose: a kustomization above it is applied, and does not list it."""
    folder = dirname(fact.file)
    while folder and folder not in tree.kustomizations:
        folder = dirname(folder)
    return folder in tree.kustomizations and folder in builder.built


def _add(scopes: list[Scope], found: Scope) -> None:
    for scope in scopes:
        if not scope.conflicts(found):
            scope.join(found)
            return
    scopes.append(found)


# --- plain kustomize --------------------------------------------------------------------------------------


def _kustomize(tree: Tree, builder: Builder) -> list[Scope]:
    """Kustomizations that no other names are roots; those that make the same object differently are two clusters."""
    named = {path for folder, fact in tree.kustomizations.items() for path in _named(folder, fact)}
    roots = [folder for folder, fact in tree.kustomizations.items() if folder not in named and fact.kind != "Component"]
    scopes: list[Scope] = []
    for folder in sorted(roots):
        objects = [flux.applied(item, tree, folder or ".") for item in builder.build(folder)]
        paths = {
            f"{fact.kind}/{fact.namespace}/{fact.name}": f"{folder}:{fact.file}"
            for fact in (item.facts for item in objects)
            if fact.kind == "ExternalSecret"
        }
        _add(scopes, Scope([folder or "."], objects, paths))
    return scopes


def _named(folder: str, fact: Facts) -> Iterator[str]:
    for name in ("resources", "bases", "components"):
        listed = reach(fact.spec, name)
        for entry in listed if isinstance(listed, list) else []:
            yield inside(folder, str(entry))
