"""The least version of a key that still decrypts is raised to the one that every row bears by now."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.operations.column import RotationSubject
from migrate.operations.wish import Arguments, Put, Wish


def retire_versions(subject: RotationSubject, arguments: Arguments) -> Iterator[Wish]:
    """Raised. Nothing is trimmed, so lowering it again opens everything that ever opened."""
    key = subject.column.key
    yield Wish(
        target=key,
        act=Put({"min_decryption_version": subject.version}),
        summary=f"key {key.short} decrypts only what version {subject.version} and later made",
        blast="a ciphertext of an older version, wherever it lies (a backup, an export, a cache), does not open until "
        "this is taken back",
        guard="asked only after a count of every column that this key seals, and when no backup from before is left",
        needs=(f"vault: update on {key.path}/config", f"vault: update on {subject.column.path_to('decrypt')}"),
        rests_on=(subject.rotation, subject.rewrapped),
        updates=True,
    )
