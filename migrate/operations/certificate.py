"""What the operations on a client certificate know: the release, its password of today, who issues, and who admits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from migrate.model.json import Json, Pointer
from migrate.model.target import Target
from migrate.operations.login import Login, Release, postgres
from migrate.operations.subject import (
    Copied,
    Grant,
    Place,
    ServiceAccount,
    VaultSide,
    login_role,
    policy_called,
    workload_name,
)
from migrate.targets.pki import certificate_name, left_at_renewal


@dataclass(frozen=True, slots=True)
class Issuer:
    """The PKI engine, and how long what it issues lives. `life` and `outage` in seconds.

    `renew_at`: after how many hundredths of its life a certificate is renewed. `outage`: how long Vault may be away.
    """

    mount: str
    life: int
    renew_at: int
    outage: int

    @property
    def left(self) -> int:
        """Seconds that a certificate still lives when its renewal is due."""
        return left_at_renewal(self.life, self.renew_at)


@dataclass(frozen=True, slots=True)
class RulesInGit:
    """A database operator's object in Git whose list becomes PostgreSQL's host-based rules.

    `instead`: the rules that the operator would add by itself while the list is empty, and no longer once it is not.
    """

    target: Target
    place: Place
    pointer: Pointer
    listed: tuple[str, ...]
    instead: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RulesByHand:
    """Nothing in Git owns the rules: people write them on the server, and a gate looks whether they did."""


Rules: TypeAlias = RulesInGit | RulesByHand


@dataclass(frozen=True, slots=True)
class FromSecret:
    """Until now an ExternalSecret copies the owner's password, and the workload reads `key` of its Secret."""

    copied: Copied
    key: str


@dataclass(frozen=True, slots=True)
class FromAgent:
    """Until now the agent writes the password of `login`, which Vault rotates: this is where phase 1 ends.

    `path` and `role`: where the agent reads it, and the role (without its mount) that it logs in to Vault with.
    `annotations`: those of the pod that are about that file alone.
    """

    login: str
    path: str
    role: str
    annotations: tuple[str, ...]


Today: TypeAlias = FromSecret | FromAgent


@dataclass(frozen=True, slots=True)
class CertificateSubject:
    """One workload whose database login shall be known by its certificate."""

    release: Release
    login: Login
    """Whose the database's objects are, and where it is."""
    today: Today
    vault: VaultSide
    inventory: tuple[str, ...]
    """The entries of the inventory that made it a candidate, for `explain`."""
    issuer: Issuer
    rules: Rules
    server_name: str
    """The name by which the workload reaches the server, which the server's certificate must bear."""

    @property
    def unit(self) -> str:
        """`namespace/deployment`: the workload whose state every step belongs to."""
        return f"{self.release.pods_in}/{self.release.deployment}"

    @property
    def file(self) -> str:
        """The file of the release."""
        return self.release.place.file

    @property
    def left(self) -> str:
        """The login that its pods no longer use."""
        match self.today:
            case FromSecret():
                return self.login.owner
            case FromAgent(login=login):
                return login

    @property
    def listed_by(self) -> str | None:
        """The database operator's object that lists it: one that Vault rotates is on no operator's list."""
        return self.login.operator if self.left == self.login.owner else None

    @property
    def copies(self) -> tuple[Copied, ...]:
        """The ExternalSecret that serves it today, if one does."""
        match self.today:
            case FromSecret(copied=copied):
                return (copied,)
            case FromAgent():
                return ()

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
    def new_login(self) -> str:
        """The login that the certificate stands for: a new one, known by nothing else."""
        return certificate_name(self.login.owner)

    @property
    def postgres(self) -> Target:
        """The same as a target."""
        return postgres(self.new_login)

    @property
    def pki_role(self) -> Target:
        """The one role that issues for it."""
        return Target("vault", f"{self.issuer.mount}/roles", self._name)

    @property
    def issue_path(self) -> str:
        """Where its certificates are asked for."""
        return f"{self.issuer.mount}/issue/{self._name}"

    @property
    def policy(self) -> Target:
        """The one policy of the workload."""
        return policy_called(self._name)

    @property
    def jwt_role(self) -> Target:
        """The one role its ServiceAccount logs in with."""
        return login_role(self.vault, self._name)

    def grants(self, arguments: Mapping[str, Json]) -> tuple[Grant, ...]:
        """To ask for its own certificate."""
        return (Grant(self.issue_path, (self.pki_role,)),)

    @property
    def _name(self) -> str:
        return workload_name(self.vault, self.pods_in, f"{self.release.container}-cert")
