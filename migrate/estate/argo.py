"""Argo CD: from Applications and ApplicationSets to the objects they apply."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from migrate.estate.facts import Facts
from migrate.estate.flux import Applied, Scope, applied
from migrate.estate.kustomize import Builder
from migrate.estate.placed import renamed
from migrate.estate.tree import Tree, inside
from migrate.model.json import Json, items, reach, text

GROUP = "argoproj.io"
_SEGMENT = re.compile(
    r"\{\{-?\s*(?:index\s+\.path\.segments\s+(\d+)|path\[(\d+)\]|\.?path\.basename|\.?path\.path|path)\s*-?\}\}"
)


def follow(tree: Tree, builder: Builder) -> list[Scope]:
    """Everything that the Applications in the tree apply, also through Applications that they create."""
    waiting = [fact for facts in tree.objects.values() for fact in facts if _is_application(fact)]
    if not waiting:
        return []
    scope = Scope()
    seen: set[tuple[str, str]] = set()
    for application in waiting:
        scope.starts.append(application.file)
        scope.applied.append(Applied(application, application.file))
        for folder, namespace in _folders(application, tree):
            if (folder, namespace) not in seen:
                seen.add((folder, namespace))
                scope.applied.extend(_objects(application, folder, namespace, builder))
    return [scope]


def _is_application(fact: Facts) -> bool:
    return fact.group == GROUP and fact.kind in {"Application", "ApplicationSet"}


def _folders(application: Facts, tree: Tree) -> Iterator[tuple[str, str]]:
    """Folders that an Application applies, each with the namespace for objects that have none."""
    namespace = text(reach(application.spec, "namespace"))
    for source in items(reach(application.spec, "sources")):
        path = text(source.get("path"))
        if path and "{{" not in path and tree.is_folder(inside("", path)):
            yield inside("", path), namespace
    for generator in _generators(reach(application.spec, "generators")):
        for folder in _matching(generator, tree):
            yield folder, _filled(namespace, folder)


def _generators(value: Json) -> Iterator[dict[str, Json]]:
    """Git generators, also inside matrix and merge generators."""
    for generator in items(value):
        if isinstance(git := generator.get("git"), dict):
            yield git
        for combined in ("matrix", "merge"):
            yield from _generators(reach(generator, combined, "generators"))


def _matching(git: dict[str, Json], tree: Tree) -> list[str]:
    entries = items(git.get("directories"))
    wanted = [inside("", text(item.get("path"))) for item in entries if not item.get("exclude")]
    unwanted = [inside("", text(item.get("path"))) for item in entries if item.get("exclude")]
    return sorted(
        folder
        for folder in tree.children
        if folder
        and any(_fits(folder, pattern) for pattern in wanted)
        and not any(_fits(folder, pattern) for pattern in unwanted)
    )


def _fits(folder: str, pattern: str) -> bool:
    """Path match as Argo CD does it: `*` stands for one segment, `**` for any number."""
    if "**" in pattern:
        return fnmatchcase(folder, pattern)
    parts, wanted = folder.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))


def _filled(template: str, folder: str) -> str:
    """`{{index .path.segments 3}}` and its older spellings, for one folder."""
    segments = folder.split("/")

    def part(match: re.Match[str]) -> str:
        index = match.group(1) or match.group(2)
        if index is not None:
            return segments[int(index)] if int(index) < len(segments) else ""
        return segments[-1] if "basename" in match.group(0) else folder

    return _SEGMENT.sub(part, template)


def _objects(application: Facts, folder: str, namespace: str, builder: Builder) -> Iterator[Applied]:
    by = f"{application.namespace or 'argocd'}/{application.name}"
    for item in builder.build(folder):
        # Argo CD only fills in a namespace where the manifest has none.
        placed = item if item.namespace else renamed(item, namespace=namespace)
        yield applied(placed, builder.tree, by)
