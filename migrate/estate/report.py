"""The inventory as the document other programs rely on: `migrate.scan/v1`, field for field.

Fields beyond the contract (`findings`, `wiring`, `wiredBy`, `bootstrapReaders`, ...) may be added, never renamed.
"""

from __future__ import annotations

from collections.abc import Iterable

from migrate.estate.inventory import Bootstrap, Inventory, Reader, Reason, Secret, Served, Store, Workload
from migrate.model.json import Json

SCHEMA = "migrate.scan/v1"


def document(inventory: Inventory, path: str, commit: str | None, *, dirty: bool) -> dict[str, Json]:
    """`migrate.scan/v1` of an inventory; the estate's place and commit are what the caller found."""
    totals: dict[str, Json] = dict(inventory.totals())
    return {
        "schema": SCHEMA,
        "estate": {"path": path, "commit": commit, "dirty": dirty},
        "files": _files(inventory),
        "wiring": {"how": inventory.wiring.how, "starts": list(inventory.wiring.starts)},
        "stores": [_store(store) for store in inventory.stores],
        "secrets": [_secret(secret) for secret in ordered(inventory.secrets)],
        "workloads": [_workload(workload) for workload in inventory.workloads],
        "served": [_served(one) for one in inventory.served],
        "levels": _levels(inventory),
        "findings": [
            {"code": finding.code, "severity": finding.severity, "text": finding.text, "file": finding.file}
            for finding in inventory.findings
        ],
        "totals": totals,
    }


def ordered(secrets: Iterable[Secret]) -> list[Secret]:
    """By namespace and name; several of one name by where they stand."""
    return sorted(secrets, key=lambda secret: (secret.namespace, secret.name, secret.file, secret.document))


def legacy(inventory: Inventory) -> list[Store]:
    """Stores that no ExternalSecret names while another store serves: candidates for retirement."""
    if not any(store.references for store in inventory.stores):
        return []
    return [store for store in inventory.stores if not store.references]


def _files(inventory: Inventory) -> Json:
    files = inventory.files
    return {
        "seen": files.seen,
        "parsed": files.parsed,
        "skipped": [{"file": skipped.file, "reason": skipped.reason} for skipped in files.skipped],
        "failed": [{"file": failed.file, "line": failed.line, "message": failed.message} for failed in files.failed],
    }


def _store(store: Store) -> Json:
    return {
        "kind": store.kind,
        "namespace": store.namespace,
        "name": store.name,
        "provider": store.provider,
        "server": store.server,
        "mount": store.mount,
        "version": store.version,
        "file": store.file,
        "references": store.references,
        "wired": store.wired,
    }


def _secret(secret: Secret) -> Json:
    return {
        "namespace": secret.namespace,
        "name": secret.name,
        "file": secret.file,
        "document": secret.document,
        "store": {"kind": secret.store.kind, "name": secret.store.name},
        "target": secret.target,
        "wired": secret.wired,
        "wiredBy": secret.wired_by,
        "creationPolicy": secret.creation_policy,
        "deletionPolicy": secret.deletion_policy,
        "refreshInterval": secret.refresh_interval,
        "data": [
            {"key": datum.key, "vault": {"path": datum.vault.path, "property": datum.vault.property}}
            for datum in secret.data
        ],
        "template": secret.template,
        "readers": [_reader(reader) for reader in secret.readers],
        "verdict": secret.verdict,
        "reasons": [_reason(reason) for reason in secret.reasons],
    }


def _reader(reader: Reader) -> dict[str, Json]:
    return {
        "kind": reader.kind,
        "namespace": reader.namespace,
        "name": reader.name,
        "container": reader.container,
        "file": reader.file,
        "document": reader.document,
        "pointer": reader.pointer,
        "how": reader.how,
        "wired": reader.wired,
    }


def _reason(reason: Reason) -> Json:
    return {
        "code": reason.code,
        "text": reason.text,
        "reader": _reader(reason.reader) if reason.reader else None,
    }


def _workload(workload: Workload) -> Json:
    return {
        "kind": workload.kind,
        "namespace": workload.namespace,
        "name": workload.name,
        "file": workload.file,
        "document": workload.document,
        "serviceAccount": workload.service_account,
        "secrets": list(workload.secrets),
        "wired": workload.wired,
        "wiredBy": workload.wired_by,
    }


def _served(one: Served) -> Json:
    return {
        "kind": one.kind,
        "namespace": one.namespace,
        "name": one.name,
        "file": one.file,
        "document": one.document,
        "pointer": one.pointer,
        "wired": one.wired,
        "role": one.role or None,
        "files": list(one.files),
        "fetched": [{"path": path, "keys": list(keys)} for path, keys in one.fetched],
        "elsewhere": list(one.elsewhere),
        "secrets": list(one.secrets),
    }


def _levels(inventory: Inventory) -> Json:
    readers: dict[str, Json] = {}
    for item in inventory.bootstrap:
        told = readers.setdefault(bootstrap_id(item), [])
        if isinstance(told, list):
            told.append({"reason": item.reason, "file": item.file})
    return {
        "bootstrap": list(readers),
        "bootstrapReaders": readers,
        "legacyStores": [{"name": store.name, "references": store.references} for store in legacy(inventory)],
    }


def bootstrap_id(item: Bootstrap) -> str:
    """`namespace/name` of a Secret on the path to Vault."""
    return f"{item.namespace}/{item.name}"
