"""Edits of a kustomization's lists of files: `resources`, `components` and whatever else lists paths."""

from __future__ import annotations

import posixpath

from migrate.documents.edits import AppendItem, RemoveItem
from migrate.model.json import Json


def add_resource(kustomization: Json, path: str, field: str = "resources") -> tuple[AppendItem, ...]:
    """The edit that lists a path; none where it is listed already, also as `./path` or `path/`."""
    return () if _listed(kustomization, path, field) else (AppendItem((field,), path),)


def remove_resource(kustomization: Json, path: str, field: str = "resources") -> tuple[RemoveItem, ...]:
    """The edits that take a path off the list, however it is spelt; none where it is not listed."""
    return tuple(RemoveItem((field,), entry) for entry in _listed(kustomization, path, field))


def _listed(kustomization: Json, path: str, field: str) -> list[str]:
    entries = kustomization.get(field) if isinstance(kustomization, dict) else None
    wanted = posixpath.normpath(path)
    return [
        entry
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, str) and "://" not in entry and posixpath.normpath(entry) == wanted
    ]
