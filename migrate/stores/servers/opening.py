"""From an estate's settings to the servers they name. Nothing is asked before somebody asks."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from migrate.model.config import Config, Login, Source
from migrate.model.errors import Refused
from migrate.model.ports import Store
from migrate.model.target import StoreName
from migrate.stores.cluster.api import Api as Cluster
from migrate.stores.cluster.observer import ClusterObserver
from migrate.stores.cluster.secrets import store_tokens
from migrate.stores.cluster.store import ClusterStore
from migrate.stores.postgres.observer import PostgresObserver
from migrate.stores.postgres.session import Database
from migrate.stores.postgres.store import PostgresStore
from migrate.stores.postgres.trial import Door
from migrate.stores.servers.logins import Logins
from migrate.stores.servers.observer import ServersObserver
from migrate.stores.servers.sealed import SealedObserver
from migrate.stores.servers.sources import resolved
from migrate.stores.vault.api import Api as Vault
from migrate.stores.vault.observer import VaultObserver
from migrate.stores.vault.store import VaultStore
from migrate.stores.vault.tokens import Minted, Standing, refuse_readers, standing
from migrate.stores.vault.transit import Key


@dataclass(frozen=True, slots=True)
class Servers:
    """Vault, PostgreSQL and the cluster. Use `close` at the end: it revokes what was minted here."""

    vault: Vault
    postgres: Database
    cluster: Cluster
    observer: ServersObserver
    token: Callable[[], str]

    @property
    def stores(self) -> dict[StoreName, Store]:
        """What a run writes to, Git left out."""
        return {
            "vault": VaultStore(self.vault),
            "postgres": PostgresStore(self.postgres, lambda path: Key(self.vault, path)),
            "cluster": ClusterStore(self.cluster),
        }

    def places(self) -> dict[str, str]:
        """Which servers these are. Raises Unreachable."""
        return {name: store.identity() for name, store in self.stores.items()}

    def version(self) -> int:
        """PostgreSQL's major version. Raises Unreachable."""
        return self.postgres.version()

    def standing(self) -> Standing:
        """What the Vault token is. Raises Refused, Unreachable."""
        return standing(self.vault, self.token())

    def insist_on_writing(self) -> None:
        """Return if the token is the operator's to write with. Raises Refused, Unreachable."""
        found = self.standing()
        if not isinstance(self.token, Minted):
            refuse_readers(self.token(), found, store_tokens(self.cluster))

    def close(self) -> None:
        """Give back what this process took for itself."""
        if isinstance(self.token, Minted):
            self.token.revoke()


def servers(config: Config, estate: Path, address: str | None, kubeconfig: str | None = None) -> Servers:
    """The servers of an estate. `address`: Vault's where no setting says it; `kubeconfig`: else the variable's.

    Raises Refused where Vault's address is unknown.
    """
    where = config.vault.address or address
    if where is None:
        raise _unset("the address of Vault", "vault.address")
    _insist_on_tls(where, "vault.address")
    ca = _path(config.vault.ca or os.environ.get("VAULT_CACERT"), estate)
    token = _token(config, estate, Vault(where, ca))
    # The client reads the variable once, at its import.
    vault, cluster = Vault(where, ca, token), Cluster(config.kube.context, kubeconfig or os.environ.get("KUBECONFIG"))
    postgres = Database(lambda: resolved(config.database.admin, "PostgreSQL's administrator", "database.admin", estate))
    observer = ServersObserver(
        VaultObserver(vault, lambda: datetime.now(UTC)),
        PostgresObserver(postgres, _path(config.database.ca, estate)),
        ClusterObserver(cluster),
        Logins(cluster, vault, _door(config, estate)),
        config.trials,
        SealedObserver(postgres, lambda path: Key(vault, path), _restored(config, estate)),
    )
    return Servers(vault, postgres, cluster, observer, token)


def _insist_on_tls(where: str, setting: str) -> None:
    if not where.startswith("https://"):
        raise Refused(
            f"Vault's address {where} is not https",
            truth="a token would cross the network in the clear",
            undone="nothing was asked",
            following=f"set {setting} in migrate.yaml to its https address, and the CA beside it",
        )


def _token(config: Config, estate: Path, anonymous: Vault) -> Callable[[], str]:
    source = config.vault.token
    if source.login is not None:
        return _minted(source.login, estate, anonymous)
    given = source if (source.file or source.env or source.command) else Source(env="VAULT_TOKEN")
    return lambda: resolved(given, "the Vault token", "vault.token", estate)


def _minted(login: Login, estate: Path, anonymous: Vault) -> Minted:
    def jwt() -> str:
        return resolved(login.jwt, "the JWT for Vault", "vault.token.login.jwt", estate)

    return Minted(anonymous, login.mount, login.role, jwt, lambda: datetime.now(UTC))


def _door(config: Config, estate: Path) -> Door | None:
    host, _, port = (config.database.address or "").rpartition(":")
    if not host or not port.isdigit():
        return None
    return Door(host, int(port), "", config.database.sslmode, _path(config.database.ca, estate))


def _restored(config: Config, estate: Path) -> Vault | None:
    """The second Vault, which a backup was restored to; None where nobody named one."""
    second = config.transit.restored
    if second is None:
        return None
    _insist_on_tls(second.address, "transit.restored.address")
    token = second.token
    return Vault(
        second.address,
        _path(second.ca, estate),
        lambda: resolved(token, "the restored Vault's token", "transit.restored.token", estate),
    )


def _path(named: str | None, estate: Path) -> str | None:
    return str(estate / Path(named).expanduser()) if named else None


def _unset(what: str, setting: str) -> Refused:
    return Refused(
        f"{what} is not known", undone="nothing was asked", following=f"set {setting} in migrate.yaml (migrate init)"
    )
