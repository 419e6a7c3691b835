"""What an observer of a practice world sees: the shapes of `migrate/checks/observations.py`, never a value.

`watch` shows what servers show of anything; `stored` what a read of something a plan may write gives.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from migrate.model.change import Absent, Doc, State
from migrate.model.json import Json
from migrate.model.target import Target
from migrate.targets import kv, ownership
from migrate.targets.columns import KINDS, columns_of
from migrate.targets.transit import shown as shown_of_key
from migrate.targets.transit import shown_at
from migrate.world import certificates, cluster, postgres, vault
from migrate.world.columns import compared, counted, restored, stored_column, writes
from migrate.world.state import Draft, World, draft

_ROLE_FIELDS = ("connect", "memberOf", "adminOf", "administeredBy")


def stored(world: World, target: Target) -> State:
    """What the server answers when a plan's target is read."""
    match target.store:
        case "vault":
            found = world.vault["paths"].get(shown_at(target))
            return Doc(shown_of_key(target, found["state"])) if found else Absent()
        case "postgres" if target.kind in KINDS:
            return stored_column(world, target)
        case "postgres":
            role = world.postgres["roles"].get(target.name)
            return Doc(_role(world, role["state"])) if role else Absent()
        case _ if target.kind == ownership.KIND:
            secret = world.cluster["objects"].get(f"Secret/{target.name}")
            return Doc(ownership.owners(secret.get("owners", []))) if secret else Absent()
        case _:
            workload = world.cluster["objects"].get(f"{target.kind}/{target.name}")
            if workload is None:
                return Absent()
            return Doc({"restartedAt": workload["restartedAt"]} if workload.get("restartedAt") else {})


def _role(world: World, state: dict[str, Any]) -> dict[str, Json]:
    """A login as the catalogue has it: every list in order, nothing left out."""
    shown: dict[str, Json] = {key: bool(state.get(key)) for key in ("login", "createrole", "superuser")}
    shown |= {key: sorted(state.get(key, []), key=str) for key in _ROLE_FIELDS}
    return shown | {"actsAs": dict(state.get("actsAs", {}))}


def watch(world: World, target: Target, now: datetime) -> State:
    """The target as an observer shows it; Absent where there is no such thing."""
    looking = draft(world, now)
    match target.store:
        case "vault":
            found = _vault(looking, target)
        case "postgres":
            found = _postgres(looking, world, target)
        case _ if target.kind == ownership.KIND:
            return stored(world, target)
        case _:
            found = cluster.shown(looking, target)
    return Absent() if found is None else Doc(found)


# --- Vault ---------------------------------------------------------------------------------------------------------


def _vault(world: Draft, target: Target) -> Json:
    if (path := kv.path_of(target)) is not None:
        return kv.newest(vault.metadata(world, path.replace("/data/", "/", 1)), world.now)
    if target.kind == "sys" and target.name == "health":
        sealed = bool(world.vault["sealed"])
        health: dict[str, Json] = {"initialized": True, "sealed": sealed, "version": world.vault["version"]}
        return health | {"cluster": world.vault["cluster"], "trusted": True}
    if target.kind.startswith("sys/mounts"):
        kind = world.vault["mounts"].get(target.path.removeprefix("sys/mounts/"))
        return {"type": kind} if kind else None
    if target.kind == "sys" and target.name == "host":
        return {"addresses": ["192.0.2.10"]}
    if target.kind.startswith("leases/"):
        path = f"{target.kind.removeprefix('leases/')}/{target.name}"
        return {"count": sum(1 for one in world.vault["leases"] if one["path"] == path)}
    if target.kind.endswith("/reach"):
        path = f"{target.kind.removesuffix('/reach')}/config/{target.name}"
        return vault.reached(world, path) if path in world.paths else None
    if target.kind.endswith("/authority"):
        return certificates.authority(world, target.kind.removesuffix("/authority"))
    if target.kind.endswith("/issued"):
        return _issued(certificates.of_name(world, target.kind.removesuffix("/issued"), target.name))
    found = world.paths.get(shown_at(target))
    if found is None:
        return None
    state: dict[str, Json] = dict(shown_of_key(target, found["state"]))
    if target.kind.endswith("/static-roles"):
        state["ttl"] = vault.time_to_live(world, found["state"])
    if target.kind.endswith("/config"):
        state["reachable"] = not world.faults.get("database")
    return state


def _issued(found: list[dict[str, Any]]) -> Json:
    valid = [
        {**{key: one[key] for key in ("serial", "since", "until")}, "by": one["role"].partition("/roles/")[0]}
        for one in found
        if not one["revoked"]
    ]
    return {"valid": list[Json](valid), "revoked": list[Json]([one["serial"] for one in found if one["revoked"]])}


# --- PostgreSQL ----------------------------------------------------------------------------------------------------


def _postgres(draft: Draft, world: World, target: Target) -> Json:
    server = draft.postgres
    if target.kind in KINDS | _SIDE_BY_SIDE:
        return _columns(draft, world, target)
    match target.kind, target.name:
        case "server", "settings":
            return {"version": server["version"], "system": server["system"]}
        case "server", "hba":
            return {"rules": server["hba"], "unread": 0}
        case "server", "revoked":
            return {"serials": [one["serial"] for one in certificates.issued(draft) if one["revoked"]]}
        case "certificates", login:
            return _certificates(postgres.sessions_of(draft, login))
        case "endpoint", address:
            return _endpoint(draft, address)
        case "role", _:
            found = stored(world, target)
            return found.value if isinstance(found, Doc) else None
        case "sessions", login:
            return _sessions(postgres.sessions_of(draft, login))
        case "ownership", database:
            found = server["databases"].get(database)
            return {"owners": found["owners"]} if found else None
        case _:
            return None


_SIDE_BY_SIDE = frozenset({"versions", "writes", "comparison", "restored"})


def _columns(draft: Draft, world: World, target: Target) -> Json:
    name, _, asked = target.name.partition("?")
    columns, about = columns_of(Target("postgres", target.kind, name)), dict(parse_qsl(asked))
    match target.kind:
        case "writes":
            return writes(draft, columns)
        case "versions":
            return counted(draft, columns)
        case "comparison":
            return compared(draft, columns, about["with"])
        case "restored":
            return restored(draft, columns, about["with"])
        case _:
            found = stored_column(world, target)
            return found.value if isinstance(found, Doc) else None


def _certificates(found: list[dict[str, Any]]) -> Json:
    serials = list[Json](sorted({str(one["certificate"]) for one in found if one.get("certificate")}))
    return {"count": len(found), "without": sum(1 for one in found if not one.get("certificate")), "serials": serials}


def _endpoint(draft: Draft, address: str) -> Json:
    server = draft.postgres
    here = address == server["address"] and not draft.faults.get("database")
    shown: dict[str, Json] = {"reachable": here}
    return shown | ({"tls": server["tls"], "trusted": True, "names": server["names"]} if here else {})


def _sessions(found: list[dict[str, Any]]) -> Json:
    shown: dict[str, Json] = {
        "count": len(found),
        "actingAs": list[Json](sorted({str(one["acting"]) for one in found})),
    }
    shown["clients"] = list[Json](sorted(str(one["client"]) for one in found))
    times = [str(one["since"]) for one in found]
    return shown | ({"oldest": min(times), "newest": max(times)} if times else {})
