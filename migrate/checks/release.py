"""What several checks ask of a Helm release."""

from __future__ import annotations

from migrate.checks.answer import Fail, Inconclusive
from migrate.checks.looking import joined, look
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


def edited(observer: Observer, name: str) -> Fail | None:
    """Why the release in the cluster is not the one of Git, as far as is seen who wrote what; None where it is."""
    release = look(observer, f"cluster:HelmRelease/{name}")
    if not (release.shows("edited") and release.texts("edited")):
        return None
    return Fail(
        f"HelmRelease {name} in the cluster is not Git's: {joined(release.texts('edited'))}",
        "put that into Git or take it off, and let Flux apply what is in Git (flux reconcile kustomization); see why "
        "it has not (suspended, or kustomize.toolkit.fluxcd.io/reconcile: disabled)",
    )
