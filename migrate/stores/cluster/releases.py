"""A HelmRelease as Flux would render it: its values, and the very chart that source-controller has for it.

Values may come from Secrets: they are merged in memory, in Flux's order, and shown to nobody.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import urllib3

from migrate.documents.reader import load_all
from migrate.model.json import Json, mapping, sequence
from migrate.model.ports import Unreachable
from migrate.stores.cluster.api import Api, metadata, place

_HELM, _SOURCE = "helm.toolkit.fluxcd.io", "source.toolkit.fluxcd.io"
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Release:
    """A release with everything that decides what it renders, but its chart."""

    document: dict[str, Json] = field(repr=False)
    name: str
    namespace: str
    beneath: dict[str, Json] = field(repr=False)
    """The values of `valuesFrom`, which the release's own go over."""

    def values(self, document: dict[str, Json]) -> dict[str, Json]:
        """The values that a version of the document comes to."""
        return merged(self.beneath, mapping(mapping(document.get("spec")).get("values")))


def release(api: Api, name: str) -> Release | None:
    """The release as the cluster has it; None: there is none. Raises Unreachable, also where it may not be seen."""
    found = api.custom(_HELM, "helmreleases", name)
    if found is None or found.status == 404:
        return None
    if not found.ok:
        raise Unreachable(f"HelmRelease {name} may not be seen", following="grant get on helmreleases")
    spec, namespace = mapping(found.body.get("spec")), name.partition("/")[0]
    target = str(spec.get("targetNamespace") or namespace)
    short = str(metadata(found.body).get("name"))
    default = f"{target}-{short}" if spec.get("targetNamespace") else short
    beneath: dict[str, Json] = {}
    for one in sequence(spec.get("valuesFrom")):
        beneath = merged(beneath, _from(api, namespace, mapping(one)))
    return Release(found.body, str(spec.get("releaseName") or default), target, beneath)


def _from(api: Api, namespace: str, source: dict[str, Json]) -> dict[str, Json]:
    kind, name = str(source.get("kind")), f"{namespace}/{source.get('name')}"
    found = api.look(place(name, "secrets" if kind == "Secret" else "configmaps"))
    held = mapping(found.body.get("data")).get(str(source.get("valuesKey") or "values.yaml"))
    if not isinstance(held, str):
        if source.get("optional") is True and found.status in {200, 404}:
            return {}
        raise Unreachable(f"the values in {kind} {name} may not be seen", following="grant get on it")
    text = base64.b64decode(held) if kind == "Secret" else held.encode()
    if not source.get("targetPath"):
        return mapping(next((one.value for one in load_all(text)), None))
    value: Json = text.decode("utf-8", "replace")
    for token in reversed(str(source["targetPath"]).split(".")):
        value = {token: value}
    return mapping(value)


def merged(under: dict[str, Json], over: dict[str, Json]) -> dict[str, Json]:
    """Maps by key, anything else replaced: as Helm puts values over each other."""
    answer = dict(under)
    for key, value in over.items():
        below = answer.get(key)
        answer[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return answer


def chart(api: Api, found: Release) -> bytes:
    """The chart's archive as source-controller serves it, its digest verified. Raises Unreachable."""
    status = mapping(found.document.get("status"))
    seen = api.custom(_SOURCE, "helmcharts", str(status.get("helmChart") or "/"))
    artifact = mapping(mapping(seen.body.get("status")).get("artifact")) if seen is not None and seen.ok else {}
    if not artifact:
        raise Unreachable("source-controller has no chart for the release", following="flux get sources chart")
    archive = _fetched(api, str(artifact.get("url")))
    kind, _, wanted = str(artifact.get("digest")).partition(":")
    if kind != "sha256" or hashlib.sha256(archive).hexdigest() != wanted:
        raise Unreachable("the chart that came is not the one source-controller names", following="ask again")
    return archive


def _fetched(api: Api, url: str) -> bytes:
    """From where it is served; what only the cluster can reach comes through the API server."""
    where = urlsplit(url)
    service, _, rest = (where.hostname or "").partition(".")
    namespace, _, domain = rest.partition(".")
    if domain.startswith("svc"):
        port = where.port or 80
        return api.file(f"/api/v1/namespaces/{namespace}/services/http:{service}:{port}/proxy{where.path}")
    try:
        answer = urllib3.request("GET", url, timeout=_SECONDS, retries=False)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unreachable(f"the chart cannot be had ({type(error).__name__})", following="it is served") from None
    if answer.status != 200:
        raise Unreachable(f"the chart cannot be had (HTTP {answer.status})", following="it is served")
    return answer.data


def capabilities(api: Api) -> tuple[str, tuple[str, ...]]:
    """The cluster's version and the API versions it serves, which charts ask for. Raises Unreachable."""
    version = str(api.look("/version").body.get("gitVersion") or "")
    groups = [mapping(one) for one in sequence(api.look("/apis").body.get("groups"))]
    served = [mapping(one).get("groupVersion") for group in groups for one in sequence(group.get("versions"))]
    return version.partition("+")[0], tuple(sorted(str(one) for one in served))
