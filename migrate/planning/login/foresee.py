"""What the injector will do to the pod after the cutover, asked of its own rules before anybody commits anything.

The pod is a sketch: what the chart renders beside the values seen here is unknown offline, so gate `pod.dryrun` asks
the real webhook about the real pod. What the rules refuse even in the sketch never becomes a plan.
"""

from __future__ import annotations

from collections.abc import Iterator

from migrate.injector.answer import Answer, answer
from migrate.injector.footprint import footprint
from migrate.injector.prediction import Mutated
from migrate.injector.settings import Settings
from migrate.injector.workload import read
from migrate.model.errors import Refused
from migrate.model.json import Json, sequence
from migrate.model.plan import Remark
from migrate.operations.login import LoginSubject
from migrate.planning.compose import Composition
from migrate.planning.login.pod import values_after
from migrate.planning.surroundings import Injector

_ASSUMED_ADDRESS = "https://vault.invalid:8200"


def foresee(subject: LoginSubject, composition: Composition, injector: Injector | None) -> Iterator[Remark]:
    """What will be added to the pod, and what an expert would warn of. Raises Refused with the injector's own words."""
    found = answer(
        read(_pod(subject, composition)), subject.release.pods_in, _settings(subject, injector), with_lint=True
    )
    if not isinstance(found.prediction, Mutated) or found.server_refusals:
        raise _refused(subject, found)
    file = subject.release.place.file
    yield Remark("pod.predicted", "info", _added(found.prediction), "", file)
    for one in found.findings:
        if one.severity != "info":
            yield Remark(one.code, "blocks" if one.severity == "error" else "warning", one.text, one.fix, file)


def _settings(subject: LoginSubject, injector: Injector | None) -> Settings:
    address = (injector.address if injector else None) or subject.vault.server or _ASSUMED_ADDRESS
    return Settings(address=address, revoke_on_shutdown=bool(injector and injector.revokes))


def _pod(subject: LoginSubject, composition: Composition) -> Json:
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


def _added(mutated: Mutated) -> str:
    print_ = footprint(mutated)
    files = ", ".join(f"{one.path} ({one.mode}, {one.uid}:{one.gid})" for one in print_.files)
    names = ", ".join((*print_.init_containers, *print_.containers))
    return (
        f"by the injector's rules the pod gets {names} and {files}; while it runs that takes "
        f"{int(print_.running.cpu * 1000)}m CPU and {int(print_.running.memory) // 2**20}Mi memory more"
    )


def _refused(subject: LoginSubject, found: Answer) -> Refused:
    why = found.message or "; ".join(found.server_refusals) or "it would leave the pod alone"
    return Refused(
        f"the injector would not inject the pod of {subject.unit}: {why}",
        truth="nothing was written",
        undone="no plan was made",
        following=f"see {subject.release.place.file}; migrate predict shows what the injector makes of a pod",
    )
