"""Edits of one YAML document as values, and what each does to the JSON value in memory.

`change` is the meaning of an edit: planners use it to see the result, and the byte editor re-reads what it
wrote and compares with it. It never changes what it is given: it returns a new value that shares the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from migrate.model.errors import Refused
from migrate.model.json import Json, Pointer, pointer_text


@dataclass(frozen=True, slots=True)
class SetScalar:
    """Put a scalar where a scalar (or nothing but a key) stands."""

    pointer: Pointer
    value: str | bool | int | float | None


@dataclass(frozen=True, slots=True)
class AddKey:
    """Add a key that is not there yet. Parents that are missing or null become mappings."""

    parent: Pointer
    key: str
    value: Json


@dataclass(frozen=True, slots=True)
class RemoveKey:
    """Take a key away, with everything under it. Its parent stays, empty if it was the only one."""

    pointer: Pointer


@dataclass(frozen=True, slots=True)
class AppendItem:
    """Add an item at the end of a list. A list that is missing or null comes into being."""

    sequence: Pointer
    value: Json


@dataclass(frozen=True, slots=True)
class InsertItem:
    """Add an item right before the one that `before` means (as in RemoveItem): for lists whose order matters."""

    sequence: Pointer
    before: Json
    value: Json


@dataclass(frozen=True, slots=True)
class RemoveItem:
    """Take away the one item that is `identity`, or that is a mapping holding every pair of it.

    `{"name": "app"}` means the item named app, whatever its position. None or several such items: CannotEdit.
    """

    sequence: Pointer
    identity: Json


@dataclass(frozen=True, slots=True)
class RemoveDocument:
    """Take the whole document out of its file."""


@dataclass(frozen=True, slots=True)
class AddDocument:
    """Add a document at the end of the file. The document that an edit is addressed to stays as it is."""

    value: Json


Edit: TypeAlias = SetScalar | AddKey | RemoveKey | AppendItem | InsertItem | RemoveItem | RemoveDocument | AddDocument


class CannotEdit(Refused):
    """The edit would not be exact or not safe, so it was not made. `reason` says why, `pointer` where."""

    def __init__(self, reason: str, pointer: Pointer = (), file: str = "") -> None:
        super().__init__(
            f"cannot edit {pointer_text(pointer) or 'the document'}{f' of {file}' if file else ''}: {reason}",
            truth="the file is as it was",
            following="make this change by hand, then plan again",
        )
        self.reason = reason
        self.pointer = pointer
        self.file = file

    def of(self, file: str) -> CannotEdit:
        """The same, naming the file, where it names none yet."""
        return CannotEdit(self.reason, self.pointer, self.file or file)


def pointer_of(edit: Edit) -> Pointer:
    """What an edit is about: the key or scalar itself, or the list; the root for a document."""
    match edit:
        case SetScalar(pointer, _) | RemoveKey(pointer) | AppendItem(pointer, _) | RemoveItem(pointer, _):
            return pointer
        case InsertItem(pointer, _, _):
            return pointer
        case AddKey(parent, key, _):
            return (*parent, key)
        case RemoveDocument() | AddDocument():
            return ()


def change(value: Json, edit: Edit) -> Json:
    """The value after the edit, sharing what did not change. A removed document becomes null.

    Raises CannotEdit where the edit has nothing to act on: no such key, one that is already there, no list.
    """
    match edit:
        case SetScalar(pointer, new):
            return _replace(value, pointer, new, pointer)
        case AddKey(parent, key, new):
            return _add(value, parent, key, new, parent)
        case RemoveKey(pointer):
            return _remove(value, pointer, pointer)
        case AppendItem(sequence, new):
            return _append(value, sequence, new, sequence)
        case InsertItem(sequence, before, new):
            return _insert(value, sequence, before, new)
        case RemoveItem(sequence, identity):
            return _remove_item(value, sequence, identity)
        case RemoveDocument():
            return None
        case AddDocument():
            return value


def change_all(value: Json, edits: tuple[Edit, ...] | list[Edit]) -> Json:
    """The value after every edit in turn."""
    for edit in edits:
        value = change(value, edit)
    return value


def find(value: Json, pointer: Pointer) -> Json:
    """What stands at a pointer. Raises CannotEdit when nothing does."""
    for token in pointer:
        value = _child(value, token, pointer)
    return value


def position_of(items: list[Json], identity: Json, pointer: Pointer) -> int:
    """Which item an identity means. Raises CannotEdit when none or several do."""
    found = [position for position, item in enumerate(items) if _is(item, identity)]
    if len(found) != 1:
        raise CannotEdit("no such item" if not found else f"{len(found)} items are meant by this", pointer)
    return found[0]


def same(one: Json, other: Json) -> bool:
    """Equal as JSON: true is not 1, and 1.0 is 1."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _is(item: Json, identity: Json) -> bool:
    if isinstance(item, dict) and isinstance(identity, dict) and identity:
        return all(key in item and same(item[key], wanted) for key, wanted in identity.items())
    return same(item, identity)


