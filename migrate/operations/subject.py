"""What operations know of the workload they move: facts from the tree and `migrate.yaml`, and names built on them.

Never a secret value. None means unknown, and an operation that needs what is unknown says so in its wish.
"""

from __future__ import annotations

from dataclasses import dataclass

from migrate.model.json import Json, Pointer
from migrate.model.target import Target


@dataclass(frozen=True, slots=True)
class Place:
    """A document of a file."""

    file: str
    document: int


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Who the pod is. `made_by_chart`: Helm creates and deletes it with the release."""

    name: str
    made_by_chart: bool
    shared_with: tuple[str, ...]
    wanted: str
    """The dedicated one the workload shall have; equal to `name` where that one is its own already."""

    @property
    def changes(self) -> bool:
        """True where the workload needs another ServiceAccount than today's."""
        return self.name != self.wanted


@dataclass(frozen=True, slots=True)
class Release:
    """A Helm release in Git: where its settings for the workload stand, and what they make."""

    place: Place
    namespace: str
    name: str
    pods_in: str
    chart: str
    version: str
    at: Pointer
    """Where the workload's own values stand in the document."""
    document: Json
    container: str
    deployment: str
    account: ServiceAccount
    uid: int
    gid: int
    applied_by: str = ""
    """The Flux Kustomization that applies it, `namespace/name`; empty where something else does."""

    @property
    def target(self) -> Target:
        """The object in Git."""
        return Target("git", "HelmRelease", f"{self.namespace}/{self.name}")

    @property
    def workload(self) -> Target:
        """The Deployment whose pods read the password."""
        return Target("cluster", "Deployment", f"{self.pods_in}/{self.deployment}")

    @property
    def values(self) -> dict[str, Json]:
        """The workload's own values."""
        node: Json = self.document
        for token in self.at:
            node = node.get(str(token)) if isinstance(node, dict) else None
        return node if isinstance(node, dict) else {}


@dataclass(frozen=True, slots=True)
class Listing:
    """A line of a kustomization that lists a file. `alone`: the only one there."""

    place: Place
    entry: str
    alone: bool


@dataclass(frozen=True, slots=True)
class Copied:
    """The ExternalSecret that hands the password to the workload today."""

    place: Place
    namespace: str
    name: str
    target_secret: str
    key: str
    document: Json
    alone_in_file: bool
    listings: tuple[Listing, ...]
    """The kustomizations that list the file; empty where it is found by its folder."""
    retire: bool
    """False where somebody else still reads the Secret: then it stays in ESO."""
    never_refreshed: bool
    applied_by: str = ""

    @property
    def git(self) -> Target:
        """The object in Git."""
        return Target("git", "ExternalSecret", f"{self.namespace}/{self.name}")


@dataclass(frozen=True, slots=True)
class Login:
    """The database side of today."""

    database: str
    owner: str
    host: str
    operator: str | None
    """The database operator's object that lists the login, as `Kind namespace/name`."""
    server_version: int | None


@dataclass(frozen=True, slots=True)
class VaultSide:
    """Where things go in Vault, and how the workload gets in."""

    server: str | None
    prefix: str
    database_mount: str
    auth_mount: str
    audience: str | None
    database_address: str | None
    sslmode: str
    tls_secret: str | None


@dataclass(frozen=True, slots=True)
class Subject:
    """One workload and everything its migration is made from."""

    release: Release
    copied: Copied
    login: Login
    vault: VaultSide
    inventory: tuple[str, ...]
    """The entries of the inventory that made it a candidate, for `explain`."""

    @property
    def unit(self) -> str:
        """`namespace/deployment`: the workload whose state every step belongs to."""
        return f"{self.release.pods_in}/{self.release.deployment}"

    @property
    def new_login(self) -> str:
        """The login Vault rotates: a new one, since the first rotation happens when the static role is written."""
        return f"{self.login.owner}_vault"

    @property
    def vault_login(self) -> str:
        """Vault's own login. One for each connection: a shared one would tie unrelated workloads to one password."""
        return f"{self.login.owner}_vault_admin"

    @property
    def _workload_name(self) -> str:
        return f"{self.vault.prefix}{self.release.pods_in}-{self.release.container}"

    @property
    def connection(self) -> Target:
        """The database connection in Vault."""
        return self._database("config", f"{self.vault.prefix}{self.login.owner}-pg")

    @property
    def static_role(self) -> Target:
        """The static role in Vault."""
        return self._database("static-roles", f"{self.vault.prefix}{self.login.owner}")

    @property
    def dynamic_role(self) -> Target:
        """The dynamic role in Vault."""
        return self._database("roles", f"{self.vault.prefix}{self.login.owner}")

    @property
    def policy(self) -> Target:
        """The one policy of the workload."""
        return Target("vault", "policy", self._workload_name)

    @property
    def jwt_role(self) -> Target:
        """The one role its ServiceAccount logs in with."""
        return Target("vault", f"auth/{self.vault.auth_mount}/role", self._workload_name)

    def _database(self, kind: str, name: str) -> Target:
        return Target("vault", f"{self.vault.database_mount}/{kind}", name)


def postgres(login: str) -> Target:
    """A login of the database."""
    return Target("postgres", "role", login)
