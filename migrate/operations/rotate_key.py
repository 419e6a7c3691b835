"""One more version of an application's key. What was made with older ones opens as before."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.operations.column import RotationSubject
from migrate.operations.wish import Arguments, Put, Wish


def rotate_key(subject: RotationSubject, arguments: Arguments) -> Iterator[Wish]:
    """Rotated once, whoever else did meanwhile: done as soon as the key has the version."""
    key = subject.column.key
    yield Wish(
        target=subject.rotation,
        act=Put({"latest_version": subject.version}),
        summary=f"key {key.short} rotated to version {subject.version}",
        blast=f"new ciphertexts begin with vault:v{subject.version}:, older ones open as before; nobody restarts. Back "
        "Vault up after this: a backup from before does not open what is sealed from now on",
        guard="nothing is done where the key has that version already",
        needs=(f"vault: read on {key.path}", f"vault: update on {key.path}/rotate"),
        updates=True,
        remains=f"version {subject.version} of {key.path} stays, as every version does: rows, and backups made "
        "meanwhile, may bear it",
    )
