"""Where in Vault the values lie that ExternalSecrets copy: paths of the API, as policies name them."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.estate.inventory import Inventory, Secret, Store


def held_by(store: Store, secret: Secret) -> Iterator[str]:
    """The paths that the copy of a secret is made from, each once."""
    yield from dict.fromkeys(kv_path(store, datum.vault.path) for datum in secret.data)


def kv_path(store: Store, key: str) -> str:
    """A key as an ExternalSecret writes it, as the API's path: with the mount, and `data/` on version 2."""
    mount = (store.mount or "").strip("/")
    bare = key.removeprefix(f"{mount}/") if mount else key
    if store.version == "v1":
        return "/".join(filter(None, (mount, bare)))
    return "/".join(filter(None, (mount, "data", bare.removeprefix("data/"))))


def paths_by_secret(inventory: Inventory) -> dict[tuple[str, str], list[str]]:
    """Every secret's paths, by its namespace and name; those of stores that are no Vault are left out."""
    found = dict[tuple[str, str], list[str]]()
    for secret in inventory.secrets:
        store = inventory.store_of(secret)
        if store is not None and store.provider == "vault":
            found.setdefault((secret.namespace, secret.name), []).extend(held_by(store, secret))
    return found
