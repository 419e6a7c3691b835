"""Entries of `persistence` in the values of charts that have it: the volumes they are, and who mounts them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.model.json import Json, mapping, sequence, text


@dataclass(frozen=True, slots=True)
class Mounted:
    """Who mounts an entry of `persistence`: every container, or those that it names."""

    key: str
    entry: dict[str, Json]
    controller: str

    @property
    def here(self) -> bool:
        """Whether this pod has the volume."""
        advanced = mapping(self.entry.get("advancedMounts"))
        return bool(self.entry.get("globalMounts") or not advanced or advanced.get(self.controller))

    def __call__(self, container: str) -> Iterator[dict[str, Json]]:
        """The container's mounts of it."""
        if not self.key:
            return
        everybody, some = sequence(self.entry.get("globalMounts")), mapping(self.entry.get("advancedMounts"))
        chosen = [*everybody, *sequence(mapping(some.get(self.controller)).get(container))]
        for one in chosen if everybody or some else [{}]:
            mount = mapping(one)
            rest = {key: value for key, value in mount.items() if key != "path"}
            yield {"name": self.key, "mountPath": text(mount.get("path")) or f"/{self.key}", **rest}


def volume(key: str, entry: dict[str, Json]) -> dict[str, Json]:
    """The volume of an entry. What it is made of matters where that is a Secret, or plain."""
    match entry.get("type"):
        case "secret":
            kept: dict[str, Json] = {name: entry[name] for name in ("items", "defaultMode") if name in entry}
            return {"name": key, "secret": {"secretName": entry.get("name"), **kept}}
        case "emptyDir":
            return {"name": key, "emptyDir": {name: entry[name] for name in ("medium", "sizeLimit") if name in entry}}
        case "custom":
            return {"name": key, **mapping(entry.get("volumeSpec"))}
        case _:
            return {"name": key}
