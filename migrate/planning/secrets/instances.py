"""The Flux Kustomization that makes one instance of a shared folder: whether a patch of ours may stand in it.

A patch there changes what this one applies and nothing of what others apply from the same folder.
"""

from __future__ import annotations

from migrate.documents.edits import same
from migrate.estate.flux import Applied, is_kustomization
from migrate.estate.inventory import Workload
from migrate.estate.placed import Placed
from migrate.model.json import Json, at_pointer, mapping, reach
from migrate.model.target import Target
from migrate.operations.overlaying import FLUX_PATCHES, Instanced
from migrate.operations.subject import Place
from migrate.planning.built import Built
from migrate.planning.secrets.sources import UnfitError


def instanced(workload: Workload, item: Applied, tree: Built) -> tuple[Instanced, str]:
    """Where the patch goes, and who applies that. Raises UnfitError where nothing of Git's is this instance's own."""
    flux = _only(workload, item, tree)
    facts = flux.facts
    _insist_on_its_patches(flux, tree)
    if not flux.variables.certain:
        raise UnfitError(
            f"only the cluster knows whether {flux.by} fills anything into Kustomization {facts.name}, where its patch "
            "would stand: annotate that kustomize.toolkit.fluxcd.io/substitute: disabled"
        )
    _insist_on_no_other_name(item.placed, tree)
    target = Target("git", facts.kind, f"{facts.namespace or 'default'}/{facts.name}")
    place = Place(facts.file, facts.document)
    name = item.placed.name if item.placed else item.facts.name
    return Instanced(target, place, workload.file, workload.kind, name, flux.variables), flux.by


def _only(workload: Workload, item: Applied, tree: Built) -> Applied:
    """The Flux Kustomization that applies the object, where its own document makes no other."""
    scopes = [tree.scopes[number] for number in tree.scopes_of[id(item)]]
    found = [
        one
        for scope in scopes
        for one in scope.applied
        if is_kustomization(one.facts) and f"{one.facts.namespace or 'flux-system'}/{one.facts.name}" == item.by
    ]
    if len(found) != 1:
        raise UnfitError(
            f"{workload.file} makes other workloads too, and nothing in Git applies {item.by}, where a "
            "patch for this one alone could stand: give it a kustomization of its own that takes the base in"
        )
    (one,) = found
    if len(tree.by_place.get((one.facts.file, one.facts.document), ())) != 1:
        raise UnfitError(
            f"{workload.file} makes other workloads too, and so does {one.facts.file}, which applies it: give "
            f"{workload.name} a Flux Kustomization of its own"
        )
    return one


def _insist_on_its_patches(flux: Applied, tree: Built) -> None:
    """What stands in its file has to be what Flux reads: a patch of it may put other patches in the place of ours."""
    facts = flux.facts
    written = tree.tree.document(facts.file, facts.document)
    if mapping(written).get("kind") != facts.kind:
        raise UnfitError(f"Kustomization {facts.name} stands in a list ({facts.file}): give it a document of its own")
    if not same(at_pointer(written, FLUX_PATCHES), at_pointer(tree.document(flux), FLUX_PATCHES)):
        raise UnfitError(
            f"what applies Kustomization {facts.name} ({flux.by}) patches its patches, and one of ours would be lost "
            f"there: write them in {facts.file} instead"
        )


def _insist_on_no_other_name(placed: Placed | None, tree: Built) -> None:
    """Flux's patches come before names are changed in the folder that it applies, and before older JSON patches."""
    for layer in placed.layers if placed else ():
        kustomization = tree.tree.kustomizations[layer.folder]
        said: Json = tree.tree.document(kustomization.file, kustomization.document)
        for field in ("namePrefix", "nameSuffix", "patchesJson6902"):
            if reach(said, field):
                raise UnfitError(f"{layer.folder} changes what it takes in behind Flux's own patches ({field})")
