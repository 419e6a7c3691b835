"""The inventory as one line of text and back, so that a scan of an unchanged tree need not be made twice.

Like `factline`: JSON, because reading it must not be able to do anything but fail. What stands where follows from
the declarations in `inventory`, so that a field added there is kept without anybody thinking of it here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

from migrate.estate.inventory import Inventory

_Make: TypeAlias = Callable[[Any], Any]


def encode(inventory: Inventory) -> str:
    """One line of ASCII."""
    return json.dumps(inventory, default=_values, separators=(",", ":"))


def _values(value: object) -> list[object]:
    if not is_dataclass(value):
        raise TypeError(type(value).__name__)
    return [getattr(value, field.name) for field in fields(value)]


def decode(line: str) -> Inventory:
    """The inventory of a line. Raises ValueError if it is not one that `encode` wrote."""
    try:
        found = _maker(Inventory)(json.loads(line))
    except (TypeError, RecursionError) as error:
        raise ValueError("not a line of an inventory") from error
    if not isinstance(found, Inventory):
        raise ValueError("not a line of an inventory")
    return found


@cache
def _maker(kind: Any) -> _Make:
    """What turns JSON back into a value of a declared type."""
    if is_dataclass(kind) or hasattr(kind, "_fields"):
        return _record(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return _optional(next(item for item in arguments if item is not type(None)))
    return _sequence(arguments[0]) if origin is tuple else _as_it_is


def _record(kind: Any) -> _Make:
    hints = get_type_hints(kind)
    names = kind._fields if hasattr(kind, "_fields") else [field.name for field in fields(kind)]
    makers = [_maker(hints[name]) for name in names]

    def make(values: Any) -> Any:
        if not isinstance(values, list):
            raise TypeError("not a record")
        return kind(*[one(value) for one, value in zip(makers, values, strict=True)])

    return make


def _optional(kind: Any) -> _Make:
    one = _maker(kind)
    return lambda value: None if value is None else one(value)


def _sequence(kind: Any) -> _Make:
    one = _maker(kind)
    return lambda values: tuple([one(value) for value in values])


def _as_it_is(value: Any) -> Any:
    return value
