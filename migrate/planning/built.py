"""What the tree makes of a cluster, by our own reading of Flux and kustomize: every object, and how it came about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from migrate.estate.extract import everything
from migrate.estate.facts import FileFacts
from migrate.estate.flux import Applied, Scope
from migrate.estate.inventory import Workload
from migrate.estate.placed import Placed
from migrate.estate.settle import as_patched
from migrate.estate.tree import Tree, plant
from migrate.estate.wiring import wire
from migrate.model.json import Json
from migrate.planning.files import Files


@dataclass(frozen=True, slots=True)
class Built:
    """A tree and what is applied of it, cluster by cluster."""

    tree: Tree
    scopes: tuple[Scope, ...]
    problems: frozenset[str]
    """What kustomize would refuse, in words: files that are not there, merges that are for no object."""
    by_place: Mapping[tuple[str, int], tuple[Applied, ...]]
    """Everything that is made of one document: a base makes several objects."""
    scopes_of: Mapping[int, tuple[int, ...]]
    """The scopes that each of these is made in, by its `id`: two clusters may make what is equal."""

    def made(self, workload: Workload) -> list[Applied]:
        """What is applied as this workload: in several clusters, several times."""
        name = workload.kind, workload.namespace, workload.name
        users = self.by_place.get((workload.file, workload.document), ())
        return [one for one in users if (one.facts.kind, one.facts.namespace or "default", one.facts.name) == name]

    def clusters(self, some: Sequence[Applied]) -> list[str]:
        """The starting points of the clusters that these are made in, one for each."""
        found = {number for one in some for number in self.scopes_of[id(one)]}
        return [self.scopes[number].starts[0] for number in sorted(found)]

    def document(self, item: Applied) -> Json:
        """The object as its build leaves it, before names, namespaces and variables are filled in."""
        if item.patched is not None:
            return as_patched(item.patched, self.tree)
        return self.tree.document(item.facts.file, item.facts.document)

    def at(self, item: Placed, patches: int) -> Json:
        """The object after so many of its patches."""
        return as_patched(item._replace(patches=item.patches[:patches]), self.tree)


def built(files: Files) -> Built:
    """Build everything that the tree applies. Files that cannot be read are the scan's to report."""
    tree = plant([*_facts(files)], files.read)
    wired = wire(tree)
    places, scopes = defaultdict[tuple[str, int], list[Applied]](list), defaultdict[int, list[int]](list)
    for number, scope in enumerate(wired.scopes):
        for item in scope.applied:
            places[item.facts.file, item.facts.document].append(item)
            scopes[id(item)].append(number)
    found = {place: tuple(some) for place, some in places.items()}
    clusters = {item: tuple(some) for item, some in scopes.items()}
    missing = {f"{one.file} {one.text}" for one in wired.problems if one.code == "wiring.missing"}
    return Built(tree, wired.scopes, wired.unmatched | missing, found, clusters)


def _facts(files: Files) -> Iterator[FileFacts]:
    for path in files.paths:
        try:
            yield files.facts(path)
        except OSError:
            continue


def whole(files: Files, paths: Iterable[str]) -> Files:
    """The tree, with every object known of these files: a scan leaves out what can have nothing to do with Secrets."""
    there = set(paths) & set(files.paths)
    return replace(files, known={**files.known, **{path: everything(path, files.read(path)) for path in there}})


def instead(files: Files, texts: Mapping[str, bytes | None]) -> Files:
    """The tree with other contents of some files; None: there is no such file."""
    made = {path: everything(path, data) for path, data in texts.items() if data is not None}
    known = {path: facts for path, facts in files.known.items() if path not in texts}
    paths = ({*files.paths} - texts.keys()) | made.keys()
    return Files(tuple(sorted(paths)), partial(_read, files.read, texts), known | made)


def _read(below: Callable[[str], bytes], texts: Mapping[str, bytes | None], path: str) -> bytes:
    if path not in texts:
        return below(path)
    if (data := texts[path]) is None:
        raise FileNotFoundError(path)
    return data
