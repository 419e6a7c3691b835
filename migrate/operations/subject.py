"""What operations know of the workload they move: facts from the tree and `migrate.yaml`, and names built on them.

Every kind of phase has a subject of its own; an operation says by the annotation of its first parameter what it needs
of one: the subject of its kind, or one of the small protocols here, which several kinds answer.
Never a secret value. None means unknown, and an operation that needs what is unknown says so in its wish.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from migrate.model.change import Doc
from migrate.model.json import Json, mapping
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
class Listing:
    """A line of a kustomization that lists a file or its folder. `alone`: the only one there."""

    place: Place
    entry: str
    alone: bool
    field: str = "resources"
    """The list it stands in."""


@dataclass(frozen=True, slots=True)
class Copied:
    """The ExternalSecret that hands the password to the workload today."""

    place: Place
    namespace: str
    name: str
    target_secret: str
    document: Json
    alone_in_file: bool
    listings: tuple[Listing, ...]
    """The kustomizations that list the file; empty where it is found by its folder."""
    retire: bool
    """False where somebody else still reads the Secret: then it stays in ESO."""
    never_refreshed: bool
    applied_by: str = ""
    emptied: tuple[str, ...] = ()
    """Kustomizations that would be left empty, and go with it."""

    @property
    def git(self) -> Target:
        """The object in Git."""
        return Target("git", "ExternalSecret", f"{self.namespace}/{self.name}")

    @property
    def secret(self) -> Target:
        """What it makes in the cluster."""
        return Target("cluster", "Secret", f"{self.namespace}/{self.target_secret}")

    @property
    def owners(self) -> Target:
        """Who owns the Secret in the cluster."""
        return Target("cluster", "SecretOwners", f"{self.namespace}/{self.target_secret}")

    @property
    def as_owner(self) -> str:
        """The ExternalSecret as an owner of its Secret is named."""
        return f"ExternalSecret/{self.name}"

    @property
    def owned(self) -> Doc:
        """The state of `owners` that ESO makes by what Git says."""
        policy = mapping(mapping(mapping(self.document).get("spec")).get("target")).get("creationPolicy")
        return Doc({self.as_owner: True} if policy in {None, "Owner"} else {})


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
    client: str = ""
    """The address by which PostgreSQL sees Vault; empty where it is not known."""
    database_ca: str = ""
    """The CA of PostgreSQL's certificate, which Vault is told to trust; empty where Vault's own authorities count."""


@runtime_checkable
class Subject(Protocol):
    """One workload that a plan moves: the least every operation and every plan knows of it."""

    @property
    def unit(self) -> str:
        """`namespace/name` of the workload whose state every step belongs to."""

    @property
    def file(self) -> str:
        """The file of the workload, which errors about edits speak of."""

    @property
    def inventory(self) -> tuple[str, ...]:
        """The entries of the inventory that made it a candidate, for `explain`."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A path of Vault that the workload shall reach, and what must be there before."""

    path: str
    rests_on: tuple[Target, ...] = ()


@runtime_checkable
class Entering(Subject, Protocol):
    """A workload whose pods log in to Vault as a ServiceAccount of their own."""

    @property
    def vault(self) -> VaultSide:
        """Where they go."""

    @property
    def pods_in(self) -> str:
        """The namespace of the pods."""

    @property
    def account(self) -> ServiceAccount:
        """Who the pods are."""

    @property
    def policy(self) -> Target:
        """The one policy of the workload."""

    @property
    def jwt_role(self) -> Target:
        """The one role its ServiceAccount logs in with."""

    def grants(self, arguments: Mapping[str, Json]) -> tuple[Grant, ...]:
        """What the policy grants, path by path; the phase file's arguments may choose between ways."""


@runtime_checkable
class Retiring(Subject, Protocol):
    """A workload that leaves ExternalSecrets behind."""

    @property
    def git(self) -> Target:
        """The workload's object in Git."""

    @property
    def copies(self) -> tuple[Copied, ...]:
        """The ExternalSecrets that served it."""


def workload_name(vault: VaultSide, namespace: str, name: str) -> str:
    """What a workload is called in Vault: its policy and its login role."""
    return f"{vault.prefix}{namespace}-{name}"


def policy_called(name: str) -> Target:
    """A policy in Vault."""
    return Target("vault", "policy", name)


def login_role(vault: VaultSide, name: str) -> Target:
    """A role that ServiceAccounts log in with."""
    return Target("vault", f"auth/{vault.auth_mount}/role", name)
