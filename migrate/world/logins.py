"""A login tried out, as an observer shows it: to Vault as a ServiceAccount, and on to the database."""

from __future__ import annotations

from urllib.parse import parse_qsl

from migrate.model.json import Json
from migrate.world import certificates, postgres, vault
from migrate.world.state import Draft


def to_vault(draft: Draft, name: str, asked: str) -> Json:
    """`{allowed, policies, why}`; nothing where there is no such account."""
    wanted = dict(parse_qsl(asked))
    if f"ServiceAccount/{name}" not in draft.objects:
        return None
    policies, why = vault.login(draft, name, wanted["role"], wanted["audience"])
    return {"allowed": not why, "policies": ["default", *policies] if not why else [], "why": why}


def to_database(draft: Draft, name: str, asked: str) -> Json:
    """`{allowed, session, current, why}`: with what is read at a path."""
    wanted = dict(parse_qsl(asked))
    if f"ServiceAccount/{name}" not in draft.objects:
        return None
    policies, why = vault.login(draft, name, wanted["role"], wanted["audience"])
    if not why and not vault.may(draft, policies, "read", wanted["path"]):
        why = f"403 permission denied on {wanted['path']}"
    role = draft.paths.get(wanted["path"].replace("/static-creds/", "/static-roles/"))
    if not why and role is None:
        # Reading a dynamic path makes a login: not something to do for looking.
        return {} if "/creds/" in wanted["path"] else {"allowed": False, "why": f"nothing is at {wanted['path']}"}
    if role is not None and not why:
        why = postgres.refused(draft, role["state"]["username"], role["password"])
    if why or role is None:
        return {"allowed": False, "why": why}
    user = role["state"]["username"]
    return {"allowed": True, "session": user, "current": postgres.acting(draft, user, wanted["database"])}


def by_certificate(draft: Draft, name: str, asked: str) -> Json:
    """The same with a certificate. The one that is issued for this is not kept: looking leaves nothing behind."""
    wanted = dict(parse_qsl(asked))
    if draft.faults.get("database"):
        return {}
    if f"ServiceAccount/{name}" not in draft.objects:
        return None
    policies, why = vault.login(draft, name, wanted["role"], wanted["audience"])
    if not why and not vault.may(draft, policies, "update", wanted["path"]):
        why = f"403 permission denied on {wanted['path']}"
    if not why and wanted["host"] not in draft.postgres["names"]:
        why = f"server certificate for {', '.join(draft.postgres['names'])} does not match host name {wanted['host']}"
    if why:
        return {"allowed": False, "why": why}
    serial, why = certificates.issue(draft, wanted["path"], wanted["name"])
    if why := why or certificates.refused(draft, wanted["name"], wanted["database"], serial):
        return {"allowed": False, "why": why}
    acting = postgres.acting(draft, wanted["name"], wanted["database"])
    return {"allowed": True, "session": wanted["name"], "current": acting}


def revoke_cycle(draft: Draft, name: str, asked: str) -> Json:
    """A login of a dynamic role, issued and revoked: as whom it acted, and what was left."""
    wanted = dict(parse_qsl(asked))
    path = wanted["path"].replace("/creds/", "/roles/")
    role = draft.paths.get(path)
    return vault.trial(draft, path, role) if role else {"issued": False, "why": f"nothing is at {wanted['path']}"}


def old_login(draft: Draft, name: str, asked: str) -> Json:
    """The login of today, tried with what the Secret holds."""
    wanted = dict(parse_qsl(asked))
    secret = draft.objects.get(f"Secret/{name}")
    if secret is None:
        return None
    why = postgres.refused(draft, wanted["login"], secret["data"].get(wanted["key"], ""))
    if draft.faults.get("database"):
        return {}
    acting = "" if why else postgres.acting(draft, wanted["login"], wanted["database"])
    return {"allowed": not why, "session": wanted["login"], "current": acting, "why": why}
