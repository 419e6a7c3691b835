"""The JSON patch of an agent container, with the habits of the library the injector uses.

That library (evanphx/json-patch 5.9) is laxer than RFC 6902 in places (`replace` of a missing key adds it,
negative indices count from the end) and stricter in others (`test` compares tokens as written), so RFC 6902
code would predict wrongly. Every error text is the library's.
"""

from __future__ import annotations

from dataclasses import dataclass

from migrate.injector import gojson, gotext, podtypes
from migrate.injector.annotation import read_patch
from migrate.injector.gojson import Token, Tree
from migrate.injector.podtypes import Decoded
from migrate.injector.refusal import CrashError, RefusalError

_NULL = Token("null")
_MISSING = "missing value"
_INDEX = "invalid index referenced"


def apply(container: Decoded, patch: str) -> Decoded:
    """The container after the patch, through Go's types. Raises RefusalError or CrashError."""
    if not patch:
        return container
    holder = _Holder(gojson.tree_of(container))
    try:
        for operation in read_patch(patch):
            _step(holder, operation)
    except RefusalError as error:
        raise RefusalError(f"failed to apply JSON patch: {error}") from error
    return podtypes.encode("Container", podtypes.decode("Container", gojson.value(holder.root)))


@dataclass(slots=True)
class _Holder:
    root: Tree


def _step(holder: _Holder, operation: dict[str, Tree]) -> None:
    kind = _text(operation.get("op"))
    match kind:
        case "add":
            _add(holder, operation)
        case "remove":
            _remove(holder, operation)
        case "replace":
            _replace(holder, operation)
        case "move":
            _move(holder, operation)
        case "test":
            _test(holder, operation)
        case "copy":
            _copy(holder, operation)
        case _:
            raise RefusalError(f"Unexpected kind: {'unknown' if kind is None else kind}")


def _text(tree: Tree | None) -> str | None:
    if isinstance(tree, Token) and tree.text.startswith('"'):
        return str(gojson.value(tree))
    return None


def _pointer(operation: dict[str, Tree], field: str, missing: str) -> str:
    tree = operation.get(field, _NULL)
    if tree == _NULL:
        raise RefusalError(f"{missing}: {_MISSING}")
    text = _text(tree)
    if text is None:
        raise RefusalError(f"json: cannot unmarshal {gojson.kind(tree)} into Go value of type string")
    return text


def _path(operation: dict[str, Tree], verb: str) -> str:
    try:
        return _pointer(operation, "path", "operation missing path field")
    except RefusalError as error:
        # Two verbs swallow the cause.
        cause = _MISSING if verb in ("add", "remove", "copy") else str(error)
        raise RefusalError(f"{verb} operation failed to decode path: {cause}") from error


def _from(operation: dict[str, Tree], verb: str) -> str:
    try:
        return _pointer(operation, "from", "operation, missing from field")
    except RefusalError as error:
        raise RefusalError(f"{verb} operation failed to decode from: {error}") from error


