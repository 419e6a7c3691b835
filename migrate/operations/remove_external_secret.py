"""Second of two commits that retire ExternalSecrets: they go, their Secrets stay."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.documents.edits import RemoveDocument, RemoveItem
from migrate.operations.orphan_external_secret import together
from migrate.operations.subject import Copied, Retiring
from migrate.operations.wish import Arguments, DropFile, Edits, FileAct, Rewrite, Wish


def remove_external_secret(subject: Retiring, arguments: Arguments) -> Iterator[Wish]:
    """The document, or with it a file that held nothing else and the line that listed the file."""
    copies = [copied for copied in subject.copies if copied.retire]
    if not copies:
        return
    names = ", ".join(copied.target_secret for copied in copies)
    several = bool(copies[1:])
    yield Wish(
        target=together(subject, copies),
        act=Edits(tuple(_acts(copies)), prunes=tuple(copied.git for copied in copies)),
        summary="; ".join(
            f"ExternalSecret {copied.namespace}/{copied.name} goes; Secret {copied.target_secret} stays"
            for copied in copies
        ),
        blast=f"Flux prunes the {'ExternalSecrets' if several else 'ExternalSecret'}; nothing writes "
        f"{'Secrets' if several else 'Secret'} {names} any more",
        guard="refused unless the Secret has no owner reference to it and the file is the one this plan wrote",
        needs=(
            "git: commit on the branch",
            *dict.fromkeys(f"kubernetes: get secrets in {copied.namespace}" for copied in copies),
        ),
        rests_on=(together(subject, copies), *(copied.owners for copied in copies)),
    )


def _acts(copies: list[Copied]) -> Iterator[FileAct]:
    """Each once, from the end of a file to its beginning."""
    ordered = sorted(copies, key=lambda copied: -copied.place.document)
    yield from dict.fromkeys(one for copied in ordered for one in _files(copied))


def _files(copied: Copied) -> Iterator[FileAct]:
    if not copied.alone_in_file:
        yield Rewrite(copied.place.file, copied.place.document, (RemoveDocument(),))
        return
    yield DropFile(copied.place.file)
    yield from (DropFile(file) for file in copied.emptied)
    for listing in copied.listings:
        taken_off = RemoveItem((listing.field,), listing.entry)
        yield Rewrite(listing.place.file, listing.place.document, (taken_off,))
