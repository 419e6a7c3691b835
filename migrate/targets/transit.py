"""Keys of Vault's Transit engine as requests: made at their own path, changed at another, rotated at a third.

A rotation is a target of its own, `MOUNT/rotation/NAME`, whose state is the newest version that the key has.

Shapes: https://developer.hashicorp.com/vault/api-docs/secret/transit
"""

from __future__ import annotations

import re

from migrate.model.change import Absent, Change, Doc
from migrate.model.json import Json, mapping
from migrate.model.target import Target

_AT_CREATION = ("type", "exportable", "allow_plaintext_backup", "derived", "auto_rotate_period")
_AFTERWARDS = (
    "min_decryption_version",
    "min_encryption_version",
    "deletion_allowed",
    "exportable",
    "allow_plaintext_backup",
    "auto_rotate_period",
)
_CIPHERTEXT = re.compile(r"vault:v([1-9]\d*):.+", re.DOTALL)


def is_key(target: Target) -> bool:
    """Whether a target is a key of Transit, or its rotation."""
    return target.store == "vault" and target.kind.endswith(("/keys", "/rotation"))


def rotation_of(key: Target) -> Target:
    """The rotation of a key as a target."""
    return Target("vault", f"{key.kind.removesuffix('/keys')}/rotation", key.name)


def shown_at(target: Target) -> str:
    """The path of Vault that shows a target: a rotation is seen in its key."""
    return f"{target.kind.removesuffix('/rotation')}/keys/{target.name}" if _is_rotation(target) else target.path


def shown(target: Target, data: dict[str, Json]) -> dict[str, Json]:
    """What of that path's answer is the target's state."""
    return {"latest_version": data.get("latest_version")} if _is_rotation(target) else data


def _is_rotation(target: Target) -> bool:
    return target.store == "vault" and target.kind.endswith("/rotation")


def key_request(change: Change) -> tuple[str, dict[str, Json]]:
    """The path and the body that make a key, change or rotate one. Raises ValueError for its removal: keys stay."""
    path, after = shown_at(change.target), change.after
    if not isinstance(after, Doc):
        raise ValueError(f"{change.target} is never deleted")
    if _is_rotation(change.target):
        return f"{path}/rotate", {}
    wanted = mapping(after.value)
    if isinstance(change.before, Absent):
        return path, {key: wanted[key] for key in _AT_CREATION if key in wanted}
    before = mapping(change.before.value) if isinstance(change.before, Doc) else {}
    return f"{path}/config", {
        key: wanted[key] for key in _AFTERWARDS if key in wanted and wanted[key] != before.get(key)
    }


def version_of(ciphertext: str) -> int | None:
    """The version of the key that a ciphertext was made with; None where it is no ciphertext of Transit."""
    found = _CIPHERTEXT.fullmatch(ciphertext)
    return int(found[1]) if found else None
