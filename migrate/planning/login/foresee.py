"""The pod that a release's new values make, as a sketch for the injector's rules."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.json import Json, sequence
from migrate.model.plan import Remark
from migrate.operations.login import Connecting
from migrate.planning.compose import Composition
from migrate.planning.injected import NewPod, foreseen
from migrate.planning.login.pod import values_after
from migrate.planning.surroundings import Injector


def foresee(subject: Connecting, composition: Composition, injector: Injector | None) -> Iterator[Remark]:
    """What will be added to the pod, and what an expert would warn of. Raises Refused with the injector's own words."""
    file = subject.release.place.file
    following = f"see {file}; migrate predict shows what the injector makes of a pod"
    pod = _pod(subject, composition)
    return foreseen(
        NewPod(pod, subject.release.pods_in, subject.unit, file, "the pod", following), subject.vault, injector
    )


def _pod(subject: Connecting, composition: Composition) -> Json:
    release, values = subject.release, values_after(subject, composition)
    account: Json = {"name": "kube-api-access", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    container: dict[str, Json] = {"name": release.container, "image": release.container, "volumeMounts": [account]}
    spec: dict[str, Json] = {
        "serviceAccountName": release.account.wanted,
        "securityContext": {"runAsUser": release.uid, "runAsGroup": release.gid, "runAsNonRoot": True},
        "containers": [container],
        "volumes": [{"name": "kube-api-access", "projected": {}}, *sequence(values.get("extraContainerVolumes"))],
        "shareProcessNamespace": values.get("shareProcessNamespace"),
    }
    metadata: dict[str, Json] = {
        "name": release.deployment,
        "namespace": release.pods_in,
        "annotations": values.get("podAnnotations"),
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
