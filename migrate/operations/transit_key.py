"""The application's key in Vault's Transit engine: never exported, never deleted, new versions by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.duration import seconds
from migrate.model.json import Json
from migrate.operations.column import ColumnSubject
from migrate.operations.wish import Arguments, Put, Wish, text


def transit_key(subject: ColumnSubject, arguments: Arguments) -> Iterator[Wish]:
    """The key. Whatever is taken back, it stays: only it opens what was ever encrypted with it, backups included."""
    target = subject.key
    key: dict[str, Json] = {
        "type": text(arguments, "type"),
        "exportable": False,
        "allow_plaintext_backup": False,
        "deletion_allowed": False,
        "auto_rotate_period": seconds(text(arguments, "period")),
    }
    yield Wish(
        target=target,
        act=Put(key),
        summary=f"key {target.short} for {subject.unit}: not to be exported or deleted, a new version by itself every "
        f"{text(arguments, 'period')}",
        blast="nobody uses it yet",
        guard="refused if a key of this name exists and differs; its older versions are never trimmed",
        needs=(f"vault: create, update, read on {target.path}", f"vault: read on sys/mounts/{subject.mount}"),
        remains=f"the key {target.path} stays: rows, and backups made meanwhile, may hold what only it decrypts. Once "
        f"none does: vault write {target.path}/config deletion_allowed=true && vault delete {target.path}",
    )
