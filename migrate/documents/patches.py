"""JSON Patches (RFC 6902) both ways, guarded and proven.

`jsonpatch.make_patch` is right but unguarded, and edits lists by position: applied to an object that has moved on
it changes the wrong item. Here a patch begins with `test` operations for everything it replaces or removes and
for every list item it counts past, and lists of named items are edited item by item.
This module knows nothing of Kubernetes beyond the keys by which its lists are told apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import jsonpatch

from migrate.documents.edits import same
from migrate.model.json import Json, Pointer, pointer_text

Operation: TypeAlias = dict[str, Json]
Patch: TypeAlias = list[Operation]

_NAMES = ("name", "mountPath", "containerPort", "port", "key", "path", "kind")
"""Keys that tell list items apart, tried in this order: the first that all items have, each with its own value."""


class Unproven(Exception):  # noqa: N818 - a bug of ours, never the input's
    """A patch that did not give the value it was made for. It was not handed out."""


def patch(before: Json, after: Json) -> tuple[Patch, Patch]:
    """The patch from `before` to `after` and the one back; both empty when they are the same.

    Every patch begins with its tests, which hold on exactly the value it was made for, at the places it touches.
    Proven with the jsonpatch library before it is returned: raises Unproven otherwise.
    """
    return _proven(before, after), _proven(after, before)


def differences(before: Json, after: Json) -> Patch:
    """One of the two, for whoever proves it in the form in which it is handed out."""
    made = _Patch()
    _differ(before, after, (), made)
    return made.operations()


def _proven(before: Json, after: Json) -> Patch:
    operations = differences(before, after)
    try:
        result = jsonpatch.apply_patch(before, operations)
    except jsonpatch.JsonPatchException as error:
        raise Unproven("a patch does not apply to the value it was made for") from error
    if not same(result, after):
        raise Unproven("a patch does not give the value it was made for")
    return operations


@dataclass(slots=True)
class _Patch:
    """Tests first (all hold before anything changes), then the changes in order."""

    tests: dict[str, Operation] = field(default_factory=dict)
    changes: Patch = field(default_factory=list)

    def test(self, pointer: Pointer, value: Json) -> None:
        path = pointer_text(pointer)
        self.tests.setdefault(path, {"op": "test", "path": path, "value": value})

    def change(self, op: str, path: str, value: Json) -> None:
        self.changes.append({"op": op, "path": path, "value": value})

    def remove(self, path: str) -> None:
        self.changes.append({"op": "remove", "path": path})

    def operations(self) -> Patch:
        return [*self.tests.values(), *self.changes]


def _differ(before: Json, after: Json, pointer: Pointer, made: _Patch) -> None:
    if same(before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        _differ_mapping(before, after, pointer, made)
    elif isinstance(before, list) and isinstance(after, list) and before and after:
        _differ_list(before, after, pointer, made)
    else:
        made.test(pointer, before)
        made.change("replace", pointer_text(pointer), after)


def _differ_mapping(before: dict[str, Json], after: dict[str, Json], pointer: Pointer, made: _Patch) -> None:
    for key, value in before.items():
        if key not in after:
            made.test((*pointer, key), value)
            made.remove(pointer_text((*pointer, key)))
    for key, value in after.items():
        if key in before:
            _differ(before[key], value, (*pointer, key), made)
        else:
            # RFC 6902 cannot test for absence, and `add` overwrites: an empty parent can be tested whole.
            if not before:
                made.test(pointer, {})
            made.change("add", pointer_text((*pointer, key)), value)


def _differ_list(before: list[Json], after: list[Json], pointer: Pointer, made: _Patch) -> None:
    """Item by item where items can be told apart and those that stay keep their order; else the whole list."""
    keys = _identities(before, after)
    if keys is None:
        made.test(pointer, before)
        made.change("replace", pointer_text(pointer), after)
        return
    old, new = keys
    # Positions below are of `before`: the changes within items come first, then removals from the end.
    for position, identity in enumerate(old):
        if identity in new:
            wanted = after[new.index(identity)]
            if not same(before[position], wanted):
                _guard_item(before[position], (*pointer, position), made)
                _differ(before[position], wanted, (*pointer, position), made)
    for position in reversed([p for p, identity in enumerate(old) if identity not in new]):
        made.test((*pointer, position), before[position])
        made.remove(pointer_text((*pointer, position)))
    _add_items(before, after, keys, pointer, made)


def _add_items(
    before: list[Json], after: list[Json], keys: tuple[list[str], list[str]], pointer: Pointer, made: _Patch
) -> None:
    old, new = keys
    kept = sum(identity in new for identity in old)
    for position, identity in enumerate(new):
        if identity in old:
            continue
        # `-` says "at the end" whatever the list has become; a position says "before this item", tested.
        at_end = position >= kept
        if at_end:
            _guard_item(before[-1], (*pointer, len(before) - 1), made)
        else:
            follower = next(old.index(k) for k in new[position:] if k in old)
            _guard_item(before[follower], (*pointer, follower), made)
        kept += 1
        made.change("add", pointer_text((*pointer, "-" if at_end else position)), after[position])


def _guard_item(item: Json, pointer: Pointer, made: _Patch) -> None:
    """Test that a position still holds the item it held: by its name where it has one, else as a whole."""
    if isinstance(item, dict):
        for name in _NAMES:
            if name in item:
                made.test((*pointer, name), item[name])
                return
    made.test(pointer, item)


def _identities(before: list[Json], after: list[Json]) -> tuple[list[str], list[str]] | None:
    """What tells the items of both lists apart; None where nothing does or items that stay change places."""
    for name in _NAMES:
        old, new = _named(before, name), _named(after, name)
        if old is not None and new is not None:
            return (old, new) if _same_order(old, new) else None
    old, new = _scalars(before), _scalars(after)
    if old is not None and new is not None and _same_order(old, new):
        return old, new
    return None


def _named(items: list[Json], name: str) -> list[str] | None:
    found = [repr(item[name]) for item in items if isinstance(item, dict) and name in item]
    return found if len(found) == len(items) and len(set(found)) == len(found) else None


def _scalars(items: list[Json]) -> list[str] | None:
    found = [repr(item) for item in items if not isinstance(item, dict | list)]
    return found if len(found) == len(items) and len(set(found)) == len(found) else None


def _same_order(old: list[str], new: list[str]) -> bool:
    return [identity for identity in old if identity in new] == [identity for identity in new if identity in old]
