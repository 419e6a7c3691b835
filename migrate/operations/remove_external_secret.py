"""Second of two commits that retire an ExternalSecret: it goes, its Secret stays."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.documents.edits import RemoveDocument, RemoveItem
from migrate.operations.subject import Copied, Subject
from migrate.operations.wish import Arguments, DropFile, Edits, Rewrite, Wish


def remove_external_secret(subject: Subject, arguments: Arguments) -> Iterator[Wish]:
    """The document, or with it a file that held nothing else and the line that listed the file."""
    copied = subject.copied
    if not copied.retire:
        return
    yield Wish(
        target=copied.git,
        act=Edits(tuple(_files(copied))),
        summary=f"ExternalSecret {copied.namespace}/{copied.name} goes; Secret {copied.target_secret} stays",
        blast=f"Flux prunes the ExternalSecret; nothing writes Secret {copied.target_secret} any more",
        guard="refused unless the Secret has no owner reference to it and the file is the one this plan wrote",
        needs=("git: commit on the branch", f"kubernetes: get secrets in {copied.namespace}"),
        rests_on=(copied.git,),
    )


def _files(copied: Copied) -> Iterator[Rewrite | DropFile]:
    if not copied.alone_in_file:
        yield Rewrite(copied.place.file, copied.place.document, (RemoveDocument(),))
        return
    yield DropFile(copied.place.file)
    for listing in copied.listings:
        taken_off = RemoveItem(("resources",), listing.entry)
        yield Rewrite(listing.place.file, listing.place.document, (taken_off,))
