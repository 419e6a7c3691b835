"""Kustomize's two kinds of patch, applied to an object in memory: strategic merge and RFC 6902.

Good enough to read what an object becomes; nothing is ever written through here. A patch that does not fit
leaves the object as it was: kustomize itself will say so.
"""

from __future__ import annotations

import copy

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
    result = list(old)
    for item in patch:
        if not isinstance(item, dict):
            return [*result, *[entry for entry in patch if entry not in result]]
        place = next(
            (i for i, o in enumerate(result) if isinstance(o, dict) and o.get(key) == item.get(key)), None
        )
        if item.get("$patch") == "replace":
            return [entry for entry in patch if entry is not item]
        if item.get("$patch") == "delete":
            result = [entry for index, entry in enumerate(result) if index != place]
        elif place is None:
            result.append(item)
        else:
            result[place] = merge(result[place], item, native=True)
    return result


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
