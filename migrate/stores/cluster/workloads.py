"""Deployments with their pods as checks see them, and which pods name a Secret. Values of variables are never read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from migrate.injector.annotation import PREFIX
from migrate.model.json import Json, items, mapping, sequence, text
from migrate.stores.cluster.api import Api, metadata, place
from migrate.stores.cluster.store import RESTARTED, template_annotations

_AGENTS = frozenset({"vault-agent", "vault-agent-init"})
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


PLURALS = {
    "Deployment": ("deployments", "/apis/apps/v1"),
    "StatefulSet": ("statefulsets", "/apis/apps/v1"),
    "DaemonSet": ("daemonsets", "/apis/apps/v1"),
    "CronJob": ("cronjobs", "/apis/batch/v1"),
}
"""Where the API has kinds that make pods."""


def pod_template(found: dict[str, Json]) -> dict[str, Json]:
    """The template of the pods that a workload makes; of a StatefulSet with the claims of its first pod."""
    spec = mapping(found.get("spec"))
    inner = mapping(mapping(spec.get("jobTemplate")).get("spec"))
    template = mapping((inner or spec).get("template"))
    claims = [text(metadata(one).get("name")) for one in items(spec.get("volumeClaimTemplates"))]
    if not claims:
        return template
    first, pod = text(metadata(found).get("name")), mapping(template.get("spec"))
    held: list[Json] = [{"name": name, "persistentVolumeClaim": {"claimName": f"{name}-{first}-0"}} for name in claims]
    rest = [one for one in items(pod.get("volumes")) if one.get("name") not in claims]
    return {**template, "spec": {**pod, "volumes": [*rest, *held]}}


def workload(api: Api, kind: str, name: str) -> dict[str, Json] | None:
    """A workload and its pods; no keys where it may not be seen. Raises Unreachable."""
    plural, group = PLURALS[kind]
    found = api.look(place(name, plural, group))
    if not found.ok:
        return {} if found.status == 403 else None
    if kind == "CronJob":
        # Of its pods none need be there while one looks; what the next one gets is the template's to say.
        account = mapping(pod_template(found.body).get("spec")).get("serviceAccountName") or "default"
        return {"replicas": 0, "updated": 0, "ready": 0, "account": account, "pods": []}
    spec, status = mapping(found.body.get("spec")), mapping(found.body.get("status"))
    template = mapping(mapping(spec.get("template")).get("spec"))
    # A status of an earlier generation says nothing of the template that stands there now.
    current = status.get("observedGeneration") == metadata(found.body).get("generation")
    shown: dict[str, Json] = {
        "replicas": spec.get("replicas", status.get("desiredNumberScheduled", 1)),
        "updated": status.get("updatedReplicas", status.get("updatedNumberScheduled", 0)) if current else 0,
        "ready": status.get("readyReplicas", status.get("numberReady", 0)),
        "account": template.get("serviceAccountName") or "default",
    }
    if since := template_annotations(found.body).get(RESTARTED):
        shown["restartedAt"] = since
    pods = _pods(api, name.partition("/")[0], mapping(spec.get("selector")))
    return shown if pods is None else shown | {"pods": pods}


def _pods(api: Api, namespace: str, selector: dict[str, Json]) -> list[Json] | None:
    found = api.look(f"/api/v1/namespaces/{namespace}/pods", query={"labelSelector": _selected(selector)})
    if not found.ok:
        return None
    # A pod that has ended holds no session and no file; it is only not swept up yet.
    alive = [one for one in found.items if mapping(one.get("status")).get("phase") not in {"Succeeded", "Failed"}]
    return [pod(one) for one in alive]


def _selected(selector: dict[str, Json]) -> str:
    labels = [f"{key}={value}" for key, value in mapping(selector.get("matchLabels")).items()]
    for one in sequence(selector.get("matchExpressions")):
        rule = mapping(one)
        key, values = str(rule.get("key")), ",".join(map(str, sequence(rule.get("values"))))
        match rule.get("operator"):
            case "Exists":
                labels.append(key)
            case "DoesNotExist":
                labels.append(f"!{key}")
            case operator:
                labels.append(f"{key} {'in' if operator == 'In' else 'notin'} ({values})")
    return ",".join(labels)


def pod(found: dict[str, Json]) -> Json:
    """One pod as checks see it."""
    meta, spec, status = metadata(found), mapping(found.get("spec")), mapping(found.get("status"))
    annotations = mapping(meta.get("annotations"))
    names = {str(mapping(one).get("name")) for group in _CONTAINERS for one in sequence(spec.get(group))}
    agent = bool(names & _AGENTS)
    conditions = {mapping(one).get("type"): mapping(one).get("status") for one in sequence(status.get("conditions"))}
    return {
        "name": meta.get("name"),
        "address": status.get("podIP", ""),
        "started": _began(status.get("startTime") or meta.get("creationTimestamp"), annotations.get(RESTARTED)),
        "ready": conditions.get("Ready") == "True",
        "agent": agent,
        "role": annotations.get(f"{PREFIX}role", "") if agent else "",
        "deleting": "deletionTimestamp" in meta,
        "waiting": next(_waits(status), ""),
    }


def _began(started: Json, restarted: Json) -> Json:
    """When it began, at the latest that is known. Kubernetes tells whole seconds, cut off: a pod that bears the moment
    of a restart cannot be older than that, whatever its own clock says."""
    try:
        one, other = datetime.fromisoformat(str(started)), datetime.fromisoformat(str(restarted))
        return restarted if one < other else started
    except (ValueError, TypeError):  # no restart, or one whose writer put something else there
        return started


def _waits(status: dict[str, Json]) -> Iterator[str]:
    for group in ("initContainerStatuses", "containerStatuses"):
        for one in sequence(status.get(group)):
            container = mapping(one)
            waiting = mapping(mapping(container.get("state")).get("waiting"))
            if waiting.get("reason") not in {None, "PodInitializing", "ContainerCreating"}:
                yield f"{container.get('name')}: {waiting.get('reason')}"
    for one in sequence(status.get("conditions")):
        condition = mapping(one)
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            yield f"not scheduled: {condition.get('reason')}"


def consumers(api: Api, name: str) -> dict[str, Json]:
    """The pods of the namespace that name the Secret, ended ones left out."""
    namespace, _, secret = name.partition("/")
    found = api.look(f"/api/v1/namespaces/{namespace}/pods")
    if not found.ok:
        return {}
    alive = [one for one in found.items if mapping(one.get("status")).get("phase") not in {"Succeeded", "Failed"}]
    names = [f"{namespace}/{metadata(one).get('name')}" for one in alive if secret in set(named_secrets(one))]
    return {"pods": list[Json](sorted(names))}


def named_secrets(found: dict[str, Json]) -> Iterator[str]:
    """The names of the Secrets that a pod reads by its own words."""
    spec = mapping(found.get("spec"))
    for group in _CONTAINERS:
        for container in sequence(spec.get(group)):
            yield from _of_container(mapping(container))
    for volume in sequence(spec.get("volumes")):
        yield from _of_volume(mapping(volume))
    yield from (str(mapping(one).get("name")) for one in sequence(spec.get("imagePullSecrets")))


def _of_container(container: dict[str, Json]) -> Iterator[str]:
    for one in sequence(container.get("env")):
        yield str(mapping(mapping(mapping(one).get("valueFrom")).get("secretKeyRef")).get("name"))
    for one in sequence(container.get("envFrom")):
        yield str(mapping(mapping(one).get("secretRef")).get("name"))


def _of_volume(volume: dict[str, Any]) -> Iterator[str]:
    yield str(mapping(volume.get("secret")).get("secretName"))
    for source in sequence(mapping(volume.get("projected")).get("sources")):
        yield str(mapping(mapping(source).get("secret")).get("name"))
    # Other volume drivers name theirs under a key of this name, at any depth of one level.
    for driver in volume.values():
        for key in ("secretRef", "nodePublishSecretRef"):
            yield str(mapping(mapping(driver).get(key)).get("name"))
