"""Helm values that a release takes from elsewhere: ConfigMaps as the cluster sees them, and files of this tree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TypeAlias

from migrate.estate.facts import Facts
from migrate.estate.flux import Applied
from migrate.estate.substitute import Variables
from migrate.estate.tree import Tree, inside, parse
from migrate.model.json import Json, items, reach, strings, text

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
    """What a release takes from them and from files, each with the file it stands in; nothing for any other object."""
    fact = item.facts
    for path in value_files(fact, tree):
        yield from ((values, path) for values in tree.documents(path))
    if fact.kind != "HelmRelease":
        return
    for source in items(reach(fact.spec, "valuesFrom")):
        found = maps.get((fact.namespace, text(source.get("name"))))
        if source.get("kind") == "ConfigMap" and found is not None:
            data, place = _held(found.facts, text(source.get("valuesKey")) or "values.yaml", tree)
            yield from ((values, place) for values in parse(replaced(data, found.variables)))


def value_files(fact: Facts, tree: Tree) -> list[str]:
    """The files of this tree that a release's values come from: those of a chart that lies here come with it.

    Where a generator fills in a part of a path, every file that fits.
    """
    wanted = [f"{folder}/values.yaml" for folder in chart_folders(fact, tree)]
    for folder, files in _sources(fact):
        named = (name for name in files if folder or name.startswith(("$", "/")))
        wanted.extend(inside("" if name.startswith("$") else folder, _from_root(name)) for name in named)
    return list(dict.fromkeys(path for pattern in wanted for path in _fitting(pattern, tree)))


def chart_folders(fact: Facts, tree: Tree) -> list[str]:
    """The folders of the charts that a release installs, where they lie in this tree."""
    found = (path for folder, _ in _sources(fact) for path in _fitting(f"{folder}/Chart.yaml", tree))
    return [path.removesuffix("/Chart.yaml") for path in found]


def _sources(fact: Facts) -> Iterator[tuple[str, list[str]]]:
    """Each chart's folder, as far as it may lie here, with the values files named beside it; generated parts as `*`."""
    if fact.kind == "HelmRelease" and (chart := text(reach(fact.spec, "chart"))).startswith((".", "/")):
        yield inside("", chart), [f"/{name}" for name in strings(reach(fact.spec, "valuesFiles"))]
    if fact.group == "argoproj.io":
        for source in items(reach(fact.spec, "sources")):
            folder = inside("", _GENERATED.sub("*", text(source.get("path"))))
            yield folder, [_GENERATED.sub("*", name) for name in strings(source.get("valueFiles"))]


_GENERATED = re.compile(r"\{\{.*?\}\}")


def _from_root(name: str) -> str:
    """`$NAME/PATH` is a path of another source, which is nearly always this repository."""
    return name.partition("/")[2] if name.startswith("$") else name


def _fitting(pattern: str, tree: Tree) -> list[str]:
    if "*" not in pattern:
        return [pattern] if pattern in tree.files else []
    ending = pattern.rpartition("*")[2]
    return sorted(path for path in tree.files if path.endswith(ending) and fnmatchcase(path, pattern))


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
