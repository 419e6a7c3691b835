"""Pods for the injector's tests: one web application, changed a little at a time."""

from __future__ import annotations

import copy
from typing import Any

from migrate.injector.annotation import PREFIX
from migrate.injector.prediction import Denied, Mutated, Prediction, predict
from migrate.injector.settings import Settings

SETTINGS = Settings(address="https://vault.example:8200", image="vault:test")
TOKEN: dict[str, Any] = {
    "name": "kube-api-access",
    "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    "readOnly": True,
}
PROJECTED: dict[str, Any] = {
    "name": "vault-token",
    "projected": {"sources": [{"serviceAccountToken": {"path": "token", "audience": "vault"}}]},
}


def pod(annotations: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """A pod with one container; `annotations` by short name, `None` values left out."""
    given = {"agent-inject": "true", "role": "web", **(annotations or {})}
    found: dict[str, Any] = {
        "serviceAccountName": "web",
        "containers": [{"name": "app", "image": "app:1", "volumeMounts": [copy.deepcopy(TOKEN)]}],
        "volumes": [{"name": "kube-api-access", "projected": {"sources": []}}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "web",
            "namespace": "apps",
            "annotations": {PREFIX + name: text for name, text in given.items() if text is not None},
        },
        "spec": {**found, **spec},
    }


def answer(annotations: dict[str, Any] | None = None, settings: Settings = SETTINGS, **spec: Any) -> Prediction:
    """The prediction for such a pod."""
    return predict(pod(annotations, **spec), "apps", settings)


def mutated(annotations: dict[str, Any] | None = None, settings: Settings = SETTINGS, **spec: Any) -> Mutated:
    """The prediction, which must be a mutation."""
    found = answer(annotations, settings, **spec)
    assert isinstance(found, Mutated), found
    return found


def refusal(annotations: dict[str, Any] | None = None, settings: Settings = SETTINGS, **spec: Any) -> str:
    """The text of the refusal there must be."""
    found = answer(annotations, settings, **spec)
    assert isinstance(found, Denied), found
    return found.message


def container(found: Mutated, name: str) -> dict[str, Any]:
    """A container of the mutated pod by name."""
    spec: Any = found.pod["spec"]
    both = [*spec.get("initContainers", []), *spec["containers"]]
    return next(item for item in both if item["name"] == name)
