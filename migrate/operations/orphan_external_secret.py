"""First of two commits that retire an ExternalSecret: it lets go of its Secret."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.json import Json
from migrate.operations.merging import merge
from migrate.operations.subject import Subject
from migrate.operations.wish import Arguments, Edits, Rewrite, Wish


def orphan_external_secret(subject: Subject, arguments: Arguments) -> Iterator[Wish]:
    """`creationPolicy: Orphan`. ESO takes its owner reference off at the next refresh, if that refresh succeeds.

    An ExternalSecret that never refreshes would ignore it, so it gets an interval in the same commit.
    """
    copied = subject.copied
    if not copied.retire:
        return
    wanted: dict[str, Json] = {"target": {"creationPolicy": "Orphan"}}
    if copied.never_refreshed:
        wanted["refreshInterval"] = "1h"
    edits = tuple(merge(copied.document, ("spec",), wanted))
    if not edits:
        return
    yield Wish(
        target=copied.git,
        act=Edits((Rewrite(copied.place.file, copied.place.document, edits),)),
        summary=f"ExternalSecret {copied.namespace}/{copied.name} lets go of Secret {copied.target_secret}",
        blast="the Secret and its values stay; only who owns it changes",
        guard="refused unless the file is the one this plan read",
        needs=("git: commit on the branch", f"kubernetes: get externalsecrets, secrets in {copied.namespace}"),
        rests_on=(subject.release.target,),
    )
