"""The plaintext column goes. The one step after which the values exist as ciphertext only."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.operations.column import ColumnSubject
from migrate.operations.wish import Arguments, Put, Wish


def drop_plaintext(subject: ColumnSubject, arguments: Arguments) -> Iterator[Wish]:
    """Dropped, in one transaction with the question whether any row is not sealed."""
    columns, target = subject.columns, subject.columns.target("plaintext")
    yield Wish(
        target=target,
        act=Put({"kept": False}),
        summary=f"column {columns.plain} of {columns.relation} is dropped, and the guard with it",
        blast=f"whoever still names {columns.plain} in a statement gets an error from the database",
        guard="refused while any row has no ciphertext; nobody writes between the question and the drop, which are one "
        "short transaction that waits at most 5 s for its lock",
        needs=(f"postgres: to own {columns.relation}",),
        rests_on=(subject.key, subject.policy, subject.jwt_role, columns.target("sealed"), columns.target("sealing")),
        updates=True,
        remains=f"the plaintext is gone from {columns.relation} for good: only the key in Vault opens what it held. "
        "Backups, replicas that lag, and pages not yet vacuumed hold it for as long as they live",
    )
