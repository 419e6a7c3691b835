"""Vault as the settings, the store and the injector's release describe it."""

from __future__ import annotations

from migrate.estate.inventory import Inventory, Secret, Store
from migrate.model.config import Config
from migrate.operations.subject import VaultSide
from migrate.planning.surroundings import Injector


def vault_side(config: Config, store: Store | None, injector: Injector | None, database_ca: str = "") -> VaultSide:
    """Where things go in Vault, and how the workload gets in."""
    server = config.vault.address or (store.server if store else None)
    path = config.vault.auth.mount or (injector.auth_path if injector else None) or "jwt"
    return VaultSide(
        server=server,
        prefix=config.prefix,
        database_mount=config.vault.database.strip("/"),
        auth_mount=path.strip("/").removeprefix("auth/"),
        # Any text will do as long as the token and the role agree; Vault's address names who the token is for.
        audience=config.vault.auth.audience or server,
        database_address=config.database.address,
        sslmode=config.database.sslmode,
        tls_secret=config.injector.tlsSecret,
        client=config.database.vaultAddress or "",
        database_ca=database_ca,
    )


def store_of(secret: Secret, inventory: Inventory) -> Store | None:
    """The store that the ExternalSecret names; None where the tree has none of that name."""
    wanted = (secret.store.kind, secret.store.name)
    own = secret.namespace if secret.store.kind == "SecretStore" else None
    fitting = [one for one in inventory.stores if (one.kind, one.name) == wanted]
    return next((one for one in fitting if own in {None, one.namespace}), None)
