"""What pods ask for and nodes have left, as the scheduler counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from migrate.injector.quantity import parse
from migrate.injector.refusal import RefusalError
from migrate.model.json import Json, mapping, sequence
from migrate.targets.room import Amount


def amount(quantities: Mapping[str, Json]) -> Amount:
    """From Kubernetes' words, rounded up; what is not said, or not understood, is nothing."""
    return Amount(math.ceil(_number(quantities.get("cpu")) * 1000), math.ceil(_number(quantities.get("memory"))))


def _number(text: Json) -> float:
    try:
        return float(parse(str(text)).amount) if text is not None else 0.0
    except RefusalError:
        return 0.0


def asked(pod: Mapping[str, Json]) -> Amount:
    """What the scheduler sets aside for a pod: its containers together, or its greediest start, whichever is more.

    https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers; init
    containers that go on running count with the containers and with every start after them.
    """
    running, greediest = Amount(0, 0), Amount(0, 0)
    for one in sequence(pod.get("initContainers")):
        wants = _requests(mapping(one))
        if mapping(one).get("restartPolicy") == "Always":
            running += wants
            wants = running
        else:
            wants += running
        greediest = Amount(max(greediest.cpu, wants.cpu), max(greediest.memory, wants.memory))
    for one in sequence(pod.get("containers")):
        running += _requests(mapping(one))
    over = amount(mapping(pod.get("overhead")))
    return Amount(max(running.cpu, greediest.cpu), max(running.memory, greediest.memory)) + over


def _requests(container: dict[str, Json]) -> Amount:
    return amount(mapping(mapping(container.get("resources")).get("requests")))


def surge(strategy: Mapping[str, Json], replicas: int) -> int:
    """How many pods a rollout makes before it takes one away; 0 where old ones go first."""
    if strategy.get("type") == "Recreate":
        return 0
    wanted = mapping(strategy.get("rollingUpdate")).get("maxSurge", "25%")
    if isinstance(wanted, str) and wanted.endswith("%"):
        return math.ceil(replicas * int(wanted[:-1]) / 100)
    return int(str(wanted))


def takes(node: Mapping[str, Json], pod: Mapping[str, Json]) -> bool:
    """Whether the node is open to the pod, by its taints and the pod's nodeSelector. Affinity is not weighed."""
    spec, labels = mapping(node.get("spec")), mapping(mapping(node.get("metadata")).get("labels"))
    if spec.get("unschedulable") is True:
        return False
    if any(labels.get(key) != value for key, value in mapping(pod.get("nodeSelector")).items()):
        return False
    tolerations = [mapping(one) for one in sequence(pod.get("tolerations"))]
    closing = [mapping(one) for one in sequence(spec.get("taints")) if mapping(one).get("effect") != "PreferNoSchedule"]
    return all(any(_tolerates(one, taint) for one in tolerations) for taint in closing)


def _tolerates(toleration: dict[str, Json], taint: dict[str, Json]) -> bool:
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint.get("key"))
    return toleration.get("key") == taint.get("key") and (toleration.get("value") or "") == (taint.get("value") or "")


def left(nodes: Sequence[Mapping[str, Json]], pods: Sequence[Mapping[str, Json]]) -> dict[str, Amount]:
    """By node, what is not set aside for a pod yet."""
    free = {
        str(mapping(node.get("metadata")).get("name")): amount(mapping(mapping(node.get("status")).get("allocatable")))
        for node in nodes
    }
    for pod in pods:
        spec = mapping(pod.get("spec"))
        name = str(spec.get("nodeName"))
        if name in free and mapping(pod.get("status")).get("phase") not in {"Succeeded", "Failed"}:
            free[name] -= asked(spec)
    return free
