"""What somebody else may do to a world's servers: break something, or work on them beside us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migrate.model.errors import Failed, Usage
from migrate.model.json import Json
from migrate.model.target import Target
from migrate.targets.columns import columns_of
from migrate.world import fields as known
from migrate.world import postgres, vault
from migrate.world.columns import written_by_application
from migrate.world.flux import collect
from migrate.world.state import Draft, written

SWITCHES = {
    "sealed": "Vault is sealed: it answers, and serves nobody",
    "vault": "Vault does not answer",
    "database": "PostgreSQL does not answer",
    "cluster": "the API server does not answer",
    "flux": "Flux is suspended: what is merged is not applied",
    "eso": "the External Secrets Operator is down",
    "old-eso": "the External Secrets Operator is as old as 0.10: creationPolicy Orphan leaves its owner reference",
    "webhook": "the injector's webhook is down",
    "restored": "the Vault that was restored from a backup does not open what is sealed",
}
COUNTED = {
    "lost-answer": "so many writes are done, and their answers lost",
    "lost-request": "so many writes are lost on the way, and so are their answers",
}


def fault(draft: Draft, name: str, setting: str) -> None:
    """Break or mend something: `on` and `off`, or a number for what is counted. Raises Usage."""
    if name in COUNTED and (setting.isdigit() or setting == "off"):
        draft.faults[name] = int(setting) if setting.isdigit() else 0
    elif name == "sealed" and setting in {"on", "off"}:
        draft.vault["sealed"] = setting == "on"
    elif name in SWITCHES and setting in {"on", "off"}:
        draft.faults[name] = setting == "on"
    else:
        raise _no_fault(name, setting)
    draft.faults = {key: one for key, one in draft.faults.items() if one}


def _no_fault(name: str, setting: str) -> Usage:
    if name in COUNTED:
        return Usage(f"{name} cannot be {setting}", following=f"{name} takes a number, or off: {COUNTED[name]}")
    if name in {"sealed", *SWITCHES}:
        return Usage(f"{name} cannot be {setting}", following=f"{name} is on or off: {SWITCHES[name]}")
    known = "".join(f"\n    {one}: {text}" for one, text in (SWITCHES | COUNTED).items())
    return Usage(f"there is no fault {name}", following=f"name one of:{known}")


def edit(draft: Draft, target: Target, fields: Mapping[str, Json]) -> None:
    """Set fields of something as another operator would, past every guard of ours. Raises Failed, Usage."""
    known.insist(draft, target, fields)
    match target.store, target.kind:
        case "postgres", "sessions":
            _session(draft, target.name, fields)
        case "postgres", "writes":
            _application(draft, target, fields)
        case "postgres", "role":
            role = draft.roles.setdefault(target.name, {"state": {"login": True}, "password": draft.draw()})
            role["password"] = str(fields.get("password", role["password"]))
            role["state"] |= {key: one for key, one in fields.items() if key != "password"}
        case "vault", kind if kind.split("/")[0] == "kv":
            path = f"{target.kind.partition('/')[2]}/{target.name}"
            vault.keep(draft, path)
            draft.vault["kv"].setdefault(path, {}).update({key: str(one) for key, one in fields.items()})
        case "vault", _:
            known.put(draft, target, fields)
        case "cluster", _:
            _object(draft, target, fields)
        case _:
            raise _unknown(target)


def _object(draft: Draft, target: Target, fields: Mapping[str, Json]) -> None:
    found = draft.objects.get(f"{target.kind}/{target.name}")
    if found is None:
        raise _missing(target)
    if target.kind == "Secret":
        found["data"] |= {key: str(one) for key, one in fields.items()}
    else:
        found |= fields


def _application(draft: Draft, target: Target, fields: Mapping[str, Json]) -> None:
    """Deploy the application of a table so that it writes `writes`: plain, both or sealed."""
    why = written_by_application(draft, columns_of(target), str(fields.get("writes")))
    if why:
        raise Failed(f"the application cannot be deployed so: {why}", following="migrate practice show DIR")


def _session(draft: Draft, login: str, fields: Mapping[str, Json]) -> None:
    if login not in draft.roles:
        raise Failed(f"there is no login {login}", following="migrate practice show DIR")
    client, database = str(fields.get("client", "somebody")), str(fields.get("database", "postgres"))
    acting = postgres.acting(draft, login, database)
    session = {"login": login, "acting": acting, "database": database, "client": client, "pod": f"by hand/{client}"}
    draft.sessions.append(session | {"since": written(draft.now)})


def remove(draft: Draft, target: Target) -> None:
    """Take something away as another operator would. Raises Failed where it is not there, Usage."""
    match target.store, target.kind:
        case "postgres", "sessions":
            draft.postgres["sessions"] = [one for one in draft.sessions if one["login"] != target.name]
        case "postgres", "role":
            _taken(draft.roles, target.name, target)
        case "vault", kind if kind.split("/")[0] == "kv":
            path = f"{target.kind.partition('/')[2]}/{target.name}"
            _taken(draft.vault["kv"], path, target)
            vault.drop(draft, path)
        case "vault", _:
            _taken(draft.paths, target.path, target)
        case "cluster", _:
            gone = _taken(draft.objects, f"{target.kind}/{target.name}", target)
            if target.kind == "Pod":
                postgres.hang_up(draft, target.name)
            collect(draft, gone["uid"])
        case _:
            raise _unknown(target)


def _taken(held: dict[str, Any], key: str, target: Target) -> dict[str, Any]:
    if key not in held:
        raise _missing(target)
    found: dict[str, Any] = held.pop(key)
    return found


def _missing(target: Target) -> Failed:
    return Failed(f"there is no {target} in this world", following="migrate practice show DIR")


def _unknown(target: Target) -> Usage:
    return Usage(
        f"{target} is nothing of a practice world",
        following="Git is real: edit it with git. Else name a target, for example vault:policy/NAME, "
        "vault:kv/MOUNT/PATH, postgres:role/LOGIN, postgres:sessions/LOGIN, cluster:Secret/NAMESPACE/NAME, "
        "postgres:writes/DATABASE.SCHEMA.TABLE.COLUMN.SEALED (writes=both: how its application writes)",
    )
