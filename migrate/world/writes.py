"""What a server makes of one request: the state after it, or its own words of refusal."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from migrate.model.change import Absent, Change, Doc
from migrate.model.duration import seconds
from migrate.model.json import Json, mapping
from migrate.model.target import Target
from migrate.targets import ownership
from migrate.targets.columns import KINDS
from migrate.targets.transit import shown_at
from migrate.world import postgres, vault
from migrate.world.columns import write_column
from migrate.world.state import Draft, written

_TOKEN_DEFAULTS: dict[str, Json] = {
    "token_bound_cidrs": [],
    "token_explicit_max_ttl": 0,
    "token_no_default_policy": False,
    "token_num_uses": 0,
    "token_period": 0,
    "bound_claims_type": "string",
    "clock_skew_leeway": 0,
    "verbose_oidc_logging": False,
}
_KEY_DEFAULTS: dict[str, Json] = {
    "type": "aes256-gcm96",
    "derived": False,
    "latest_version": 1,
    "min_available_version": 0,
    "min_decryption_version": 1,
    "min_encryption_version": 0,
}
_PKI_DEFAULTS: dict[str, Json] = {
    "allow_bare_domains": False,
    "allow_ip_sans": True,
    "allow_localhost": True,
    "allow_wildcard_certificates": True,
    "allowed_domains": [],
    "client_flag": True,
    "cn_validations": ["email", "hostname"],
    "enforce_hostnames": True,
    "key_bits": 2048,
    "key_type": "rsa",
    "key_usage": ["DigitalSignature", "KeyAgreement", "KeyEncipherment"],
    "max_ttl": 0,
    "require_cn": True,
    "serial_number_source": "json-csr",
    "server_flag": True,
    "signature_bits": 0,
    "ttl": 0,
    "use_csr_common_name": True,
    "use_csr_sans": True,
}
_CONNECTION = frozenset(
    {"plugin_name", "allowed_roles", "verify_connection", "password_policy", "root_rotation_statements"}
)


def write(draft: Draft, change: Change, secrets: Mapping[str, str]) -> str:
    """Make the target what the change wants. Returns the refusal; empty where it was done."""
    target = change.target
    match target.store:
        case "vault":
            return vault.closed(draft) or _vault(draft, target, change, secrets)
        case "postgres":
            if draft.faults.get("database"):
                return "could not connect to server"
            return write_column(draft, change) if target.kind in KINDS else _postgres(draft, target, change, secrets)
        case _:
            return _cluster(draft, target, change)


# --- Vault ---------------------------------------------------------------------------------------------------------


def _vault(draft: Draft, target: Target, change: Change, secrets: Mapping[str, str]) -> str:
    if isinstance(change.after, Absent):
        draft.paths.pop(target.path, None)
        return ""
    assert isinstance(change.after, Doc)
    wanted = dict(mapping(change.after.value))
    mount, _, kind = target.kind.rpartition("/")
    if target.kind == "policy":
        return _policy(draft, target, wanted)
    if kind == "role" and mount.startswith("auth/"):
        return _jwt_role(draft, target, mount.removeprefix("auth/"), wanted)
    if kind in {"keys", "rotation"} and draft.vault["mounts"].get(mount) == "transit":
        return _key(draft, target, wanted)
    if draft.vault["mounts"].get(mount) == "pki" and kind == "roles":
        return _pki_role(draft, target, wanted)
    if draft.vault["mounts"].get(mount) != "database":
        return f"no handler for route {target.path!r}. route entry not found."
    match kind:
        case "config":
            return _connection(draft, target, wanted, secrets)
        case "static-roles":
            return _static_role(draft, target, wanted)
        case "roles":
            draft.paths[target.path] = _kept(draft, target, {"credential_type": "password", **wanted})
            return ""
    return f"no handler for route {target.path!r}. route entry not found."


def _pki_role(draft: Draft, target: Target, wanted: dict[str, Any]) -> str:
    role = {**_PKI_DEFAULTS, **_in_seconds(wanted)}
    if role["max_ttl"] and role["ttl"] > role["max_ttl"]:
        return '"ttl" value must be less than "max_ttl" value'
    draft.paths[target.path] = _kept(draft, target, role)
    return ""


def _kept(draft: Draft, target: Target, state: dict[str, Any]) -> dict[str, Any]:
    """The path with a new state, and what stands beside that left alone."""
    return {**draft.paths.get(target.path, {}), "state": copy.deepcopy(state)}


def _policy(draft: Draft, target: Target, wanted: dict[str, Any]) -> str:
    text = str(wanted.get("policy", ""))
    if text.count("{") != text.count("}") or not re.search(r'path\s+"', text):
        return "failed to parse policy: no path, or an unclosed block"
    draft.paths[target.path] = _kept(draft, target, {"policy": text})
    return ""


def _jwt_role(draft: Draft, target: Target, mount: str, wanted: dict[str, Any]) -> str:
    if draft.vault["auth"].get(mount) != "jwt":
        return f"no handler for route {target.path!r}. route entry not found."
    for bound in ("bound_subject", "bound_audiences", "bound_claims"):
        if wanted.get(bound):
            draft.paths[target.path] = _kept(draft, target, {**_TOKEN_DEFAULTS, **_in_seconds(wanted)})
            return ""
    return "must have at least one bound constraint when creating/updating a role"


def _key(draft: Draft, target: Target, wanted: dict[str, Any]) -> str:
    """Made with defaults that Vault fills in; changed only where the change says, or given one more version."""
    path, new = shown_at(target), _in_seconds(wanted)
    found = {**_KEY_DEFAULTS, **draft.paths.get(path, {}).get("state", {})}
    if path != target.path:
        if path not in draft.paths:
            return "no existing key named " + target.name + " could be found"
        new = {"latest_version": found["latest_version"] + 1}
    if new.get("min_decryption_version", 0) > found["latest_version"]:
        return f"cannot set min decryption version of {new['min_decryption_version']}, latest is lower"
    draft.paths[path] = {**draft.paths.get(path, {}), "state": {**found, **new}}
    return ""


def _in_seconds(wanted: dict[str, Any]) -> dict[str, Any]:
    """Lifetimes as Vault reads them back, lists in order."""
    answer = dict[str, Any]()
    for key, value in wanted.items():
        lifetime = key.endswith(("ttl", "period")) and isinstance(value, str)
        answer[key] = seconds(value) if lifetime else sorted(value) if isinstance(value, list) else value
    return answer


def _connection(draft: Draft, target: Target, wanted: dict[str, Any], secrets: Mapping[str, str]) -> str:
    before = draft.paths.get(target.path, {})
    password, user = secrets.get("password") or before.get("password", ""), str(wanted.get("username", ""))
    address = str(wanted.get("connection_url", "")).partition("@")[2].partition("/")[0]
    if wanted.get("verify_connection", True):
        why = "" if address == draft.postgres["address"] else f"dial tcp: lookup {address}: no such host"
        if why := why or postgres.refused(draft, user, password):
            return f"error creating database object: error verifying connection: {why}"
    details = {key: value for key, value in wanted.items() if key not in _CONNECTION}
    state = {
        "plugin_name": wanted.get("plugin_name"),
        "plugin_version": "",
        "allowed_roles": sorted(wanted.get("allowed_roles") or []),
        "connection_details": details,
        "password_policy": wanted.get("password_policy", ""),
        "root_credentials_rotate_statements": [],
    }
    draft.paths[target.path] = _kept(draft, target, state) | {"password": password}
    return ""


def _static_role(draft: Draft, target: Target, wanted: dict[str, Any]) -> str:
    before = draft.paths.get(target.path)
    state = {"credential_type": "password", **_in_seconds(wanted)}
    if state.get("rotation_period", 0) < 5:
        return "rotation_period must be 5 seconds or more"
    if before is not None:
        if before["state"]["username"] != state.get("username"):
            return "cannot update static account username"
        draft.paths[target.path] = _kept(draft, target, {**before["state"], **state})
        return ""
    connection = draft.paths.get(vault.connection_path(target.path, str(state.get("db_name"))))
    if connection is None:
        return f"failed to find entry for connection with name: {state.get('db_name')!r}"
    allowed = connection["state"]["allowed_roles"]
    if target.name not in allowed and "*" not in allowed:
        return f"{target.name!r} is not an allowed role"
    role = {"state": {**state, "last_vault_rotation": None}}
    if why := vault.rotate(draft, target.path, role):
        return f"error setting credentials: {why}"
    draft.paths[target.path] = {**role}
    return ""


# --- PostgreSQL ----------------------------------------------------------------------------------------------------


def _postgres(draft: Draft, target: Target, change: Change, secrets: Mapping[str, str]) -> str:
    name, role = target.name, draft.roles.get(target.name)
    match change.after:
        case Absent():
            return _drop(draft, name)
        case Doc(value):
            wanted: dict[str, Any] = dict(mapping(value))
        case _:
            return "not a role"
    missing = [one for one in _named(wanted) if one not in draft.roles]
    if missing:
        return f'ERROR: role "{missing[0]}" does not exist'
    unknown = [str(one) for one in wanted.get("connect", []) if one not in draft.postgres["databases"]]
    if unknown:
        return f'ERROR: database "{unknown[0]}" does not exist'
    if role is None:
        draft.roles[name] = {"state": wanted, "password": secrets.get("password") or draft.draw()}
        return ""
    if role["state"]["login"] and wanted.get("login") is False and postgres.sessions_of(draft, name):
        return f"{name} has open sessions"
    role["state"] = {**role["state"], **wanted}
    role["password"] = secrets.get("password") or role["password"]
    return ""


def _named(wanted: dict[str, Any]) -> list[str]:
    grants = [str(one["role"]) for one in wanted.get("administeredBy", [])]
    acting = [str(one) for one in wanted.get("actsAs", {}).values()]
    return [*wanted.get("memberOf", []), *wanted.get("adminOf", []), *acting, *grants]


def _drop(draft: Draft, name: str) -> str:
    if name not in draft.roles:
        return ""
    for database, found in draft.postgres["databases"].items():
        if found["owners"].get(name):
            return f'ERROR: role "{name}" cannot be dropped because some objects depend on it (database {database})'
    if postgres.sessions_of(draft, name):
        return f"{name} has open sessions"
    draft.roles.pop(name)
    for other in draft.roles.values():
        state = other["state"]
        for key in ("memberOf", "adminOf", "administeredBy"):
            if key in state:
                state[key] = [one for one in state[key] if name not in (one, mapping(one).get("role"))]
    return ""


# --- the cluster ---------------------------------------------------------------------------------------------------


def _cluster(draft: Draft, target: Target, change: Change) -> str:
    if target.kind == ownership.KIND:
        return _owners(draft, target, change)
    found = draft.objects.get(f"{target.kind}/{target.name}")
    if found is None:
        return f'{target.kind.lower()} "{target.short}" not found'
    wanted = mapping(change.after.value) if isinstance(change.after, Doc) else {}
    if set(wanted) - {"restartedAt"}:
        return f"{target} is GitOps' to change"
    found["restartedAt"] = wanted.get("restartedAt") or written(draft.now)
    return ""


def _owners(draft: Draft, target: Target, change: Change) -> str:
    """Owner references taken off, or put back to ExternalSecrets that live and fill the Secret."""
    secret = draft.objects.get(f"Secret/{target.name}")
    if secret is None:
        return f'secret "{target.short}" not found'
    gone = ownership.lost(change)
    kept = [one for one in secret.get("owners", []) if ownership.named(one) not in gone]
    for wanted in ownership.gained(change):
        kind, _, name = wanted.partition("/")
        external = draft.objects.get(f"{kind}/{target.namespace}/{name}")
        if external and external.get("spec", {}).get("target") == target.short:
            kept.append({"kind": kind, "name": name, "uid": external["uid"]})
    secret["owners"] = kept
    return ""
