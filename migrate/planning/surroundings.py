"""What stands around the workload and decides whether the move works: the injector, the store, passwords in texts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from migrate.estate.inventory import Inventory, Secret, Store
from migrate.model.config import Config
from migrate.model.json import Json, mapping, text_at
from migrate.operations.subject import VaultSide
from migrate.planning.files import Files, Found, objects, one
from migrate.planning.literals import harmless

_LITERAL = rb"(?i)(?:create|alter)\s+(?:user|role)\s+[\"']?%s[\"']?\s[^;]{0,200}?password\s+'((?:[^']|'')*)"


@dataclass(frozen=True, slots=True)
class Injector:
    """The injector's own release."""

    found: Found
    version: str | None
    auth_path: str | None
    address: str | None
    failure_policy: str
    replicas: int
    revokes: bool
    trusts: bool

    @property
    def name(self) -> str:
        """`HelmRelease namespace/name`."""
        return f"HelmRelease {self.found.namespace}/{self.found.name}"


def injector(inventory: Inventory, files: Files) -> Injector | None:
    """The release of the chart that holds the injector, where the tree has one."""
    for workload in inventory.workloads:
        found = one(files, workload.file, workload.document) if workload.chart == "vault" else None
        if found is not None and workload.kind == "HelmRelease":
            values = mapping(found.spec.get("values"))
            if mapping(values.get("injector")).get("enabled") is not False:
                return _injector(found, values)
    return None


def login_mount(config: Config, inventory: Inventory, files: Files) -> str:
    """Where workloads log in to Vault, without `auth/`: as the settings say, else the injector, else `jwt`."""
    found = injector(inventory, files)
    mount = config.vault.auth.mount or (found.auth_path if found else None) or "jwt"
    return mount.strip("/").removeprefix("auth/")


def _injector(found: Found, values: dict[str, Json]) -> Injector:
    settings = mapping(values.get("injector"))
    webhook, extra = mapping(settings.get("webhook")), mapping(settings.get("extraEnvironmentVars"))
    policy = text_at(webhook, "failurePolicy") or text_at(settings, "failurePolicy") or "Ignore"
    replicas = settings.get("replicas")
    return Injector(
        found,
        version_of(found),
        text_at(settings, "authPath"),
        text_at(values, "global", "externalVaultAddr") or text_at(settings, "externalVaultAddr"),
        policy,
        replicas if isinstance(replicas, int) else 1,
        settings.get("revokeOnShutdown") is True,
        any("CACERT" in name for name in extra),
    )


def version_of(release: Found) -> str | None:
    """The version of the chart that a HelmRelease asks for."""
    return text_at(release.spec, "chart", "spec", "version")


def pinned(version: str | None) -> bool:
    """Whether a chart version names one version rather than a range."""
    return version is not None and re.fullmatch(r"v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?", version.strip()) is not None


def private_ca(secret: Secret, inventory: Inventory, files: Files) -> bool:
    """Whether the secret's store needs a CA of its own to trust Vault; then every agent needs it too."""
    named = (one.file for one in inventory.stores if (one.kind, one.name) == (secret.store.kind, secret.store.name))
    places = tuple(sorted({file for file in named if file is not None}))
    for found in objects(Files(places, files.read), frozenset({secret.store.kind})):
        vault = mapping(mapping(found.spec.get("provider")).get("vault"))
        if found.name == secret.store.name and ("caProvider" in vault or "caBundle" in vault):
            return True
    return False


def literal_passwords(files: Files, login: str) -> list[str]:
    """`file:line` of each place where SQL in the tree gives the login a password. Never what it is."""
    pattern = re.compile(_LITERAL % re.escape(login.encode()))
    places = []
    for path in files.paths:
        try:
            data = files.read(path)
        except OSError:
            continue
        for match in pattern.finditer(data):
            if harmless(match[1].decode("utf-8", "replace")):
                continue  # filled in by Flux or a template: Git does not hold it
            line = data.count(b"\n", 0, match.start()) + 1
            places.append(f"{path}:{line}")
    return places


def vault_side(config: Config, store: Store | None, injector: Injector | None, database_ca: str = "") -> VaultSide:
    """Where things go in Vault, and how the workload gets in: as settings, the store and the injector's release say."""
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
