"""Objects brought into the lab's cluster, as field manager `migrate-lab`, by server-side apply."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from migrate.documents.reader import load_all
from migrate.lab.demands import Kind
from migrate.lab.web import Unwelcome, Web, wait

Object = Mapping[str, Any]
MANAGER = "migrate-lab"
_PATIENCE = 30.0
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def apply(web: Web, objects: Iterable[Object]) -> None:
    """Bring objects into the cluster, several at once. Raises Unwelcome for the first that the API server refuses."""
    with ThreadPoolExecutor(max_workers=4) as threads:
        for done in [threads.submit(_apply, web, one) for one in objects]:
            done.result()


def _apply(web: Web, one: Object) -> None:
    """Server-side apply; what is asked before a new definition or webhook is served is asked again for a while."""
    path = f"{_path(one)}?fieldManager={MANAGER}&force=true"
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            web.ask("PATCH", path, json.dumps(one).encode(), kind="application/apply-patch+yaml", patience=60.0)
        except Unwelcome as refused:
            if refused.status not in {404, 429, 500, 503} or time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


def _path(one: Object) -> str:
    metadata = one["metadata"]
    return f"{collection(one['apiVersion'], one['kind'], metadata.get('namespace', ''))}/{metadata['name']}"


def collection(version: str, kind: str, namespace: str = "") -> str:
    """Where the API server lists the objects of a kind: of one namespace, or of all."""
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    within = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{within}/{_plural(kind.lower())}"


def manifests(folders: Sequence[Path]) -> list[Object]:
    """The objects in the files of some folders. Raises YamlFault for a file that is none."""
    files = [file for folder in folders for file in sorted(folder.glob("*.yaml")) if file.name != "kustomization.yaml"]
    values = [document.value for file in files for document in load_all(file.read_bytes())]
    return [value for value in values if isinstance(value, dict)]


def namespace(name: str) -> Object:
    """A namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def secret(place: tuple[str, str], data: Mapping[str, str]) -> Object:
    """A Secret by (namespace, name)."""
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    metadata = {"namespace": place[0], "name": place[1]}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": encoded}


def unknown(web: Web, kinds: Iterable[Kind], defined: Iterable[Object]) -> list[Kind]:
    """Those kinds that the API server does not serve under any version of their group, nor will by some definitions."""
    soon = {(one["spec"]["group"], one["spec"]["names"]["kind"]) for one in defined}
    kinds = [kind for kind in kinds if (kind.api.partition("/")[0], kind.kind) not in soon]
    served: dict[str, set[str]] = {}
    groups = {group["name"]: group["versions"] for group in web.ask("GET", "/apis")["groups"]}
    for group in {kind.api.partition("/")[0] for kind in kinds} & groups.keys():
        served[group] = set()
        for version in groups[group]:
            try:
                resources = web.ask("GET", f"/apis/{version['groupVersion']}")["resources"]
            except Unwelcome:
                continue
            served[group] |= {resource["kind"] for resource in resources}
    return [kind for kind in kinds if kind.kind not in served.get(kind.api.partition("/")[0], set())]


def stand_in(kind: Kind, versions: Sequence[str]) -> Object:
    """A definition that accepts any object of a kind: the estate's own operators are not in the lab."""
    group = kind.api.partition("/")[0]
    plural = _plural(kind.kind.lower())
    anything = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", "labels": {"migrate.lab/stand-in": "true"}},
        "spec": {
            "group": group,
            "names": {"kind": kind.kind, "plural": plural, "singular": kind.kind.lower()},
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": number == 0,
                    "schema": anything,
                    "subresources": {"status": {}},
                }
                for number, version in enumerate(versions)
            ],
        },
    }


def stand_ins(kinds: Sequence[Kind]) -> list[Object]:
    """One definition for each kind, with every version that is used."""
    found: dict[tuple[str, str], list[Kind]] = {}
    for kind in kinds:
        found.setdefault((kind.api.partition("/")[0], kind.kind), []).append(kind)
    return [stand_in(same[0], [kind.api.partition("/")[2] for kind in same]) for same in found.values()]


def _plural(word: str) -> str:
    """As Kubernetes guesses it."""
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    return word[:-1] + "ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else word + "s"


def established(web: Web) -> None:
    """Return once every definition in the cluster is served. Raises Failed when that takes too long."""

    def served() -> bool:
        found = web.ask("GET", f"{_DEFINITIONS}")["items"]
        return all(_holds(one, "Established") for one in found)

    wait("the definitions", served, 60)


def _holds(one: Object, condition: str) -> bool:
    conditions = one.get("status", {}).get("conditions") or []
    return any(item["type"] == condition and item["status"] == "True" for item in conditions)
