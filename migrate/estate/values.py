"""Helm values that a release takes from ConfigMaps, as the cluster sees them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from migrate.estate.facts import Facts
from migrate.estate.flux import Applied
from migrate.estate.substitute import Variables
from migrate.estate.tree import Tree, parse
from migrate.model.json import Json, items, reach, text

Maps: TypeAlias = dict[tuple[str, str], Applied]
"""The ConfigMaps that hold values, by namespace and name."""


def values_maps(applied: Sequence[Applied]) -> Maps:
    """The ConfigMaps among these objects that a release among them takes values from."""
    wanted = {
        text(source.get("name"))
        for item in applied
        if item.facts.kind == "HelmRelease"
        for source in items(reach(item.facts.spec, "valuesFrom"))
        if source.get("kind") == "ConfigMap"
    }
    maps = (item for item in applied if item.facts.kind == "ConfigMap" and item.facts.name in wanted)
    return {(item.facts.namespace, item.facts.name): item for item in maps}


def values_of(item: Applied, maps: Maps, tree: Tree) -> Iterator[tuple[Json, str]]:
    """What a release takes from them, each with the file it stands in; nothing for any other object."""
    fact = item.facts
    if fact.kind != "HelmRelease":
        return
    for source in items(reach(fact.spec, "valuesFrom")):
        found = maps.get((fact.namespace, text(source.get("name"))))
        if source.get("kind") == "ConfigMap" and found is not None:
            data, place = _held(found.facts, text(source.get("valuesKey")) or "values.yaml", tree)
            yield from ((values, place) for values in parse(replaced(data, found.variables)))


def _held(config_map: Facts, key: str, tree: Tree) -> tuple[bytes, str]:
    if file := text(reach(config_map.spec, "files", key)):
        return tree.data(file), file
    content = reach(tree.document(config_map.file, config_map.document), "data", key)
    return text(content).encode(), config_map.file


def replaced(data: bytes, variables: Variables) -> bytes:
    """A text as the cluster sees it, its variables replaced; the very same where there are none."""
    if not variables.active or b"${" not in data:
        return data
    return variables.apply(data.decode("utf-8", "replace")).encode()
