"""Kustomize's changes, applied to an object in memory: strategic merge, RFC 6902 and replacements.

Good enough to read what an object becomes; nothing is ever written through here. A patch that does not fit
leaves the object as it was: kustomize itself will say so.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass

from migrate.model.json import Json

# Lists that Kubernetes merges by a key of their items; every other list is replaced.
_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "imagePullSecrets": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "hostAliases": "ip",
    "ports": "containerPort",
    "sources": "",
}
# Kinds that the API server knows; only these merge lists, custom resources replace them.
_NATIVE_GROUPS = {"", "apps", "batch", "networking.k8s.io", "rbac.authorization.k8s.io", "policy"}


def merge(target: Json, patch: Json, *, native: bool) -> Json:
    """The target with a strategic merge patch applied; `native` decides whether lists merge by key."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    result: dict[str, Json] = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None or (isinstance(value, dict) and value.get("$patch") == "delete"):
            result.pop(key, None)
        elif not key.startswith("$"):
            result[key] = _merge_value(key, result.get(key), value, native=native)
    return result


def _merge_value(key: str, old: Json, value: Json, *, native: bool) -> Json:
    if isinstance(value, list) and isinstance(old, list) and native and _MERGE_KEYS.get(key):
        return _merge_list(old, value, _MERGE_KEYS[key])
    return merge(old, value, native=native)


def _merge_list(old: list[Json], patch: list[Json], key: str) -> Json:
    """In kustomize's order (5.5.0): the patch's items first, as it has them, then what it does not name."""
    rest, named = list(old), list[Json]()
    for item in patch:
        if not isinstance(item, dict):
            return [*rest, *[entry for entry in patch if entry not in rest]]
        if item.get("$patch") == "replace":
            return [entry for entry in patch if entry is not item]
        place = next((i for i, o in enumerate(rest) if isinstance(o, dict) and o.get(key) == item.get(key)), None)
        there = None if place is None else rest.pop(place)
        if item.get("$patch") != "delete":
            named.append(item if there is None else merge(there, item, native=True))
    return [*named, *rest]


def difference(old: Json, new: Json) -> dict[str, Json]:
    """The strategic merge patch of a native object that makes `new` of `old`: of maps. `merge` is its reverse.

    Lists that are merged by a key of their items are changed item by item, every other list is replaced. Where new
    items stand in such a list is not said: kustomize puts them first.
    """
    before, after = (one if isinstance(one, dict) else {} for one in (old, new))
    patch: dict[str, Json] = {key: None for key in before if key not in after}
    for key, value in after.items():
        if key not in before:
            patch[key] = value
        elif before[key] != value:
            patch[key] = _differing(key, before[key], value)
    return patch


def _differing(key: str, old: Json, new: Json) -> Json:
    if isinstance(old, dict) and isinstance(new, dict):
        return difference(old, new)
    by = _MERGE_KEYS.get(key)
    if by and isinstance(old, list) and isinstance(new, list):
        return [*_items(by, old, new)]
    return new


def _items(by: str, old: list[Json], new: list[Json]) -> Iterator[Json]:
    before, after = ({str(one[by]): one for one in held if isinstance(one, dict)} for held in (old, new))
    yield from ({by: one[by], "$patch": "delete"} for name, one in before.items() if name not in after)
    for name, one in after.items():
        if name not in before:
            yield one
        elif before[name] != one:
            yield {by: one[by], **difference(before[name], one)}


def is_native(api: str) -> bool:
    """Whether lists of this API's objects merge by key."""
    group = api.rpartition("/")[0]
    return group in _NATIVE_GROUPS


def apply_operations(target: Json, operations: list[Json]) -> Json:
    """The target after RFC 6902 operations; those that do not fit are left out."""
    document = copy.deepcopy(target)
    for operation in operations:
        if isinstance(operation, dict) and isinstance(path := operation.get("path"), str):
            tokens = [token.replace("~1", "/").replace("~0", "~") for token in path.split("/")[1:]]
            document = _operate(document, str(operation.get("op")), tokens, operation.get("value"))
    return document


def _operate(document: Json, op: str, tokens: list[str], value: Json) -> Json:
    if op not in {"add", "replace", "remove"}:
        return document
    if not tokens:
        return document if op == "remove" else copy.deepcopy(value)
    parent = _descend(document, tokens[:-1])
    if isinstance(parent, dict):
        if op == "remove":
            parent.pop(tokens[-1], None)
        else:
            parent[tokens[-1]] = copy.deepcopy(value)
    elif isinstance(parent, list):
        _operate_list(parent, op, tokens[-1], value)
    return document


def _operate_list(parent: list[Json], op: str, token: str, value: Json) -> None:
    if token == "-":
        parent.append(copy.deepcopy(value))
        return
    if not token.isdigit() or int(token) > len(parent):
        return
    index = int(token)
    if op == "add":
        parent.insert(index, copy.deepcopy(value))
    elif index < len(parent) and op == "replace":
        parent[index] = copy.deepcopy(value)
    elif index < len(parent):
        del parent[index]


def _descend(document: Json, tokens: list[str]) -> Json:
    node = document
    for token in tokens:
        if isinstance(node, dict):
            node = node.get(token)
        elif isinstance(node, list) and token.isdigit() and int(token) < len(node):
            node = node[int(token)]
        else:
            return None
    return node


@dataclass(frozen=True, slots=True)
class Replacement:
    """A value that kustomize copies into a field. With a delimiter only one part of the field is replaced."""

    path: str
    value: str
    delimiter: str = ""
    index: int = 0
    create: bool = False

    def into(self, old: str) -> str:
        """The field's new text."""
        if not self.delimiter:
            return self.value
        parts = old.split(self.delimiter)
        if self.index < 0 or self.index >= len(parts):
            return self.delimiter.join([self.value, *parts] if self.index < 0 else [*parts, self.value])
        parts[self.index] = self.value
        return self.delimiter.join(parts)


_PATH_PART = re.compile(r"\[([^\]]+)\]|((?:\\.|[^.\[])+)")


def field_path(path: str) -> list[str]:
    """`spec.containers.[name=a].env.0.value` as its parts; `\\.` is a dot inside a name."""
    return [
        f"[{match.group(1)}]" if match.group(1) else match.group(2).replace("\\.", ".")
        for match in _PATH_PART.finditer(path)
    ]


def look_up(value: Json, path: str) -> Json:
    """What stands at a kustomize field path, or None."""
    for part in field_path(path):
        value = next(iter(_children(value, part)), None)
    return value


def replace_in(document: Json, replacement: Replacement) -> Json:
    """The document with the replacement made wherever its path leads."""
    result = copy.deepcopy(document)
    *way, last = field_path(replacement.path)
    parents: list[Json] = [result]
    for part in way:
        parents = [child for parent in parents for child in _children(parent, part)]
    for parent in parents:
        if isinstance(parent, dict) and (isinstance(parent.get(last), str) or replacement.create):
            parent[last] = replacement.into(str(parent.get(last) or ""))
        elif isinstance(parent, list):
            parent[:] = [replacement.value if last in {"*", str(i)} else item for i, item in enumerate(parent)]
    return result


def _children(value: Json, part: str) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values()) if part == "*" else [value[part]] if part in value else []
    if not isinstance(value, list):
        return []
    if part == "*":
        return value
    if part.isdigit():
        return value[int(part) : int(part) + 1]
    key, _, word = part.strip("[]").partition("=")
    return [item for item in value if isinstance(item, dict) and str(item.get(key)) == word]
