"""The fewest edits that make a document hold what is wanted, leaving everything else as it is."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

from migrate.documents.edits import AddKey, AppendItem, CannotEdit, Edit, RemoveKey, SetScalar
from migrate.model.json import Json, Pointer, at_pointer


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


def without(at: Pointer, held: Mapping[str, Json], names: Container[str], *, kept: bool = False) -> Iterator[Edit]:
    """Keys away from the map that is held there; one that only held these goes as a whole, unless it is kept."""
    keys = [key for key in held if key in names]
    if keys and len(keys) == len(held) and not kept:
        yield RemoveKey(at)
        return
    yield from (RemoveKey((*at, key)) for key in keys)


def _kind(value: Json) -> str:
    match value:
        case dict():
            return "a map"
        case list():
            return "a list"
        case _:
            return "a plain value"
