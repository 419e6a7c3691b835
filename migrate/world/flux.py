"""Flux and Helm: the cluster becomes what the deployed commit asks for, and what it no longer asks for goes."""

from __future__ import annotations

import copy
from typing import Any

from migrate.world.applied import Applied
from migrate.world.state import Draft

OURS = "by"
_RELEASE = "release"


def apply(draft: Draft, applied: Applied) -> None:
    """Kustomizations that are not suspended apply the commit; suspended ones keep what they last applied."""
    for key in (one for one in applied.objects if one.startswith("Kustomization/")):
        if key not in draft.objects:
            draft.objects[key] = {"uid": draft.uid(), "suspended": False, "applied": ""}
    for name, one in draft.of("Kustomization"):
        if not stopped(draft, one):
            one["applied"] = applied.commit
            _kustomization(draft, name, applied)
    _kustomization(draft, "", applied)


def stopped(draft: Draft, kustomization: dict[str, Any]) -> bool:
    """Whether Flux leaves it alone."""
    return bool(kustomization.get("suspended") or draft.faults.get("flux"))


def _kustomization(draft: Draft, by: str, applied: Applied) -> None:
    """One Kustomization's objects; those of nobody follow the commit at once, whatever applies them."""
    if not by and draft.faults.get("flux"):
        return
    wanted = {
        key: spec
        for key, spec in applied.objects.items()
        if spec.get(OURS, "") == by and not key.startswith("Kustomization/")
    }
    for key, spec in wanted.items():
        _put(draft, key, spec, by, "")
    for key, found in list(draft.objects.items()):
        if found.get(OURS) == by and not found.get(_RELEASE) and "spec" in found and key not in wanted:
            _prune(draft, key)


def _put(draft: Draft, key: str, spec: dict[str, Any], by: str, release: str) -> None:
    found = draft.objects.get(key)
    if found is None:
        found = draft.objects[key] = {"uid": draft.uid(), "generation": 0}
    found[OURS], found[_RELEASE] = by, release
    spec = _with_its_account(found.get("spec", {}), spec)
    if found.get("spec") != spec:
        found["spec"] = copy.deepcopy(spec)
        found["generation"] = found.get("generation", 0) + 1


def _with_its_account(known: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The wanted spec, with the ServiceAccount that a pod template keeps although its manifest no longer names it.

    The API server copies `serviceAccountName` into the old field `serviceAccount`, which whoever applies does not own,
    and from there back again. Where the manifest named both, both go.
    """
    fields = ("serviceAccountName", "serviceAccount")
    before, after = (spec.get("pod", {}).get("spec", {}) for spec in (known, wanted))
    if fields[0] not in before or fields[1] in before or any(field in after for field in fields) or not after:
        return wanted
    return {**wanted, "pod": {**wanted["pod"], "spec": {**after, fields[0]: before[fields[0]]}}}


def _prune(draft: Draft, key: str) -> None:
    """Take an object away, and with it what belongs to it by owner reference."""
    gone = draft.objects.pop(key)
    if key.startswith("HelmRelease/"):
        for made in [one for one, found in draft.objects.items() if found.get(_RELEASE) == key]:
            draft.objects.pop(made)
    collect(draft, gone["uid"])


def collect(draft: Draft, uid: str) -> None:
    """What Kubernetes does when an owner is gone: objects with no other owner go too."""
    for key, found in list(draft.objects.items()):
        owners = found.get("owners")
        if owners and any(one["uid"] == uid for one in owners):
            found["owners"] = [one for one in owners if one["uid"] != uid]
            if not found["owners"]:
                draft.objects.pop(key)


def helm(draft: Draft) -> None:
    """Each release that is not suspended makes its objects, and takes away what it no longer makes or keeps."""
    for name, release in draft.of("HelmRelease"):
        if release.get("suspended") or release.get("failed") or "spec" not in release:
            continue
        key, spec = f"HelmRelease/{name}", release["spec"]
        release["observed"] = release["generation"]
        for made, wanted in spec.get("makes", {}).items():
            _put(draft, made, wanted, release[OURS], key)
        kept = set(release.get("keeps", []))
        for made in [one for one, found in draft.objects.items() if found.get(_RELEASE) == key]:
            if made in spec.get("makes", {}):
                continue
            if made in kept:
                draft.objects[made][_RELEASE] = f"kept by {key}"
            else:
                _prune(draft, made)
        # Helm reads the annotation from the release it last installed, so it must have been merged before.
        release["keeps"] = list(spec.get("keeps", []))
