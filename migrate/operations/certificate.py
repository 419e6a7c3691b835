"""What the operations on a client certificate know: the release, its login of today, who issues, and who admits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from migrate.model.json import Json, Pointer
from migrate.model.target import Target
from migrate.operations.login import Login, LoginSubject, Release, postgres
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
class CertificateSubject:
    """One workload whose database login shall be known by its certificate."""

    today: LoginSubject
    issuer: Issuer
    rules: Rules
    server_name: str
    """The name by which the workload reaches the server, which the server's certificate must bear."""

    @property
    def unit(self) -> str:
        """`namespace/deployment`: the workload whose state every step belongs to."""
        return self.today.unit

    @property
    def file(self) -> str:
        """The file of the release."""
        return self.today.file

    @property
    def inventory(self) -> tuple[str, ...]:
        """The entries of the inventory that made it a candidate, for `explain`."""
        return self.today.inventory

    @property
    def release(self) -> Release:
        """The release."""
        return self.today.release

    @property
    def login(self) -> Login:
        """The login of today."""
        return self.today.login

    @property
    def copied(self) -> Copied:
        """The ExternalSecret that hands the password to the workload today."""
        return self.today.copied

    @property
    def copies(self) -> tuple[Copied, ...]:
        """The one ExternalSecret."""
        return self.today.copies

    @property
    def vault(self) -> VaultSide:
        """Where things go in Vault, and how the workload gets in."""
        return self.today.vault

    @property
    def git(self) -> Target:
        """The release in Git."""
        return self.today.git

    @property
    def pods_in(self) -> str:
        """The namespace of the pods."""
        return self.today.pods_in

    @property
    def account(self) -> ServiceAccount:
        """Who the pods are."""
        return self.today.account

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
