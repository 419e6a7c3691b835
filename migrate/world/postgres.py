"""PostgreSQL: who can log in, and as whom they act then."""

from __future__ import annotations

from typing import Any

from migrate.world.state import Draft, written


def refused(draft: Draft, login: str, password: str) -> str:
    """Why a login fails; empty where it works."""
    if draft.faults.get("database"):
        return "could not connect to server"
    role = draft.roles.get(login)
    if role is None or role["password"] != password:
        return f'password authentication failed for user "{login}"'
    if not role["state"]["login"]:
        return f'role "{login}" is not permitted to log in'
    return ""


def acting(draft: Draft, login: str, database: str) -> str:
    """The role that a login becomes in a database."""
    state = draft.roles[login]["state"]
    other = state.get("actsAs", {}).get(database)
    return str(other) if other in state.get("memberOf", []) else login


def connect(draft: Draft, login: str, database: str, client: str, pod: str) -> None:
    """A new session, in place of the one that this pod had."""
    hang_up(draft, pod)
    session = {"login": login, "acting": acting(draft, login, database), "database": database}
    draft.sessions.append(session | {"client": client, "pod": pod, "since": written(draft.now)})


def hang_up(draft: Draft, pod: str) -> None:
    """The pod's session ends."""
    draft.postgres["sessions"] = [one for one in draft.sessions if one["pod"] != pod]


def may_set_password(draft: Draft, admin: str, login: str) -> bool:
    """Up to 15 CREATEROLE is enough; from 16 on it also takes ADMIN on the very login."""
    state, target = draft.roles.get(admin, {}).get("state", {}), draft.roles.get(login)
    if target is None or target["state"].get("superuser"):
        return False
    if not state.get("createrole"):
        return bool(state.get("superuser"))
    grants: list[dict[str, Any]] = target["state"].get("administeredBy", [])
    return draft.postgres["version"] < 16 or any(one["role"] == admin and one.get("admin") for one in grants)


def sessions_of(draft: Draft, login: str) -> list[dict[str, Any]]:
    """The open sessions of a login."""
    return [one for one in draft.sessions if one["login"] == login]
