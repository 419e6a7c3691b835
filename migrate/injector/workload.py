"""From a manifest to the pod it makes: a Pod is itself, a workload has a template at a place its kind knows.

Raises `migrate.model.errors.Failed` for a document that is neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from migrate.injector.admission import with_service_account_token
from migrate.injector.annotation import PREFIX
from migrate.model.errors import Failed
from migrate.model.json import Json, Pointer

_TEMPLATES: dict[str, Pointer] = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


@dataclass(frozen=True)
class Workload:
    """What makes a pod. `pod` is the pod as the injector meets it, `kind` the manifest's kind.

    `misplaced` are injector annotations that stand beside the template and so do nothing, with their place.
    """

    kind: str
    name: str
    namespace: str
    pod: dict[str, Json]
    misplaced: tuple[tuple[str, str], ...] = ()

    @property
    def ends(self) -> bool:
        """Whether its pods are meant to finish."""
        spec = self.pod.get("spec")
        policy = spec.get("restartPolicy", "Always") if isinstance(spec, dict) else "Always"
        return self.kind in ("Job", "CronJob") or policy in ("Never", "OnFailure")


def read(document: object) -> Workload:
    """The workload of one manifest. Raises Failed."""
    if not isinstance(document, dict):
        raise _unusable("The input is not a Kubernetes object.")
    kind = document.get("kind")
    if kind == "Pod":
        return _pod(document)
    if isinstance(kind, str) and kind in _TEMPLATES:
        return _templated(document, kind)
    raise _unusable(f"A {kind} makes no pod." if kind else "The input says no kind.")


def _unusable(what: str) -> Failed:
    kinds = ", ".join(_TEMPLATES)
    return Failed(what, undone="Nothing was predicted.", following=f"Give a Pod, or one of: {kinds}.")


def _metadata(document: dict[str, Any]) -> dict[str, Any]:
    found = document.get("metadata")
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _pod(document: dict[str, Any]) -> Workload:
    metadata = _metadata(document)
    return Workload("Pod", _text(metadata.get("name")), _text(metadata.get("namespace")), document)


def _templated(document: dict[str, Any], kind: str) -> Workload:
    template: Any = document
    misplaced: list[tuple[str, str]] = []
    way = ""
    for step in _TEMPLATES[kind]:
        misplaced += _annotated(template, way)
        template = template.get(step) if isinstance(template, dict) else None
        way += f"/{step}"
    if not isinstance(template, dict):
        raise _unusable(f"The {kind} has no pod template at {way}.")
    metadata = _metadata(document)
    name, namespace = _text(metadata.get("name")), _text(metadata.get("namespace"))
    pod = _created(template, name, namespace)
    return Workload(kind, name, namespace, pod, tuple(misplaced))


def _annotated(level: Any, way: str) -> list[tuple[str, str]]:
    given = _metadata(level).get("annotations") if isinstance(level, dict) else None
    names = given if isinstance(given, dict) else {}
    return [(str(name), f"{way}/metadata/annotations") for name in names if str(name).startswith(PREFIX)]


def _created(template: dict[str, Any], name: str, namespace: str) -> dict[str, Json]:
    metadata = {"generateName": f"{name}-", **_metadata(template)}
    if namespace:
        metadata["namespace"] = namespace
    pod: dict[str, Json] = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
    if "spec" in template:
        pod["spec"] = template["spec"]
    return with_service_account_token(pod, automount=True)
