"""Which namespaces and which kinds of object an estate has: the API server must know both before Flux brings them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from migrate.documents.reader import YamlFault, load_all
from migrate.estate.facts import Facts
from migrate.estate.placed import is_cluster_scoped
from migrate.lab.demands import Kind
from migrate.model.json import Json, mapping
from migrate.planning.files import Files


def namespaces(facts: tuple[Facts, ...]) -> Iterator[str]:
    for fact in facts:
        if fact.kind == "Namespace":
            yield fact.name
        elif fact.namespace and not is_cluster_scoped(fact.kind):
            yield fact.namespace
        yield from (use.namespace for use in fact.uses if use.namespace)


def kinds(files: Files) -> tuple[Kind, ...]:
    """Every kind outside the core that a file has an object of; one that never has a namespace is cluster-wide."""
    homes = {
        posixpath.dirname(path)
        for path, value in _objects(files)
        if _is_kustomization(value) and value.get("namespace")
    }
    found: dict[tuple[str, str], bool] = {}
    for path, value in _objects(files):
        api, kind, metadata = value.get("apiVersion"), value.get("kind"), mapping(value.get("metadata"))
        if not isinstance(api, str) or not isinstance(kind, str) or "/" not in api or _is_kustomization(value):
            continue
        placed = bool(metadata.get("namespace")) or posixpath.dirname(path) in homes
        found[api, kind] = found.get((api, kind), False) or (placed and not _everywhere(kind))
    return tuple(Kind(api, kind, namespaced) for (api, kind), namespaced in sorted(found.items()))


def _everywhere(kind: str) -> bool:
    return is_cluster_scoped(kind) or kind.startswith("Cluster")


def _is_kustomization(value: dict[str, Json]) -> bool:
    return str(value.get("apiVersion", "")).startswith("kustomize.config.k8s.io/") or "apiVersion" not in value


def _objects(files: Files) -> Iterator[tuple[str, dict[str, Json]]]:
    for path in files.paths:
        try:
            documents = load_all(files.read(path))
        except (OSError, YamlFault):
            continue
        for document in documents:
            if isinstance(document.value, dict):
                yield path, document.value
