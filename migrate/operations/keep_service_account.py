"""Keeps the ServiceAccount that a chart is about to stop making."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.operations.login import Released
from migrate.operations.merging import merge
from migrate.operations.wish import Arguments, Edits, Rewrite, Wish

KEEP = {"helm.sh/resource-policy": "keep"}


def keep_service_account(subject: Released, arguments: Arguments) -> Iterator[Wish]:
    """Nothing, unless the workload leaves a ServiceAccount that its chart made.

    Helm deletes that one before the new pod serves, and the old pod would lose its access to the API.
    """
    release = subject.release
    if not (release.account.changes and release.account.made_by_chart):
        return
    edits = merge(release.document, release.at, {"serviceAccount": {"annotations": dict(KEEP)}})
    yield Wish(
        target=release.target,
        act=Edits((Rewrite(release.place.file, release.place.document, tuple(edits)),)),
        summary=f"Helm keeps ServiceAccount {release.account.name} when the release stops making it",
        blast=f"HelmRelease {release.namespace}/{release.name}: an annotation, no pod is replaced",
        guard="refused unless the file is the one this plan read",
        needs=("git: commit on the branch",),
    )
