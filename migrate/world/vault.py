"""Vault: who gets in, what they may read, and passwords that change by themselves."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from migrate.model.json import Json
from migrate.world import postgres
from migrate.world.state import Draft, moment, written

_UNWRITTEN = "1970-01-01T00:00:00+00:00"
_RULE = re.compile(r'path\s+"([^"]+)"\s*\{([^}]*)\}')


def closed(draft: Draft) -> str:
    """Why Vault serves nobody; empty where it serves."""
    if draft.faults.get("vault"):
        return "Vault does not answer"
    return "Vault is sealed" if draft.vault["sealed"] else ""


def login(draft: Draft, account: str, path: str, audience: str) -> tuple[list[str], str]:
    """The policies that a ServiceAccount (`namespace/name`) gets with the role at `path`, or why it gets none."""
    if why := closed(draft):
        return [], why
    role = draft.paths.get(path)
    if role is None:
        return [], f"there is no role {path}"
    namespace, _, name = account.partition("/")
    state = role["state"]
    if state.get("bound_subject") != f"system:serviceaccount:{namespace}:{name}":
        return [], "error validating token: sub claim does not match bound subject"
    if audience not in state.get("bound_audiences", []):
        return [], "error validating token: audience claim does not match any bound audience"
    return sorted(state.get("token_policies", [])), ""


def may(draft: Draft, policies: list[str], capability: str, path: str) -> bool:
    """Whether any of the policies grants the capability on the path."""
    return any(_grants(draft, one, capability, path) for one in policies)


def _grants(draft: Draft, policy: str, capability: str, path: str) -> bool:
    text = draft.paths.get(f"sys/policies/acl/{policy}", {}).get("state", {}).get("policy", "")
    return any(_matches(one, path) and f'"{capability}"' in body for one, body in _RULE.findall(text))


def _matches(rule: str, path: str) -> bool:
    if rule.endswith("*"):
        return path.startswith(rule[:-1])
    return re.fullmatch(re.escape(rule).replace(r"\+", "[^/]+"), path) is not None


def keep(draft: Draft, path: str) -> None:
    """Note a new version of the entry of KV at `MOUNT/PATH`, as a mount of version 2 does."""
    held = metadata(draft, path)
    number = held["current_version"] + 1
    held["versions"][str(number)] = {"created_time": written(draft.now), "deletion_time": "", "destroyed": False}
    draft.vault.setdefault("versions", {})[path] = held | {"current_version": number}


def drop(draft: Draft, path: str) -> None:
    """Note that the newest version was deleted."""
    held = metadata(draft, path)
    if newest := held["versions"].get(str(held["current_version"])):
        newest["deletion_time"] = written(draft.now)


def metadata(draft: Draft, path: str) -> dict[str, Any]:
    """The versions of the entry of KV at `MOUNT/PATH`; none where nobody wrote one."""
    found: dict[str, Any] | None = draft.vault.get("versions", {}).get(path)
    if found is None and path in draft.vault["kv"]:  # of a world that was made before versions were kept
        first = {"created_time": _UNWRITTEN, "deletion_time": "", "destroyed": False}
        found = {"current_version": 1, "versions": {"1": first}}
    return found or {"current_version": 0, "versions": {}}


def static_roles(draft: Draft) -> list[tuple[str, dict[str, Any]]]:
    """Every static role, by its path."""
    return [(path, one) for path, one in sorted(draft.paths.items()) if "/static-roles/" in path]


def credentials_path(role: str) -> str:
    """Where the password of a role is read: `database/static-roles/x` gives `database/static-creds/x`."""
    return role.replace("/static-roles/", "/static-creds/").replace("/roles/", "/creds/")


def rotate(draft: Draft, path: str, role: dict[str, Any]) -> str:
    """A new password, in Vault and in the database. Says why not where it cannot."""
    state = role["state"]
    connection = draft.paths.get(connection_path(path, state["db_name"]))
    if connection is None:
        return f"failed to find entry for connection with name: {state['db_name']!r}"
    admin = connection["state"]["connection_details"]["username"]
    if why := postgres.refused(draft, admin, connection["password"]):
        return why
    if not postgres.may_set_password(draft, admin, state["username"]):
        return f"ERROR: permission denied to alter role {state['username']!r}"
    role["password"] = draft.roles[state["username"]]["password"] = draft.draw()
    state["last_vault_rotation"] = written(draft.now)
    return ""


def connection_path(role: str, name: str) -> str:
    """The connection of a role at `MOUNT/static-roles/x` or `MOUNT/roles/x`."""
    return f"{role.rpartition('/')[0].rpartition('/')[0]}/config/{name}"


def due(draft: Draft, role: dict[str, Any]) -> bool:
    """Whether the period is over."""
    state = role["state"]
    return draft.now >= moment(state["last_vault_rotation"]) + timedelta(seconds=state["rotation_period"])


def time_to_live(draft: Draft, state: dict[str, Any]) -> int:
    """Seconds until the next rotation, as Vault answers them."""
    passed = (draft.now - moment(state["last_vault_rotation"])).total_seconds()
    return max(0, int(state["rotation_period"] - passed))


def issue(draft: Draft, path: str, role: dict[str, Any], pod: str) -> tuple[str, str, str]:
    """A login of a dynamic role for a pod: login, password, and why it could not be made."""
    state = role["state"]
    connection = draft.paths.get(connection_path(path, state["db_name"]))
    if connection is None:
        return "", "", f"failed to find entry for connection with name: {state['db_name']!r}"
    admin = connection["state"]["connection_details"]["username"]
    if why := postgres.refused(draft, admin, connection["password"]) or lacking(draft, role, admin):
        return "", "", why
    name, password = f"v-jwt-{path.rpartition('/')[2]}-{draft.draw(20)}", draft.draw()
    owner, acting = _owner(state), _acts_as(state)
    database = str(connection["state"]["connection_details"]["connection_url"]).partition("?")[0].rpartition("/")[2]
    made = {"login": True, "createrole": False, "superuser": False, "memberOf": [owner], "actsAs": {database: acting}}
    draft.roles[name] = {"state": made, "password": password}
    draft.vault["leases"].append({"path": credentials_path(path), "login": name, "pod": pod})
    return name, password, ""


def lacking(draft: Draft, role: dict[str, Any], admin: str) -> str:
    """Which right Vault's own login lacks to issue and to revoke; empty where it has all."""
    state, owner = draft.roles.get(admin, {}).get("state", {}), _owner(role["state"])
    if not state.get("createrole"):
        return "ERROR: permission denied to create role"
    if owner not in state.get("adminOf", []):
        return f'ERROR: must have admin option on role "{owner}"'
    return ""


