"""JSON values: their type, their pointers (RFC 6901), the canonical form that digests are made of, and safe access.

Access never fails on an object of another shape: what is missing or of another type is empty.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

Pointer: TypeAlias = tuple[str | int, ...]
"""A path into a JSON value: keys as strings, list positions as integers."""


def pointer_text(pointer: Pointer) -> str:
    """Render a pointer as RFC 6901 text: `("a/b", 0)` becomes `/a~1b/0`, the root becomes `""`."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in pointer)


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Json) -> bytes:
    """The one byte form of a JSON value: keys sorted, no spaces, UTF-8, no NaN (ValueError)."""
    return _CANONICAL.encode(value).encode("utf-8", "surrogatepass")


def digest(value: Json, levels: int = 0) -> str:
    """sha256 of the canonical form, lower-case hex.

    `levels`: how deep the value is taken apart meanwhile; the answer is the same. For what is large as a whole: the
    canonical form of a plan of thousands of steps is hundreds of megabytes.
    """
    found = hashlib.sha256()
    for part in _parts(value, levels):
        found.update(part)
    return found.hexdigest()


def _parts(value: Json, levels: int) -> Iterator[bytes]:
    """The canonical form, piece by piece."""
    match value:
        case dict() if levels:
            yield b"{"
            for number, key in enumerate(sorted(value)):
                yield (b"," if number else b"") + canonical(key) + b":"
                yield from _parts(value[key], levels - 1)
            yield b"}"
        case list() if levels:
            yield b"["
            for number, item in enumerate(value):
                yield b"," if number else b""
                yield from _parts(item, levels - 1)
            yield b"]"
        case _:
            yield canonical(value)


def mapping(value: Json) -> dict[str, Json]:
    """The value if it is a map, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Json) -> list[Json]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def reach(value: Json, *path: str) -> Json:
    """The value below `path`, None where something on the way is missing or no map."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def at_pointer(value: Json, pointer: Pointer) -> Json:
    """What stands at a pointer that leads through maps; None where nothing does."""
    return reach(value, *map(str, pointer))


def text(value: Json) -> str:
    """The value if it is a string, else empty."""
    return value if isinstance(value, str) else ""


def text_at(value: Json, *path: str) -> str | None:
    """The string below `path`, None where there is none: an empty one is there."""
    found = reach(value, *path)
    return found if isinstance(found, str) else None


def items(value: Json) -> list[dict[str, Json]]:
    """The maps of a list; empty for anything else."""
    return [item for _, item in numbered(value)]


def numbered(value: Json) -> Iterator[tuple[int, dict[str, Json]]]:
    """The maps of a list with their positions; nothing for anything else."""
    for index, item in enumerate(sequence(value)):
        if isinstance(item, dict):
            yield index, item


def strings(value: Json) -> list[str]:
    """The strings of a list; empty for anything else."""
    return [item for item in sequence(value) if isinstance(item, str)]


def texts(value: Json) -> Iterator[str]:
    """Every string in it, at whatever depth; keys are none."""
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from texts(item)
        case dict():
            for item in value.values():
                yield from texts(item)
