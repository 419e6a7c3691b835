"""What edits of a release change in the cluster: its chart rendered before and after them, by Helm."""

from __future__ import annotations

import json

import jsonpatch

from migrate.model.json import Json, mapping
from migrate.model.ports import Unreachable
from migrate.stores.cluster.api import Api
from migrate.stores.cluster.releases import Release, capabilities, chart, release
from migrate.stores.helm import Chart, UnrenderedError, Wanted, differing, program

_BY_HAND = "helm template with the values before and after, then pass the gate with what differed"


def rendered(api: Api, name: str, asked: str) -> dict[str, Json] | None:
    """`{changed, by}`; nothing where there is no such release. Raises Unreachable where it cannot be decided here."""
    found = release(api, name)
    if found is None:
        return None
    helm = program()
    if helm is None:
        raise Unreachable(
            f"release {name} cannot be rendered from here: helm is not on the PATH, so what else the edits change is "
            "not known",
            following=f"install helm; or {_BY_HAND}",
        )
    try:
        after = mapping(jsonpatch.apply_patch(found.document, json.loads(asked)["patch"]))
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException):
        raise Unreachable(
            f"HelmRelease {name} in the cluster is not as the file that the plan edits",
            following="see what changes it on the way (overlays, substitution); then " + _BY_HAND,
        ) from None
    version, served = capabilities(api)
    made = Chart(chart(api, found), found.name, found.namespace, version, served)
    try:
        difference = differing(helm, made, _wanted(found, found.document), _wanted(found, after))
    except UnrenderedError as error:
        raise Unreachable(f"release {name} could not be rendered: {error}", following=_BY_HAND) from None
    used: dict[str, Json] = {one: list[Json](users) for one, users in difference.used_by.items()}
    changed = list[Json](difference.changed)
    return {"changed": changed, "usedBy": used, "by": "helm template, with the chart that source-controller has"}


def _wanted(found: Release, document: dict[str, Json]) -> Wanted:
    return Wanted(found.values(document), mapping(document.get("spec")))