def _owner(state: dict[str, Any]) -> str:
    found = re.search(r'IN ROLE "((?:[^"]|"")*)"', "\n".join(state.get("creation_statements", [])))
    return found.group(1).replace('""', '"') if found else ""


def trial(draft: Draft, path: str, role: dict[str, Any]) -> dict[str, Json]:
    """As whom a login would act that is issued, makes a table and is revoked, and what would be left."""
    connection = draft.paths.get(connection_path(path, role["state"]["db_name"]), {})
    details = connection.get("state", {}).get("connection_details", {})
    admin = draft.roles.get(str(details.get("username")), {}).get("state", {})
    revoking = "\n".join(role["state"].get("revocation_statements", []))
    complete = all(words in revoking for words in ("REASSIGN OWNED", "DROP OWNED", "DROP ROLE"))
    able = {"pg_signal_backend", _owner(role["state"])} <= set(admin.get("memberOf", []))
    left: list[Json] = [] if complete and able else [f"v-jwt-{path.rpartition('/')[2]}"]
    acting = _acts_as(role["state"])
    return {"issued": True, "current": acting, "owner": acting, "left": left}


def reached(draft: Draft, path: str) -> dict[str, Json]:
    """Whether Vault gets in with a connection, and why not."""
    connection = draft.paths[path]
    why = postgres.refused(draft, connection["state"]["connection_details"]["username"], connection["password"])
    return {"reached": not why} | ({"why": why} if why else {})


def _acts_as(state: dict[str, Any]) -> str:
    found = re.search(r"SET role = '((?:[^']|'')*)'", "\n".join(state.get("creation_statements", [])))
    return found.group(1).replace("''", "'") if found else "itself"


def revoke_orphans(draft: Draft) -> None:
    """Leases end with the pod that held them, and their logins with them."""
    living = {f"Pod/{name}" for name, _ in draft.of("Pod")}
    kept = [one for one in draft.vault["leases"] if f"Pod/{one['pod']}" in living]
    for lease in draft.vault["leases"]:
        if lease not in kept:
            draft.roles.pop(lease["login"], None)
    draft.vault["leases"] = kept
