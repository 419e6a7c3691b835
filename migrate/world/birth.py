"""A new world, with everything in it that an estate implies and only servers know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from migrate.world import vault
from migrate.world.applied import Applied
from migrate.world.react import settle
from migrate.world.state import Draft, World, finished

_VERSION = "1.21.0"
_ROWS = 5
"""In each table of a new world."""


@dataclass(frozen=True, slots=True)
class Store:
    """A (Cluster)SecretStore: `kind/namespace/name`, the mount it reads, and whether it is Vault."""

    name: str
    mount: str
    vault: bool


@dataclass(frozen=True, slots=True)
class Database:
    """A database that a workload of the estate logs in to, and the Secret key its password comes from."""

    name: str
    owner: str
    secret: str
    """`namespace/name`; empty where the password is known nowhere."""
    key: str
    host: str = ""
    """The name by which the workload reaches the server, without its port."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a column that shall be sealed, and the key it will be sealed with (`MOUNT/keys/NAME`)."""

    database: str
    relation: str
    column: str
    key: str


@dataclass(frozen=True, slots=True)
class Implied:
    """What the estate's settings and files say of its servers."""

    stores: tuple[Store, ...]
    databases: tuple[Database, ...]
    database_mount: str
    auth_mount: str
    address: str
    """Of the database, as Vault reaches it: `host:port`."""
    version: int
    tls: bool
    tables: tuple[Table, ...] = ()
    transit_mount: str = ""
    authorities: tuple[str, ...] = ()
    """The mounts of Vault's PKI engine, each with an authority that PostgreSQL trusts."""


def born(implied: Implied, applied: Applied, seed: str, now: datetime) -> World:
    """The world as the estate would have it, at rest."""
    draft = Draft({}, {}, {}, {}, seed, 0, now)
    draft.vault |= _vault(draft, implied)
    draft.cluster |= {"uid": draft.uid(), "objects": {}}
    draft.postgres |= _postgres(draft, implied)
    for table in implied.tables:
        _table(draft, table)
    _values(draft, implied, applied)
    _made_elsewhere(draft, applied)
    settle(draft, applied)
    return finished(draft)


def _vault(draft: Draft, implied: Implied) -> dict[str, Any]:
    mounts = {store.mount: "kv" for store in implied.stores if store.vault} | {implied.database_mount: "database"}
    if implied.tables:
        mounts[implied.transit_mount] = "transit"
    mounts |= dict.fromkeys(implied.authorities, "pki")
    return {
        "cluster": draft.uid(),
        "version": _VERSION,
        "sealed": False,
        "mounts": mounts,
        "auth": {implied.auth_mount: "jwt"},
        "stores": {one.name: {"mount": one.mount, "vault": one.vault} for one in implied.stores},
        "kv": {},
        "paths": {},
        "leases": [],
    }


def _postgres(draft: Draft, implied: Implied) -> dict[str, Any]:
    host = implied.address.rpartition(":")[0]
    roles: dict[str, Any] = {"postgres": _role(draft, superuser=True), "pg_signal_backend": _role(draft, login=False)}
    for one in implied.databases:
        roles.setdefault(one.owner, _role(draft))
    return {
        "system": str(int(draft.draw(15), 16)),
        "version": implied.version,
        "address": implied.address,
        "tls": implied.tls,
        "names": sorted({host, *(one.host for one in implied.databases if one.host)}),
        "hba": [{"type": "host", "databases": ["all"], "users": ["all"], "address": "all", "method": "scram-sha-256"}],
        "databases": {one.name: {"owners": {one.owner: 40 + len(one.name)}} for one in implied.databases},
        "roles": roles,
        "sessions": [],
    }


def _table(draft: Draft, table: Table) -> None:
    """A few rows, which an application writes as it always did."""
    database = draft.postgres["databases"].setdefault(table.database, {"owners": {table.database: 1}})
    draft.roles.setdefault(table.database, _role(draft))
    rows = {str(number): {table.column: draft.draw()} for number in range(1, _ROWS + 1)}
    draft.vault.setdefault("plain", []).extend(row[table.column] for row in rows.values())
    made = {"columns": {table.column: {"type": "text"}}, "rows": rows, "mode": "plain", "key": table.key}
    held = database.setdefault("tables", {}).setdefault(table.relation, made)
    held["columns"] |= made["columns"]
    for number, row in rows.items():
        held["rows"].setdefault(number, {}).update(row)


def _role(draft: Draft, *, superuser: bool = False, login: bool = True) -> dict[str, Any]:
    state = {"login": login, "createrole": superuser, "superuser": superuser}
    return {"state": state, "password": draft.draw()}


def _values(draft: Draft, implied: Implied, applied: Applied) -> None:
    """A made-up value for every key that an ExternalSecret names; the database's own password where it is one."""
    passwords = {
        (f"ExternalSecret/{one.secret}", one.key): draft.roles[one.owner]["password"] for one in implied.databases
    }
    for key, spec in applied.objects.items():
        if not key.startswith("ExternalSecret/"):
            continue
        target = f"ExternalSecret/{key.split('/')[1]}/{spec['target']}"
        store = draft.vault["stores"].setdefault(spec["store"], {"mount": spec["store"], "vault": False})
        for one in spec["data"]:
            path = f"{store['mount']}/{one['path']}"
            if path not in draft.vault["kv"]:
                vault.keep(draft, path)
            held = draft.vault["kv"].setdefault(path, {})
            if one["key"] == "*":
                for field in one.get("fields") or ["value"]:
                    held.setdefault(field, draft.draw())
                continue
            field = one["property"] or "value"
            if (target, one["key"]) in passwords:
                held[field] = passwords[target, one["key"]]
            else:
                held.setdefault(field, draft.draw())


def _made_elsewhere(draft: Draft, applied: Applied) -> None:
    """Secrets and accounts that workloads need and nothing in the tree makes: somebody made them by hand."""
    made = {
        f"Secret/{key.split('/')[1]}/{spec['target']}"
        for key, spec in applied.objects.items()
        if key.startswith("ExternalSecret/")
    }
    every = dict(applied.objects)
    for spec in applied.objects.values():
        every |= spec.get("makes", {})
    for key, spec in every.items():
        if "pod" not in spec:
            continue
        namespace = key.split("/")[1]
        for secret in spec["secrets"]:
            if f"Secret/{namespace}/{secret}" not in made:
                fresh = {"uid": draft.uid(), "owners": [], "data": {"value": draft.draw()}}
                draft.objects.setdefault(f"Secret/{namespace}/{secret}", fresh)
        account = f"ServiceAccount/{namespace}/{spec['pod']['spec'].get('serviceAccountName') or 'default'}"
        if account not in every:
            draft.objects.setdefault(account, {"uid": draft.uid(), "spec": {"tokens": True}})
