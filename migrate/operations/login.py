"""What the operations on a database login know: the release, its login, and the names built on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from migrate.model.json import Json, Pointer, at_pointer, mapping
from migrate.model.target import Target
from migrate.operations.subject import (
    Copied,
    Entering,
    Grant,
    Place,
    ServiceAccount,
    Subject,
    VaultSide,
    login_role,
    policy_called,
    workload_name,
)

ROTATED = "_vault"
"""What follows the owner's name in that of a login whose password Vault rotates for it."""


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
        return mapping(at_pointer(self.document, self.at))


@dataclass(frozen=True, slots=True)
class Login:
    """The database side of today."""

    database: str
    owner: str
    host: str
    operator: str | None
    """The database operator's object that lists the login, as `Kind namespace/name`."""
    server_version: int | None


@runtime_checkable
class Released(Subject, Protocol):
    """A workload that a Helm release makes."""

    @property
    def release(self) -> Release:
        """The release."""


@runtime_checkable
class Leaving(Released, Protocol):
    """One that leaves a database login behind, and the ExternalSecrets that copied its password, if any did."""

    @property
    def left(self) -> str:
        """The login that its pods no longer use."""

    @property
    def listed_by(self) -> str | None:
        """The database operator's object that lists that login."""

    @property
    def copies(self) -> tuple[Copied, ...]:
        """The ExternalSecrets."""


@runtime_checkable
class Connecting(Released, Entering, Protocol):
    """A release that logs in to a database, with what its pods get from Vault."""

    @property
    def login(self) -> Login:
        """Whose the database's objects are, and where it is."""


@dataclass(frozen=True, slots=True)
class LoginSubject:
    """One workload with a database login, and everything its migration is made from."""

    release: Release
    copied: Copied
    key: str
    """The key of the Secret that holds the password."""
    login: Login
    vault: VaultSide
    inventory: tuple[str, ...]
    """The entries of the inventory that made it a candidate, for `explain`."""

    @property
    def unit(self) -> str:
        """`namespace/deployment`: the workload whose state every step belongs to."""
        return f"{self.release.pods_in}/{self.release.deployment}"

    @property
    def file(self) -> str:
        """The file of the release."""
        return self.release.place.file

    @property
    def git(self) -> Target:
        """The release in Git."""
        return self.release.target

    @property
    def pods_in(self) -> str:
        """The namespace of the pods."""
        return self.release.pods_in

    @property
    def account(self) -> ServiceAccount:
        """Who the pods are."""
        return self.release.account

    @property
    def copies(self) -> tuple[Copied, ...]:
        """The one ExternalSecret."""
        return (self.copied,)

    @property
    def left(self) -> str:
        """The login that owns the database's objects: until now the application is it."""
        return self.login.owner

    @property
    def listed_by(self) -> str | None:
        """The database operator's object that lists it."""
        return self.login.operator

    @property
    def new_login(self) -> str:
        """The login Vault rotates: a new one, since the first rotation happens when the static role is written."""
        return f"{self.login.owner}{ROTATED}"

    @property
    def vault_login(self) -> str:
        """Vault's own login. One for each connection: a shared one would tie unrelated workloads to one password."""
        return f"{self.login.owner}_vault_admin"

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
        return policy_called(self._workload_name)

    @property
    def jwt_role(self) -> Target:
        """The one role its ServiceAccount logs in with."""
        return login_role(self.vault, self._workload_name)

    def grants(self, arguments: Mapping[str, Json]) -> tuple[Grant, ...]:
        """The one path where the credential is read."""
        role = self.dynamic_role if arguments.get("dynamic") is True else self.static_role
        return (Grant(credential_path(self, arguments), (role,)),)

    @property
    def _workload_name(self) -> str:
        return workload_name(self.vault, self.release.pods_in, self.release.container)

    def _database(self, kind: str, name: str) -> Target:
        return Target("vault", f"{self.vault.database_mount}/{kind}", name)


def postgres(login: str) -> Target:
    """A login of the database."""
    return Target("postgres", "role", login)


def acting_as(owner: str, database: str) -> dict[str, Json]:
    """A login's attributes: nothing of its own, member of the owner, whom it becomes when it enters the database."""
    return {
        "login": True,
        "createrole": False,
        "superuser": False,
        "connect": [database],
        "memberOf": [owner],
        "actsAs": {database: owner},
    }


def credential_path(subject: LoginSubject, arguments: Mapping[str, Json]) -> str:
    """Where the workload reads its credential."""
    engine = subject.vault.database_mount
    if arguments.get("dynamic") is True:
        return f"{engine}/creds/{subject.dynamic_role.short}"
    return f"{engine}/static-creds/{subject.static_role.short}"
