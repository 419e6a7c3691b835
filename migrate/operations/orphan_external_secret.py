"""First of two commits that retire ExternalSecrets: they let go of their Secrets."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.documents.edits import Edit
from migrate.model.json import Json
from migrate.model.target import Target
from migrate.operations.merging import merge
from migrate.operations.subject import Copied, Retiring
from migrate.operations.wish import Arguments, Edits, Rewrite, Wish


def orphan_external_secret(subject: Retiring, arguments: Arguments) -> Iterator[Wish]:
    """`creationPolicy: Orphan`. ESO takes its owner reference off at the next refresh, if that refresh succeeds.

    An ExternalSecret that never refreshes would ignore it, so it gets an interval in the same commit.
    """
    found = [(copied, edits) for copied in subject.copies if copied.retire and (edits := _edits(copied))]
    if not found:
        return
    copies = [copied for copied, _ in found]
    yield Wish(
        target=together(subject, copies),
        act=Edits(
            tuple(Rewrite(copied.place.file, copied.place.document, edits) for copied, edits in found),
            applies=tuple(copied.git for copied in copies),
        ),
        summary="; ".join(
            f"ExternalSecret {copied.namespace}/{copied.name} lets go of Secret {copied.target_secret}"
            for copied in copies
        ),
        blast=f"the {'Secrets' if copies[1:] else 'Secret'} and {'their' if copies[1:] else 'its'} values stay; only "
        f"who owns {'them' if copies[1:] else 'it'} changes",
        guard="refused unless the file is the one this plan read",
        needs=(
            "git: commit on the branch",
            *dict.fromkeys(f"kubernetes: get externalsecrets, secrets in {copied.namespace}" for copied in copies),
        ),
        rests_on=(subject.git,),
    )


def together(subject: Retiring, copies: list[Copied]) -> Target:
    """What one commit about these ExternalSecrets is about: the one, or all those of the workload."""
    return copies[0].git if len(copies) == 1 else Target("git", "ExternalSecrets", subject.unit)


def _edits(copied: Copied) -> tuple[Edit, ...]:
    wanted: dict[str, Json] = {"target": {"creationPolicy": "Orphan"}}
    if copied.never_refreshed:
        wanted["refreshInterval"] = "1h"
    return tuple(merge(copied.document, ("spec",), wanted))
