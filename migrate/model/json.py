"""JSON values: their type, their pointers (RFC 6901), safe access, and the canonical form that digests are made of."""

from __future__ import annotations

import hashlib
import json
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

Pointer: TypeAlias = tuple[str | int, ...]
"""A path into a JSON value: keys as strings, list positions as integers."""


def pointer_text(pointer: Pointer) -> str:
    """Render a pointer as RFC 6901 text: `("a/b", 0)` becomes `/a~1b/0`, the root becomes `""`."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in pointer)


def canonical(value: Json) -> bytes:
    """The one byte form of a JSON value: keys sorted, no spaces, UTF-8, no NaN (ValueError)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def digest(value: Json) -> str:
    """sha256 of the canonical form, lower-case hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def mapping(value: Json) -> dict[str, Json]:
    """The value if it is a map, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Json) -> list[Json]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
