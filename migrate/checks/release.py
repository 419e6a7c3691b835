"""What several checks ask of a Helm release."""

from __future__ import annotations

from migrate.checks.answer import Fail, Inconclusive
from migrate.checks.looking import look
from migrate.model.ports import Observer


def upgrading(observer: Observer, name: str) -> Fail | Inconclusive | None:
    """Why the release is not yet what Git says, though Flux has applied that; None where it is."""
    release = look(observer, f"cluster:HelmRelease/{name}")
    if not release.exists:
        return Fail(f"HelmRelease {name} is not in the cluster", "see whether Flux applies the folder it stands in")
    if release.flag("suspended"):
        return Fail(f"HelmRelease {name} is suspended", f"flux resume helmrelease {name.rpartition('/')[2]}")
    if release.flag("failed"):
        return Fail(f"HelmRelease {name} has failed", "see why (flux get helmreleases), or roll back")
    if release.number("observed") != release.number("generation") or not release.flag("ready"):
        return Inconclusive(f"HelmRelease {name} is still being reconciled", "it is Ready at its newest generation")
    return None
