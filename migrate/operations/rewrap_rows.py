"""Every ciphertext of a column brought to the newest version of its key, in batches, while the application goes on."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.operations.column import RotationSubject
from migrate.operations.wish import Arguments, Put, Wish


def rewrap_rows(subject: RotationSubject, arguments: Arguments) -> Iterator[Wish]:
    """All rows rewrapped: Vault is given ciphertext and gives ciphertext, and no value leaves it."""
    one, columns = subject.column, subject.column.columns
    yield Wish(
        target=subject.rewrapped,
        act=Put({"complete": True, **one.job}),
        summary=f"every row of {columns.relation}: {columns.sealed} brought to version {subject.version} of the key, "
        f"{one.batch} rows in one transaction, at most {one.rate} a second",
        blast="no row is locked while Vault is asked; a row that changes meanwhile is left for the next pass",
        guard="each row is written only if it is as it was read; no plaintext is seen by anybody",
        needs=(f"postgres: SELECT, UPDATE on {columns.relation}", f"vault: update on {one.path_to('rewrap')}"),
        rests_on=(subject.rotation,),
        updates=True,
        remains=f"rows stay at version {subject.version}, which opens as long as the key is there",
    )