def _child(value: Json, token: str | int, pointer: Pointer) -> Json:
    if isinstance(value, dict) and isinstance(token, str) and token in value:
        return value[token]
    if isinstance(value, list) and isinstance(token, int) and 0 <= token < len(value):
        return value[token]
    raise CannotEdit("there is no such value", pointer)


def _with(value: Json, token: str | int, new: Json) -> Json:
    if isinstance(value, dict):
        return {**value, str(token): new}
    assert isinstance(value, list)
    assert isinstance(token, int)
    return [*value[:token], new, *value[token + 1 :]]


def _replace(value: Json, rest: Pointer, new: Json, pointer: Pointer) -> Json:
    if not rest:
        if isinstance(value, dict | list):
            raise CannotEdit("a mapping or a list stands where a scalar was expected", pointer)
        return new
    child = _child(value, rest[0], pointer)
    return _with(value, rest[0], _replace(child, rest[1:], new, pointer))


def _add(value: Json, rest: Pointer, key: str, new: Json, parent: Pointer) -> Json:
    if value is None:
        value = {}
    if rest and isinstance(value, dict) and isinstance(rest[0], str):
        return {**value, rest[0]: _add(value.get(rest[0]), rest[1:], key, new, parent)}
    if rest:
        return _with(value, rest[0], _add(_child(value, rest[0], parent), rest[1:], key, new, parent))
    if not isinstance(value, dict):
        raise CannotEdit("not a mapping", parent)
    if key in value:
        raise CannotEdit("the key is already there", (*parent, key))
    return {**value, key: new}


def _remove(value: Json, rest: Pointer, pointer: Pointer) -> Json:
    if not rest:
        raise CannotEdit("the whole document is not a key", pointer)
    child = _child(value, rest[0], pointer)
    if len(rest) > 1:
        return _with(value, rest[0], _remove(child, rest[1:], pointer))
    if not isinstance(value, dict):
        raise CannotEdit("not a key of a mapping", pointer)
    return {key: kept for key, kept in value.items() if key != rest[0]}


def _append(value: Json, rest: Pointer, new: Json, sequence: Pointer) -> Json:
    if not rest:
        if not isinstance(value, list | None):
            raise CannotEdit("not a list", sequence)
        return [*(value or []), new]
    if value is None:
        value = {}
    if isinstance(value, dict) and isinstance(rest[0], str):
        return {**value, rest[0]: _append(value.get(rest[0]), rest[1:], new, sequence)}
    return _with(value, rest[0], _append(_child(value, rest[0], sequence), rest[1:], new, sequence))


def _insert(value: Json, sequence: Pointer, before: Json, new: Json) -> Json:
    items = find(value, sequence)
    if not isinstance(items, list):
        raise CannotEdit("not a list", sequence)
    position = position_of(items, before, sequence)
    return _put(value, sequence, [*items[:position], new, *items[position:]])


def _remove_item(value: Json, sequence: Pointer, identity: Json) -> Json:
    items = find(value, sequence)
    if not isinstance(items, list):
        raise CannotEdit("not a list", sequence)
    position = position_of(items, identity, sequence)
    return _put(value, sequence, items[:position] + items[position + 1 :])


def _put(value: Json, pointer: Pointer, new: Json) -> Json:
    if not pointer:
        return new
    return _with(value, pointer[0], _put(_child(value, pointer[0], pointer), pointer[1:], new))
