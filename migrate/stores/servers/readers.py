"""What the tokens of SecretStores may read: their policies, by store. The tokens are only asked who they are.

ESO's token is looked up with itself, which changes nothing; it is neither renewed nor revoked nor shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.errors import MigrateError
from migrate.model.json import mapping, strings, text_at
from migrate.stores.cluster.api import Api as Cluster
from migrate.stores.cluster.secrets import StoreAccess, store_accesses
from migrate.stores.vault import grants
from migrate.stores.vault.api import Api as Vault
from migrate.stores.vault.tokens import standing


def reader_policies(cluster: Cluster, vault: Vault) -> Iterator[tuple[StoreAccess, dict[str, str] | str]]:
    """Each Vault store with its policies' texts by name, or why they cannot be had. Raises Unreachable."""
    for store in store_accesses(cluster):
        try:
            names = _names(store, vault)
            if names is None:
                yield store, "how it logs in is not known to this tool, or may not be seen"
                continue
            texts = {name: grants.policy_text(vault, name) for name in names if name != "root"}
            yield store, {name: text for name, text in texts.items() if text is not None} | _root(names)
        except MigrateError as error:
            yield store, f"{error.happened}; {error.following}" if error.following else error.happened


def _root(names: list[str]) -> dict[str, str]:
    # Vault shows no text for it.
    return {"root": 'path "*" { capabilities = ["read", "sudo"] }'} if "root" in names else {}


def _names(store: StoreAccess, vault: Vault) -> list[str] | None:
    if store.token:
        return list(standing(vault, store.token.decode().strip()).policies)
    for kind, mount_key in (("kubernetes", "mountPath"), ("jwt", "path")):
        login = mapping(store.auth.get(kind))
        if role := text_at(login, "role"):
            found = grants.login_role(vault, (text_at(login, mount_key) or kind).strip("/"), role)
            return [*strings(found.get("token_policies")), *strings(found.get("policies")), "default"]
    return None


def listed_values(vault: Vault, mounts: frozenset[str], most: int) -> list[str] | None:
    """The path of every value below KV mounts; None where that may not be listed, or there are more than `most`."""
    found, open_ = list[str](), [f"{mount}/metadata/" for mount in sorted(mounts)]
    while open_:
        folder = open_.pop()
        answer = vault.look(folder, "list")
        if answer.status == 403 or len(found) > most:
            return None
        for name in strings(answer.data.get("keys")):
            if name.endswith("/"):
                open_.append(folder + name)
            else:
                found.append((folder + name).replace("/metadata/", "/data/", 1))
    return sorted(found)
