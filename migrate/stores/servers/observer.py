"""One observer for Vault, PostgreSQL and the cluster: each target is asked of whom it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from migrate.model.change import Absent, Doc, State
from migrate.model.json import Json, mapping
from migrate.model.ports import Unreachable
from migrate.model.target import Target
from migrate.stores.cluster.observer import ClusterObserver
from migrate.stores.postgres.observer import PostgresObserver
from migrate.stores.servers.logins import Logins
from migrate.stores.servers.reach import reached
from migrate.stores.servers.sealed import SealedObserver
from migrate.stores.servers.synced import synced
from migrate.stores.vault.observer import VaultObserver


@dataclass(frozen=True, slots=True)
class ServersObserver:
    """The servers of an estate. `mount`: where Vault keeps its database connections."""

    vault: VaultObserver
    postgres: PostgresObserver
    cluster: ClusterObserver
    logins: Logins
    mount: str
    columns: SealedObserver

    def observe(self, target: Target) -> State:
        """The target as it is now, without any secret. Raises Unreachable."""
        name, _, asked = target.name.partition("?")
        match target.store, target.kind:
            case "vault", _:
                return self.vault.observe(target)
            case "postgres", "endpoint":
                return self._endpoint(target)
            case "postgres", "comparison" | "restored":
                return _state(self.columns.seen(target))
            case "postgres", _:
                return self.postgres.observe(target)
            case _, "LoginAs":
                return _state(self.logins.to_vault(name, asked))
            case _, "DatabaseLogin":
                return _state(self.logins.to_database(name, asked))
            case _, "Rendered":
                raise Unreachable(
                    f"release {name} cannot be rendered from here, so what else the edits change is not known",
                    following="helm template with the values before and after, then pass the gate with what differed",
                )
            case _, "Secret":
                return self._secret(name)
            case _:
                return self.cluster.observe(target)

    def _secret(self, name: str) -> State:
        shown, equal = synced(self.cluster.api, self.vault.api, name)
        return _state(shown if not shown or equal is None else shown | {"synced": equal})

    def _endpoint(self, target: Target) -> State:
        found = self.postgres.observe(target)
        seen = reached(self.vault.api, self.mount, target.name)
        shown = mapping(found.value) if isinstance(found, Doc) else {}
        return Doc(shown if seen is None else shown | {"fromVault": seen})


def _state(shown: dict[str, Json] | None) -> State:
    return Absent() if shown is None else Doc(shown)
