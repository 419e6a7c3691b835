"""One observer for Vault, PostgreSQL and the cluster: each target is asked of whom it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from migrate.model.change import Absent, Doc, State
from migrate.model.config import Trials
from migrate.model.json import Json
from migrate.model.target import Target
from migrate.stores.cluster.observer import ClusterObserver
from migrate.stores.postgres.observer import PostgresObserver
from migrate.stores.servers.agent_files import AgentFiles
from migrate.stores.servers.cycle import Cycle
from migrate.stores.servers.logins import Logins
from migrate.stores.servers.rendering import rendered
from migrate.stores.servers.sealed import SealedObserver
from migrate.stores.servers.synced import synced
from migrate.stores.vault.observer import VaultObserver


@dataclass(frozen=True, slots=True)
class ServersObserver:
    """The servers of an estate. `trials`: what the operator permits beyond reading."""

    vault: VaultObserver
    postgres: PostgresObserver
    cluster: ClusterObserver
    logins: Logins
    trials: Trials
    columns: SealedObserver

    def observe(self, target: Target) -> State:
        """The target as it is now, without any secret. Raises Unreachable."""
        name, _, asked = target.name.partition("?")
        match target.store, target.kind:
            case "vault", _:
                return self.vault.observe(target)
            case "postgres", "comparison" | "restored":
                return _state(self.columns.seen(target))
            case "postgres", _:
                return self.postgres.observe(target)
            case _, "LoginAs":
                return _state(self.logins.to_vault(name, asked))
            case _, "DatabaseLogin":
                return _state(self.logins.to_database(name, asked))
            case _, "RevokeCycle":
                return _state(
                    self._permitted("issuedLogin") or Cycle(self.logins, self.postgres.database).tried(name, asked)
                )
            case _, "CertificateLogin":
                return _state(self._permitted("certificate") or self.logins.by_certificate(name, asked))
            case _, "OldLogin":
                return _state(self._permitted("oldLogin") or self.logins.with_secret(name, asked))
            case _, "AgentFiles":
                return _state(AgentFiles(self.logins, self.trials).seen(name, asked))
            case _, "Rendered":
                return _state(rendered(self.cluster.api, name, asked))
            case _, "Secret":
                return self._secret(name)
            case _:
                return self.cluster.observe(target)

    def _secret(self, name: str) -> State:
        return _state(synced(self.cluster.api, self.vault.api, name))

    def _permitted(self, trial: str) -> dict[str, Json]:
        """What is shown instead of a trial that the operator switched off; empty where it is permitted."""
        return {} if getattr(self.trials, trial) else {"off": f"trials.{trial}"}


def _state(shown: dict[str, Json] | None) -> State:
    return Absent() if shown is None else Doc(shown)
