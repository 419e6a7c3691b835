"""Where a workload's edits go, and what it is there: its own file, or a patch over a base that makes others too."""

from __future__ import annotations

from dataclasses import dataclass

from migrate.documents.edits import same
from migrate.estate.flux import Applied
from migrate.estate.inventory import Workload
from migrate.estate.placed import Layer, Patch, Placed
from migrate.estate.settle import changed_by
from migrate.estate.substitute import AS_WRITTEN, Variables
from migrate.model.json import Json, Pointer, at_pointer, mapping, reach
from migrate.operations.overlaying import Home, Overlaid, Written
from migrate.operations.subject import Place
from migrate.planning.built import Built
from migrate.planning.secrets.instances import instanced
from migrate.planning.secrets.sources import UnfitError


@dataclass(frozen=True, slots=True)
class Standing:
    """A workload as its edits find it. `later`: patches that come after them, and may have the last word."""

    document: Json
    home: Home
    later: tuple[Patch, ...] = ()
    variables: Variables = AS_WRITTEN
    above: str = ""
    """What applies the Flux Kustomization that the edits go into; empty where they go elsewhere."""


def standing(workload: Workload, written: Json, part: Pointer, tree: Built) -> Standing:
    """Where the workload is edited. Raises UnfitError where no place is its own.

    Its own file, where that makes nothing else and no patch changes this part; else the nearest kustomization that
    makes nothing else of the file, and comes after the patches.
    """
    users = tree.by_place.get((workload.file, workload.document), ())
    mine = tree.made(workload)
    if len(clusters := tree.clusters(mine)) > 1:
        raise UnfitError(f"{' and '.join(clusters)} make it in clusters of their own, and a plan is for one")
    _insist_on_its_namespace(mine)
    _insist_on_its_name(workload, mine)
    as_written = at_pointer(written, part)
    if len(mine) == len(users) and all(same(at_pointer(tree.document(one), part), as_written) for one in mine):
        later = next((one.placed.patches for one in mine if one.placed is not None), ())
        return Standing(written, Written(Place(workload.file, workload.document)), later, _variables(mine))
    return _overlaid(workload, users, mine, tree)


def _overlaid(workload: Workload, users: tuple[Applied, ...], mine: list[Applied], tree: Built) -> Standing:
    placed = [one.placed for one in mine if one.placed is not None]
    if len(placed) != len(mine) or not placed:
        raise UnfitError(f"{workload.file} makes {len(users)} workloads, and no kustomization tells them apart")
    theirs = {layer.folder for one in users if one not in mine and one.placed for layer in one.placed.layers}
    item, layer = placed[0], _nearest(placed, theirs, tree)
    if layer is None:
        return _instance(workload, users, mine, tree)
    _insist_on_no_other_name(item, layer, tree)
    document = tree.at(item, layer.patches)
    if not isinstance(document, dict):
        raise UnfitError(f"{workload.file} is changed by patches that cannot be followed")
    kustomization = tree.tree.kustomizations[layer.folder]
    place = Place(kustomization.file, kustomization.document)
    home = Overlaid(place, workload.file, workload.kind, item.name, workload.name)
    return Standing(document, home, item.patches[layer.patches :], _variables(mine))


def _instance(workload: Workload, users: tuple[Applied, ...], mine: list[Applied], tree: Built) -> Standing:
    """As one Flux Kustomization makes it: of a folder that others apply too, with other variables."""
    makes = f"is a base of {len(users)} workloads" if len(users) > len(mine) else "is patched in several places"
    if len(mine) > 1 or sum(one.by == mine[0].by for one in users) > 1:
        raise UnfitError(
            f"{workload.file} {makes}, and neither a kustomization nor a Flux Kustomization makes {workload.name} "
            "alone: give it a kustomization of its own that takes the base in"
        )
    home, above = instanced(workload, mine[0], tree)
    document = tree.document(mine[0])
    if not isinstance(document, dict):
        raise UnfitError(f"{workload.file} is changed by patches that cannot be followed")
    return Standing(document, home, variables=_variables(mine), above=above)


def _variables(mine: list[Applied]) -> Variables:
    """What Flux puts into it. Raises UnfitError where two Kustomizations put in different things."""
    first, *others = [one.variables for one in mine] or [AS_WRITTEN]
    if any(one != first for one in others):
        raise UnfitError(f"{' and '.join(sorted({one.by for one in mine}))} put different variables into its file")
    return first


def _nearest(placed: list[Placed], theirs: set[str], tree: Built) -> Layer | None:
    """The nearest kustomization that all that is meant, and nothing else, comes through, after every patch there is."""
    own = [layer for layer in placed[0].layers if layer.folder not in theirs and _may_patch(layer, tree)]
    shared = [layer for layer in own if all(layer in one.layers for one in placed)]
    return max(shared, key=lambda layer: layer.patches, default=None)


def _may_patch(layer: Layer, tree: Built) -> bool:
    kustomization = tree.tree.kustomizations.get(layer.folder)
    return kustomization is not None and kustomization.kind != "Component"


def _insist_on_its_namespace(mine: list[Applied]) -> None:
    """Who logs in to Vault is bound to a namespace, so that has to be known: nobody's default is guessed."""
    for one in mine:
        if not one.facts.namespace:
            raise UnfitError(
                f"nothing in Git says in which namespace it is: neither {one.facts.file}, nor a kustomization, nor "
                f"what applies it ({one.by})"
            )
        if {"$", "{"} & {*one.facts.namespace}:
            raise UnfitError(f"its namespace {one.facts.namespace} is filled in with what Git does not say")


def _insist_on_its_name(workload: Workload, mine: list[Applied]) -> None:
    """Its policy, its login and its gates are called by its name in the cluster: that has to be known from Git."""
    for one in mine:
        written = one.placed.name if one.placed is not None else one.facts.name
        if not one.variables.knows(written):
            raise UnfitError(
                f"its name {written} is filled in with what Git does not say: give {one.by} the variable in "
                "postBuild.substitute, or in a ConfigMap that stands in the tree"
            )
        if one.variables.apply(written) != workload.name:
            raise UnfitError(f"a patch renames {written} to {workload.name}: call it so where it is written")


def _insist_on_no_other_name(item: Placed, layer: Layer, tree: Built) -> None:
    """What comes beside it must be called as planned: nothing may rename it from there on."""
    outer = item.layers[item.layers.index(layer) :]
    for one in outer:
        spec = tree.tree.kustomizations[one.folder].spec
        if reach(spec, "namePrefix") or reach(spec, "nameSuffix"):
            raise UnfitError(f"{one.folder} renames what it takes in, and would rename its ServiceAccount too")


def lasts(found: Standing, wanted: Json, part: Pointer) -> bool:
    """Whether the part that is wanted at the workload's home is the one that reaches the cluster."""
    after = changed_by(wanted, found.later, str(mapping(wanted).get("apiVersion") or ""))
    return same(at_pointer(after, part), at_pointer(wanted, part))
