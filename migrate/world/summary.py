"""A world in short, for people: who runs, who waits for what, what is broken. Never a value."""

from __future__ import annotations

from typing import Any

from migrate.model.json import Json
from migrate.world.deeds import COUNTED, SWITCHES
from migrate.world.pods import KINDS
from migrate.world.state import World


def summary(world: World, estate: str, commit: str) -> dict[str, Json]:
    """One document."""
    objects: dict[str, dict[str, Any]] = world.cluster["objects"]
    return {
        "schema": "migrate.practice/v1",
        "estate": estate,
        "deployed": commit,
        "faults": _faults(world),
        "servers": {
            "vault": f"{world.vault['version']}, {'sealed' if world.vault['sealed'] else 'unsealed'}",
            "postgres": f"{world.postgres['version']} at {world.postgres['address']}",
            "cluster": str(world.cluster["uid"]),
        },
        "vault": list[Json](sorted(world.vault["paths"])),
        "logins": [_login(world, name) for name in sorted(world.postgres["roles"]) if not name.startswith("pg_")],
        "workloads": [_workload(objects, key) for key in sorted(objects) if key.partition("/")[0] in KINDS],
        "externalSecrets": [_external(objects, key) for key in sorted(objects) if key.startswith("ExternalSecret/")],
    }


def _faults(world: World) -> list[Json]:
    words = SWITCHES | COUNTED
    set_now = world.faults | ({"sealed": True} if world.vault["sealed"] else {})
    return [{"fault": name, "setting": value, "means": words.get(name, "")} for name, value in set_now.items()]


def _login(world: World, name: str) -> Json:
    sessions = [one for one in world.postgres["sessions"] if one["login"] == name]
    state = world.postgres["roles"][name]["state"]
    clients = list[Json](sorted(str(one["client"]) for one in sessions))
    return {"name": name, "login": bool(state.get("login")), "sessions": len(sessions), "clients": clients}


def _workload(objects: dict[str, dict[str, Any]], key: str) -> Json:
    pods: list[Json] = [
        {
            "name": name.removeprefix("Pod/"),
            "ready": pod["ready"],
            "agent": pod["agent"],
            "restarts": pod["restarts"],
            "waiting": pod["waiting"],
        }
        for name, pod in sorted(objects.items())
        if pod.get("owner") == key
    ]
    return {"name": key, "blocked": objects[key].get("blocked", ""), "pods": pods}


def _external(objects: dict[str, dict[str, Any]], key: str) -> Json:
    found = objects[key]
    name = key.removeprefix("ExternalSecret/")
    secret = objects.get(f"Secret/{name.partition('/')[0]}/{found['spec']['target']}")
    owners: list[Json] = [f"{one['kind']} {one['name']}" for one in (secret or {}).get("owners", [])]
    return {
        "name": name,
        "ready": bool(found.get("ready")),
        "message": found.get("message", ""),
        "secret": found["spec"]["target"] if secret else None,
        "owners": owners,
    }
