"""What the job asks of a table and of Vault. Whatever holds a value hides it from its `repr`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its key. `version` is the database's own token for the row as it was read; `value` is never shown."""

    key: str
    version: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pair:
    """A row's plaintext and ciphertext, as they stand side by side; None where there is none."""

    plain: str | None = field(repr=False)
    sealed: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Vault does not decrypt this one: not a ciphertext of this key, or of a version below its minimum."""


class Cipher(Protocol):
    """One key of Transit."""

    def encrypt(self, values: Sequence[str]) -> list[str]:
        """The ciphertexts, in order. Raises Unreachable, Refused."""
        ...

    def decrypt(self, sealed: Sequence[str]) -> list[str | Unreadable]:
        """The values, in order. Raises Unreachable, Refused."""
        ...

    def rewrap(self, sealed: Sequence[str]) -> list[str]:
        """The same values under the newest version of the key, in order. Raises Unreachable, Refused."""
        ...


class Table(Protocol):
    """The two columns of one table, in the order of its key."""

    def unsealed(self, after: str | None, limit: int) -> list[Row]:
        """The next rows with plaintext and without ciphertext."""
        ...

    def older(self, version: int, after: str | None, limit: int) -> list[Row]:
        """The next rows whose ciphertext was made with an older version of the key; `value` is the ciphertext."""
        ...

    def put(self, rows: Sequence[Row], sealed: Sequence[str]) -> int:
        """Store ciphertexts in those rows that are still as they were read, in one transaction; how many were."""
        ...

    def alone(self, after: str | None, limit: int) -> list[Row]:
        """The next rows with ciphertext and without plaintext; `value` is the ciphertext."""
        ...

    def restore(self, rows: Sequence[Row], plain: Sequence[str]) -> int:
        """Store plaintexts in those rows that are still as they were read, in one transaction; how many were."""
        ...
