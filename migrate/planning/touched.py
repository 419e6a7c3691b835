"""What the cutover edits in a release's document, for the gate that has its chart rendered before and after it."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.model.json import Json, canonical


def touched(patch: Iterable[dict[str, Json]], more: Iterable[str] = ()) -> str:
    """Canonical JSON: `patch`, what the cutover does to the document; `places`, pointers of that and of `more`."""
    operations = [*patch]
    places = {str(one["path"]) for one in operations if one["op"] != "test"}
    return canonical({"places": list[Json](sorted({*places, *more})), "patch": list[Json](operations)}).decode()
