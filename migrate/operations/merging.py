"""The fewest edits that make a document hold what is wanted, leaving everything else as it is."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.documents.edits import AddKey, AppendItem, CannotEdit, Edit, SetScalar
from migrate.model.json import Json, Pointer


def merge(document: Json, at: Pointer, wanted: dict[str, Json]) -> Iterator[Edit]:
    """Edits after which everything in `wanted` stands under `at`: maps by key, lists by item, the rest replaced.

    Raises CannotEdit where a list or map would have to give way to something else: that is for a human.
    """
    here = at_pointer(document, at)
    for key, value in wanted.items():
        present = here.get(key) if isinstance(here, dict) else None
        if not isinstance(here, dict) or key not in here:
            yield AddKey(at, key, value)
        elif isinstance(value, dict) and (isinstance(present, dict) or present is None):
            yield from merge(document, (*at, key), value)
        elif isinstance(value, list) and (isinstance(present, list) or present is None):
            yield from (AppendItem((*at, key), item) for item in value if item not in (present or []))
        elif isinstance(value, dict | list) or isinstance(present, dict | list):
            raise CannotEdit(f"it holds {_kind(present)} where {_kind(value)} is wanted", (*at, key))
        elif present != value or isinstance(present, bool) != isinstance(value, bool):
            yield SetScalar((*at, key), value)


def at_pointer(document: Json, at: Pointer) -> Json:
    """What stands there; None where nothing does."""
    node = document
    for token in at:
        node = node.get(str(token)) if isinstance(node, dict) else None
    return node


def _kind(value: Json) -> str:
    match value:
        case dict():
            return "a map"
        case list():
            return "a list"
        case _:
            return "a plain value"
