"""Where in Vault the values lie that ExternalSecrets copy: paths of the API, as policies name them."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.estate.inventory import Inventory, Secret, Store


def held_by(store: Store, secret: Secret) -> Iterator[str]:
    """The paths that the copy of a secret is made from, each once."""
    yield from dict.fromkeys(kv_path(store, datum.vault.path) for datum in secret.data)


def kv_path(store: Store, key: str) -> str:
    """A key as an ExternalSecret writes it, as the API's path: with the mount, and `data/` on version 2."""
    data = "data" if store.version != "v1" else ""
    return "/".join(filter(None, (_mount(store), data, below_mount(store, key))))


def below_mount(store: Store, key: str) -> str:
    """A key as an ExternalSecret writes it without the store's mount, which ESO takes with it and without it."""
    bare = key.removeprefix(f"{mount}/") if (mount := _mount(store)) else key
    return bare if store.version == "v1" else bare.removeprefix("data/")


def _mount(store: Store) -> str:
    return (store.mount or "").strip("/")


def paths_by_secret(inventory: Inventory) -> dict[tuple[str, str], list[str]]:
    """Every secret's paths, by its namespace and name; those of stores that are no Vault are left out."""
    found = dict[tuple[str, str], list[str]]()
    for secret in inventory.secrets:
        store = inventory.store_of(secret)
        if store is not None and store.provider == "vault":
            found.setdefault((secret.namespace, secret.name), []).extend(held_by(store, secret))
    return found


def versioned_paths(inventory: Inventory) -> list[str]:
    """The paths in KV version 2 that secrets are copied from, each once."""
    found = dict[str, None]()
    for secret in inventory.secrets:
        store = inventory.store_of(secret)
        if store is not None and store.provider == "vault" and store.version != "v1":
            found |= dict.fromkeys(held_by(store, secret))
    return sorted(found)