def _find(holder: _Holder, path: str) -> tuple[Tree | None, str]:
    """The container of the last step and that step; no container when the way there is broken."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")]
    if len(parts) < 2:
        return None, ""
    here: Tree = holder.root
    for part in parts[1:-1]:
        try:
            here = _get(here, part)
        except RefusalError:
            return None, ""
        if isinstance(here, Token):
            return None, ""
    return here, parts[-1]


def _get(container: Tree, key: str) -> Tree:
    if isinstance(container, dict):
        return container.get(key, _NULL)
    assert isinstance(container, list)
    return container[_index(key, len(container))]


def _index(key: str, length: int) -> int:
    at = gotext.atoi(key)
    if at >= length or at < -length:
        raise RefusalError(f"Unable to access invalid index: {at}: {_INDEX}")
    return at + length if at < 0 else at


def _put(container: Tree, key: str, value: Tree) -> None:
    """Add: into an object, before a place in a list, or after its end."""
    if isinstance(container, dict):
        container[key] = value
        return
    assert isinstance(container, list)
    if key == "-":
        container.append(value)
        return
    try:
        gotext.atoi(key)
    except RefusalError as error:
        raise RefusalError(f"value was not a proper array index: '{key}': {error}") from error
    container.insert(_index(key, len(container) + 1), value)


def _drop(container: Tree, key: str) -> None:
    if isinstance(container, dict):
        if key not in container:
            raise RefusalError(f"Unable to remove nonexistent key: {key}: {_MISSING}")
        del container[key]
        return
    assert isinstance(container, list)
    del container[_index(key, len(container))]


def _add(holder: _Holder, operation: dict[str, Tree]) -> None:
    path = _path(operation, "add")
    container, key = _find(holder, path)
    if container is None:
        raise RefusalError(f'add operation does not apply: doc is missing path: "{path}": {_MISSING}')
    try:
        _put(container, key, _copy_of(operation.get("value", _NULL)))
    except RefusalError as error:
        raise RefusalError(f"error in add for path: '{path}': {error}") from error


def _remove(holder: _Holder, operation: dict[str, Tree]) -> None:
    path = _path(operation, "remove")
    container, key = _find(holder, path)
    if container is None:
        raise RefusalError(f'remove operation does not apply: doc is missing path: "{path}": {_MISSING}')
    try:
        _drop(container, key)
    except RefusalError as error:
        raise RefusalError(f"error in remove for path: '{path}': {error}") from error


def _replace(holder: _Holder, operation: dict[str, Tree]) -> None:
    path = _path(operation, "replace")
    if path == "":
        holder.root = _new_root(operation)
        return
    container, key = _find(holder, path)
    if container is None:
        raise RefusalError(f"replace operation does not apply: doc is missing path: {path}: {_MISSING}")
    value = _copy_of(operation.get("value", _NULL))
    if isinstance(container, dict):
        container[key] = value
        return
    assert isinstance(container, list)
    try:
        at = _index(key, len(container))
    except RefusalError as error:
        raise RefusalError(f"replace operation does not apply: doc is missing key: {path}: {_MISSING}") from error
    container[at] = value


def _new_root(operation: dict[str, Tree]) -> Tree:
    if "value" not in operation:
        raise CrashError("a replace of the whole container without a value")
    value = operation["value"]
    if isinstance(value, Token):
        raise RefusalError("replace operation value must be object or array: %!w(<nil>)")
    return _copy_of(value)


def _move(holder: _Holder, operation: dict[str, Tree]) -> None:
    source = _from(operation, "move")
    container, key = _find(holder, source)
    if container is None:
        raise RefusalError(f"move operation does not apply: doc is missing from path: {source}: {_MISSING}")
    try:
        value = _get(container, key)
        _drop(container, key)
    except RefusalError as error:
        raise RefusalError(f"error in move for path: '{key}': {error}") from error
    path = _path(operation, "move")
    container, key = _find(holder, path)
    if container is None:
        raise RefusalError(f"move operation does not apply: doc is missing destination path: {path}: {_MISSING}")
    try:
        _put(container, key, value)
    except RefusalError as error:
        raise RefusalError(f"error in move for path: '{path}': {error}") from error


def _copy(holder: _Holder, operation: dict[str, Tree]) -> None:
    source = _from(operation, "copy")
    container, key = _find(holder, source)
    if container is None:
        raise RefusalError(f"copy operation does not apply: doc is missing from path: {source}: {_MISSING}")
    try:
        value = _get(container, key)
    except RefusalError as error:
        raise RefusalError(f"error in copy for from: '{source}': {error}") from error
    path = _path(operation, "copy")
    container, key = _find(holder, path)
    if container is None:
        raise RefusalError(f"copy operation does not apply: doc is missing destination path: {path}: {_MISSING}")
    try:
        _put(container, key, _copy_of(value))
    except RefusalError as error:
        raise RefusalError(f"error while adding value during copy: {error}") from error


def _test(holder: _Holder, operation: dict[str, Tree]) -> None:
    path = _path(operation, "test")
    if path == "":
        if "value" not in operation:
            raise CrashError("a test of the whole container without a value")
        _must_equal(path, holder.root, operation["value"])
        return
    container, key = _find(holder, path)
    if container is None:
        raise RefusalError(f"test operation does not apply: is missing path: {path}: {_MISSING}")
    try:
        value = _get(container, key)
    except RefusalError as error:
        raise RefusalError(f"error in test for path: '{path}': {error}") from error
    _must_equal(path, value, operation.get("value", _NULL))


def _must_equal(path: str, left: Tree, right: Tree) -> None:
    if not _equal(left, right):
        raise RefusalError(f"testing value {path} failed: test failed")


def _equal(left: Tree, right: Tree) -> bool:
    """Scalars by their text as written: `1.0` is not `1`, and an escaped letter is not the letter."""
    match left, right:
        case dict(), dict():
            same = left.keys() == right.keys()
            return same and all(_equal(value, right[key]) for key, value in left.items())
        case list(), list():
            if len(left) != len(right):
                return False
            if any(_NULL in pair for pair in zip(left, right, strict=True)):
                raise CrashError("a test of a list that holds null")
            return all(_equal(one, other) for one, other in zip(left, right, strict=True))
        case Token(), Token():
            return left.text == right.text
        case _:
            return False


def _copy_of(tree: Tree) -> Tree:
    match tree:
        case dict():
            return {key: _copy_of(item) for key, item in tree.items()}
        case list():
            return [_copy_of(item) for item in tree]
        case _:
            return tree
