"""What operations know of a column that Transit shall seal, and of the application whose key it is sealed with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from migrate.model.json import Json
from migrate.model.target import Target
from migrate.operations.subject import Grant, ServiceAccount, VaultSide, login_role, policy_called, workload_name
from migrate.targets.columns import Columns
from migrate.targets.transit import rotation_of


@dataclass(frozen=True, slots=True)
class ColumnSubject:
    """One column of one table, and the one application that encrypts and decrypts it."""

    unit: str
    file: str
    inventory: tuple[str, ...]
    vault: VaultSide
    account: ServiceAccount
    mount: str
    columns: Columns
    key_column: str
    batch: int
    rate: int

    @property
    def pods_in(self) -> str:
        """The namespace of the application's pods."""
        return self.unit.partition("/")[0]

    @property
    def _name(self) -> str:
        namespace, _, name = self.unit.partition("/")
        return workload_name(self.vault, namespace, name)

    @property
    def key(self) -> Target:
        """The application's one key: further columns of it are sealed with the same."""
        return Target("vault", f"{self.mount}/keys", self._name)

    @property
    def policy(self) -> Target:
        """What the application may do with its key. Apart from other policies it has, so that each goes alone."""
        return policy_called(f"{self._name}-transit")

    @property
    def jwt_role(self) -> Target:
        """The role its ServiceAccount logs in with for it."""
        return login_role(self.vault, f"{self._name}-transit")

    def grants(self, arguments: Mapping[str, Json]) -> tuple[Grant, ...]:
        """To encrypt and to decrypt with the one key, and nothing else of it."""
        return tuple(Grant(self.path_to(verb), (self.key,)) for verb in ("encrypt", "decrypt"))

    def path_to(self, verb: str) -> str:
        """Where Vault is asked to `encrypt`, `decrypt` or `rewrap` with the key."""
        return f"{self.mount}/{verb}/{self.key.name}"

    @property
    def job(self) -> dict[str, Json]:
        """How rows are worked on, for whoever does it."""
        return {"key": self.key_column, "with": self.key.path, "batch": self.batch, "rate": self.rate}


@dataclass(frozen=True, slots=True)
class RotationSubject:
    """A column that is sealed, and the version of its key that the plan brings all of it to."""

    column: ColumnSubject
    version: int
    """One more than the key has."""

    @property
    def unit(self) -> str:
        """`namespace/name` of the application."""
        return self.column.unit

    @property
    def file(self) -> str:
        """The file of the application."""
        return self.column.file

    @property
    def inventory(self) -> tuple[str, ...]:
        """The entries of the inventory that made it a candidate."""
        return self.column.inventory

    @property
    def rotation(self) -> Target:
        """The rotation of the application's key."""
        return rotation_of(self.column.key)

    @property
    def rewrapped(self) -> Target:
        """Whether every ciphertext of the column bears the version."""
        return self.column.columns.rewrapped(self.version)
