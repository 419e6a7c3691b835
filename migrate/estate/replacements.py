"""Kustomize's `replacements`: a value of one object copied into fields of others."""

from __future__ import annotations

from migrate.estate.placed import Patch, Placed, is_for
from migrate.estate.strategic import Replacement, look_up
from migrate.estate.tree import Tree
from migrate.model.json import Json, items, reach, strings, text


def replaced(objects: list[Placed], replacements: list[dict[str, Json]], tree: Tree) -> list[Placed]:
    """The objects with kustomize's `replacements` noted, in order: each may rename what the next one selects."""
    for replacement in replacements:
        source = reach(replacement, "source")
        value = next((look for item in objects if (look := _source_value(source, item, tree))), "")
        for target in items(replacement.get("targets")) if value else ():
            select = target.get("select")
            for path in strings(target.get("fieldPaths")):
                options = target.get("options")
                delimiter, index = reach(options, "delimiter"), reach(options, "index")
                body = Replacement(
                    path, value, text(delimiter), index if isinstance(index, int) else 0,
                    create=reach(options, "create") is True,
                )  # fmt: skip
                objects = [
                    _with_replacement(item, body) if is_for(Patch(select, None), item) else item for item in objects
                ]
    return objects


def _source_value(source: Json, item: Placed, tree: Tree) -> str:
    if not isinstance(source, dict) or not is_for(Patch(source, None), item):
        return ""
    path = text(source.get("fieldPath")) or "metadata.name"
    if path == "metadata.name":
        return item.name
    if reach(item.facts.spec, "generated") is True:
        return _literal(tree.document(item.facts.file, item.facts.document), item.facts.name, path)
    return text(look_up(tree.document(item.facts.file, item.facts.document), path))


def _literal(kustomization: Json, generator: str, path: str) -> str:
    """`data.KEY` of a generated ConfigMap, from the kustomization itself: facts leave some literals out."""
    key = path.removeprefix("data.")
    for item in items(reach(kustomization, "configMapGenerator")):
        if item.get("name") == generator:
            pairs = (text.partition("=") for text in strings(item.get("literals")))
            return next((word for name, _, word in pairs if name == key), "")
    return ""


def _with_replacement(item: Placed, body: Replacement) -> Placed:
    if body.path == "metadata.name":
        return item._replace(name=body.into(item.name))
    if body.path == "metadata.namespace":
        return item._replace(namespace=body.into(item.namespace))
    return item._replace(patches=(*item.patches, Patch(None, body)))
