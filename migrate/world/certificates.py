"""Certificates: whom Vault issues one to, and what PostgreSQL says to who shows one.

PostgreSQL here trusts the mount's authority and has its list of revoked certificates as soon as Vault has it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from migrate.model.json import Json
from migrate.targets import hba
from migrate.world.state import Draft, moment, written

_TLS = "SSL error: "


def issued(draft: Draft) -> list[dict[str, Any]]:
    """Every certificate that was ever issued: `{serial, role, name, since, until, revoked}`."""
    found: list[dict[str, Any]] = draft.vault.setdefault("certificates", [])
    return found


def authority(draft: Draft, mount: str) -> dict[str, Json] | None:
    """What a mount signs with: good for ten years more, whenever one looks, and the only one it ever had."""
    if draft.vault["mounts"].get(mount) != "pki":
        return None
    return {"until": written(draft.now + timedelta(days=3650)), "key": mount}


def issue(draft: Draft, path: str, name: str) -> tuple[str, str]:
    """A new certificate for `name` from `MOUNT/issue/ROLE`: its serial number, or why there is none."""
    role_path = path.replace("/issue/", "/roles/", 1)
    role = draft.paths.get(role_path)
    if role is None:
        return "", f"unknown role: {path.rpartition('/')[2]}"
    state = role["state"]
    if name not in state["allowed_domains"] or not state["allow_bare_domains"]:
        return "", f"common name {name} not allowed by this role"
    number = draft.draw(40)
    serial = ":".join(number[at : at + 2] for at in range(0, 40, 2))
    life = timedelta(seconds=state["ttl"] or state["max_ttl"])
    certificate = {"serial": serial, "role": role_path, "name": name, "revoked": ""}
    since = draft.now - timedelta(seconds=state["not_before_duration"])
    issued(draft).append(certificate | {"since": written(since), "until": written(draft.now + life)})
    return serial, ""


def refused(draft: Draft, login: str, database: str, serial: str) -> str:
    """Why PostgreSQL does not let `login` in with this certificate; empty where it does."""
    if draft.faults.get("database"):
        return "could not connect to server"
    shown = next((one for one in issued(draft) if one["serial"] == serial), None)
    if shown is None or moment(shown["until"]) <= draft.now:
        return f"{_TLS}{'certificate has expired' if shown else 'unknown certificate'}"
    if shown["revoked"]:
        return f"{_TLS}certificate revoked"
    rule = decisive(draft, login, database)
    if rule is None:
        return f'no pg_hba.conf entry for user "{login}", database "{database}", SSL encryption'
    if rule.method != "cert":
        return "fe_sendauth: no password supplied"
    if shown["name"] != login or login not in draft.roles:
        return f'certificate authentication failed for user "{login}"'
    if not draft.roles[login]["state"]["login"]:
        return f'role "{login}" is not permitted to log in'
    return ""


def decisive(draft: Draft, login: str, database: str) -> hba.Rule | None:
    """The host-based rule that decides for a login."""
    groups = tuple(draft.roles.get(login, {}).get("state", {}).get("memberOf", []))
    rules = [hba.shown(rule) for rule in draft.postgres["hba"]]
    return hba.decisive(rules, hba.Client(login, groups, database))


def of_name(draft: Draft, mount: str, name: str) -> list[dict[str, Any]]:
    """The certificates of a mount that bear the name and have not run out."""
    return [
        one
        for one in issued(draft)
        if one["name"] == name and one["role"].startswith(f"{mount}/roles/") and moment(one["until"]) > draft.now
    ]
