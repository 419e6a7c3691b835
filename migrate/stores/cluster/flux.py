"""What Flux says of a Kustomization and a HelmRelease. Failed, stalled and remediated is failed, not waiting."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.model.json import Json, mapping, sequence
from migrate.stores.cluster.api import Api, metadata

_COMMIT = re.compile(r"[0-9a-f]{40,64}$")
_APPLIES = "kustomize-controller"
"""Flux's name as the manager of fields that it applies from Git."""
_FAILURES = frozenset(
    {"InstallFailed", "UpgradeFailed", "TestFailed", "RollbackSucceeded", "RollbackFailed", "UninstallSucceeded",
     "UninstallFailed", "ArtifactFailed", "RetriesExceeded"}
)  # fmt: skip


def kustomization(api: Api, name: str) -> dict[str, Json] | None:
    """Whether it applies, and which commit it applied last. Raises Unreachable."""
    found = api.custom("kustomize.toolkit.fluxcd.io", "kustomizations", name)
    if found is None or not found.ok:
        return {} if found is not None and found.status == 403 else None
    spec, status = mapping(found.body.get("spec")), mapping(found.body.get("status"))
    shown: dict[str, Json] = {"ready": _ready(status) == "True", "suspended": spec.get("suspend") is True}
    commit = _COMMIT.search(str(status.get("lastAppliedRevision", "")))
    return shown | ({"applied": commit.group()} if commit else {})


def helm_release(api: Api, name: str) -> dict[str, Json] | None:
    """Whether the release follows its object. Raises Unreachable."""
    found = api.custom("helm.toolkit.fluxcd.io", "helmreleases", name)
    if found is None or not found.ok:
        return {} if found is not None and found.status == 403 else None
    spec, status = mapping(found.body.get("spec")), mapping(found.body.get("status"))
    return {
        "ready": _ready(status) == "True",
        "suspended": spec.get("suspend") is True,
        "failed": _failed(status),
        "generation": metadata(found.body).get("generation", 0),
        "observed": status.get("observedGeneration", 0),
        "edited": list[Json](_edited(metadata(found.body))),
    }


def _edited(about: dict[str, Json]) -> Iterator[str]:
    """Who else wrote what of a spec that Flux applies from Git, which takes it back where it still applies that.

    `flux suspend` and `resume` are no edit: whether it is suspended is told apart.
    """
    written = {str(one.get("manager")): _spec(one) for one in map(mapping, sequence(about.get("managedFields")))}
    if written.pop(_APPLIES, None):
        for manager, fields in sorted(written.items()):
            if fields:
                yield f"{manager} wrote {', '.join(fields)}"


def _spec(entry: dict[str, Json]) -> list[str]:
    """The fields of the spec that a manager owns by this entry, but for the one that suspends."""
    own = mapping(mapping(entry.get("fieldsV1")).get("f:spec"))
    return sorted(f"spec.{name.removeprefix('f:')}" for name in own if name.startswith("f:") and name != "f:suspend")


def _condition(status: dict[str, Json], kind: str) -> dict[str, Json]:
    found = (mapping(one) for one in sequence(status.get("conditions")))
    return next((one for one in found if one.get("type") == kind), {})


def _ready(status: dict[str, Json]) -> Json:
    return _condition(status, "Ready").get("status")


def _failed(status: dict[str, Json]) -> bool:
    ready = _condition(status, "Ready")
    if _condition(status, "Stalled").get("status") == "True":
        return True
    if ready.get("status") == "False" and ready.get("reason") in _FAILURES:
        return True
    # A release that was put back by remediation is Ready again, at values that are not the object's.
    return _condition(status, "Remediated").get("status") == "True"
