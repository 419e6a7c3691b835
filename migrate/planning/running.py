"""The workloads that a commit asks for, as a world runs them: in the words of `Applied`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from migrate.model.json import Json, mapping, pointer_text, reach, sequence
from migrate.operations.secrets import POST_RENDERERS, Valued
from migrate.planning.secrets.releases import Made, reads


def running(
    kind: str, name: str, document: Json, account: str, secrets: Sequence[str], by: str
) -> tuple[str, dict[str, Any]]:
    """The workload of this manifest, by its key. `secrets`: those it cannot start without."""
    namespace, _, short = name.partition("/")
    ends = kind == "CronJob"
    outer = mapping(reach(document, "spec"))
    template = mapping((mapping(mapping(outer.get("jobTemplate")).get("spec")) if ends else outer).get("template"))
    spec = {**mapping(template.get("spec")), "serviceAccountName": account}
    replicas = 0 if ends else outer.get("replicas", 1)
    return (
        f"{kind}/{name}",
        {
            "by": by,
            "pod": pod(short, namespace, mapping(template.get("metadata")).get("annotations"), spec),
            "replicas": replicas if isinstance(replicas, int) else 1,
            "secrets": [*secrets],
            "variables": sorted(_variables(spec)),
            "database": None,
            "at": [],
        },
    )


def released(made: Made, by: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A workload that a Helm release makes, and its account where that comes with it."""
    workload, account = made.workload, made.account or "default"
    key, pods = running(workload.kind, workload.name, made.read, account, sorted(reads(made.read)), by)
    at = made.form.words.every if isinstance(made.form, Valued) else (POST_RENDERERS,)
    yield key, pods | {"at": [pointer_text(place) for place in at]}
    if made.account_made:
        yield f"ServiceAccount/{workload.namespace}/{account}", {"by": by, "tokens": True}


def pod(name: str, namespace: str, annotations: Json, spec: dict[str, Json]) -> dict[str, Any]:
    """A pod as the API server is sent it."""
    metadata: dict[str, Json] = {"name": name, "namespace": namespace, "annotations": mapping(annotations)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _variables(spec: dict[str, Json]) -> Iterator[str]:
    for container in sequence(spec.get("containers")):
        for variable in sequence(mapping(container).get("env")):
            yield str(mapping(variable).get("name"))
