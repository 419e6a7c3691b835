"""The backfill: every row that has plaintext gets its ciphertext, in batches, while the application goes on."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.operations.column import ColumnSubject
from migrate.operations.wish import Arguments, Put, Wish


def seal_rows(subject: ColumnSubject, arguments: Arguments) -> Iterator[Wish]:
    """All rows sealed. Whatever interrupts it, what is left is asked of the table, and only that is done."""
    columns, target = subject.columns, subject.columns.target("sealing")
    yield Wish(
        target=target,
        act=Put({"complete": True, **subject.job}),
        summary=f"every row of {columns.relation}: {columns.plain} encrypted into {columns.sealed}, {subject.batch} "
        f"rows in one transaction, at most {subject.rate} a second",
        blast="no row is locked while Vault is asked; a row that changes meanwhile is left for the next pass",
        guard="each row is written only if it is as it was read; values stand in no statement, log or journal",
        needs=(
            f"postgres: SELECT, UPDATE on {columns.relation}",
            f"vault: update on {subject.path_to('encrypt')}",
        ),
        rests_on=(subject.key, columns.target("sealed")),
        updates=True,
        remains=f"ciphertext stays in {columns.sealed} until that column goes",
        compensated_by=columns.target("sealed"),
    )
