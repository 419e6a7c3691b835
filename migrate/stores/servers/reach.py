"""Whether Vault reaches a database, where something shows it: a connection there whose role Vault has rotated."""

from __future__ import annotations

from migrate.model.json import mapping, sequence
from migrate.stores.vault.api import Api


def reached(vault: Api, mount: str, address: str) -> bool | None:
    """True where Vault has set a password through a connection to that address; None where nothing shows it."""
    for name in _listed(vault, f"{mount}/config"):
        details = mapping(vault.look(f"{mount}/config/{name}").data.get("connection_details"))
        if f"@{address}/" in str(details.get("connection_url")) and _rotated(vault, mount, name):
            return True
    return None


def _rotated(vault: Api, mount: str, connection: str) -> bool:
    for name in _listed(vault, f"{mount}/static-roles"):
        role = vault.look(f"{mount}/static-roles/{name}").data
        if role.get("db_name") == connection and role.get("last_vault_rotation"):
            return True
    return False


def _listed(vault: Api, path: str) -> list[str]:
    found = vault.look(path, "list")
    return [str(one) for one in sequence(found.data.get("keys"))] if found.ok else []
