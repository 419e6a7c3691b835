"""A column for the ciphertext beside the plaintext, and the guard that keeps each as new as the other."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.operations.column import ColumnSubject
from migrate.operations.wish import Arguments, Put, Wish


def sealed_column(subject: ColumnSubject, arguments: Arguments) -> Iterator[Wish]:
    """The column, empty. Taking it back first opens what by then exists as ciphertext only."""
    columns, target = subject.columns, subject.columns.target("sealed")
    yield Wish(
        target=target,
        act=Put({"type": "text", "guarded": True, **subject.job}),
        summary=f"column {columns.sealed} of {columns.relation} for the ciphertext of {columns.plain}, with a trigger: "
        "whoever writes one of the two alone empties the other, so neither is ever stale",
        blast=f"ALTER TABLE waits at most 5 s for its lock and touches no row; from then on each write of "
        f"{columns.plain} or {columns.sealed} notes its time in a sequence",
        guard="refused if there is a column of this name; taken back only while every value can be opened again",
        needs=(
            f"postgres: to own {columns.relation}, CREATE on schema {columns.schema}",
            f"vault: update on {subject.path_to('decrypt')}",
        ),
        rests_on=(subject.key,),
    )
