"""Entries of Vault's KV version 2: where the versions stand that a path of values has.

https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from migrate.model.json import Json, mapping
from migrate.model.target import Target, parse_target

_KIND = "versions"


def metadata_path(path: str) -> str:
    """Where the versions of `MOUNT/data/PATH` stand. Reading there shows numbers and times, and no value."""
    return path.replace("/data/", "/metadata/", 1)


def versions_of(path: str) -> Target:
    """The versions of `MOUNT/data/PATH`, as an observer is asked for them."""
    return parse_target(f"vault:{_KIND}/{path}")


def path_of(target: Target) -> str | None:
    """The inverse of `versions_of`; None for every other target."""
    kind, _, _ = target.kind.partition("/")
    return target.path.removeprefix(f"{_KIND}/") if (target.store, kind) == ("vault", _KIND) else None


def newest(metadata: Mapping[str, Json], now: datetime) -> dict[str, Json] | None:
    """The newest version of an entry's metadata as observers show it: `version`, `written`, and what became of it.

    None where no version was ever written. A time of deletion that is still to come deletes nothing yet.
    """
    number = metadata.get("current_version")
    if not isinstance(number, int) or not number:
        return None
    about = mapping(mapping(metadata.get("versions")).get(str(number)))
    shown: dict[str, Json] = {"version": number, "written": _time(str(about["created_time"]))}
    if about.get("destroyed") is True:
        return shown | {"destroyed": True}
    deleted = str(about.get("deletion_time") or "")
    return shown | ({"deleted": _time(deleted)} if deleted and _moment(deleted) <= now else {})


def _time(text: str) -> str:
    return _moment(text).astimezone(UTC).isoformat()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
