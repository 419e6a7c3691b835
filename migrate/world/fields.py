"""What of a world's things can be set by hand. A field that no rule reads would look like a change and be none."""

from __future__ import annotations

from collections.abc import Mapping

from migrate.model.errors import Failed, Usage
from migrate.model.json import Json
from migrate.model.target import Target
from migrate.targets.kinds import kind_of
from migrate.world.state import Draft

_SESSION = frozenset({"client", "database"})
_WRITES = frozenset({"writes"})
_ROLE = frozenset(
    ("login", "createrole", "superuser", "connect", "memberOf", "adminOf", "administeredBy", "actsAs", "password")
)
# Beside what an object shows: what rules read of it where somebody has set it.
_SWITCHES = {
    "Deployment": frozenset({"broken"}),
    "StatefulSet": frozenset({"broken"}),
    "DaemonSet": frozenset({"broken"}),
    "Kustomization": frozenset({"suspended"}),
    "HelmRelease": frozenset({"suspended", "failed"}),
}


def settable(draft: Draft, target: Target) -> frozenset[str] | None:
    """The fields that can be set on it; None where names are the estate's own (KV entries, the data of Secrets).

    Raises Failed where it is not there and cannot be made by setting one field.
    """
    match target.store, target.kind:
        case "postgres", "sessions":
            return _SESSION
        case "postgres", "writes":
            return _WRITES
        case "postgres", "role":
            return _ROLE
        case "postgres", "writes":
            return frozenset({"writes"})
        case ("vault", kind) if kind.split("/")[0] == "kv":
            return None
        case "cluster", "Secret":
            return None
        case "vault", "policy":
            return frozenset({"policy"})
        case "vault", _:
            _there(draft.paths, target.path, target)
            return frozenset(_flat(draft, target)) | frozenset(draft.paths[target.path]["state"])
        case "cluster", _:
            key = f"{target.kind}/{target.name}"
            _there(draft.objects, key, target)
            return frozenset(draft.objects[key]) | _SWITCHES.get(target.kind, frozenset())
        case _:
            return None  # nothing of a world: who changes it says so


def insist(draft: Draft, target: Target, fields: Mapping[str, Json]) -> None:
    """Return if every field is one that can be set. Raises Usage naming those that can, Failed."""
    known = settable(draft, target)
    if known is not None and (unknown := sorted(fields.keys() - known)):
        raise Usage(
            f"{target} has no field {', '.join(unknown)}",
            undone="nothing was changed",
            following=f"its fields: {', '.join(sorted(known))}",
        )


def put(draft: Draft, target: Target, fields: Mapping[str, Json]) -> None:
    """Set fields of something at a path of Vault, those that lie deeper in it where they lie."""
    state = draft.paths.setdefault(target.path, {"state": {}})["state"]
    deeper = _flat(draft, target)
    for name, value in fields.items():
        (deeper if name in deeper and name not in state else state)[name] = value


def _flat(draft: Draft, target: Target) -> dict[str, Json]:
    """The map that stands beside the other fields when written (a connection's details); empty where there is none."""
    state = draft.paths.get(target.path, {}).get("state", {})
    found: dict[str, Json] = state.get(kind_of(target).flat, {})
    return found


def _there(held: Mapping[str, object], key: str, target: Target) -> None:
    if key not in held:
        raise Failed(
            f"there is no {target} in this world", undone="nothing was changed", following="migrate practice show DIR"
        )
