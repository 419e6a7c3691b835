"""Whether a pod finds a place, as the scheduler counts."""

from __future__ import annotations

import pytest

from migrate.model.json import Json
from migrate.stores.cluster.requests import asked, left, surge, takes
from migrate.targets.room import Amount


def container(cpu: str = "0", memory: str = "0", **more: Json) -> Json:
    return {"resources": {"requests": {"cpu": cpu, "memory": memory}}, **more}


STAYING = container("50m", restartPolicy="Always")


@pytest.mark.parametrize(
    ("pod", "wanted"),
    [
        ({"containers": [container("250m", "64Mi"), container("10m")]}, Amount(260, 64 * 2**20)),
        ({"containers": [container("100m")], "initContainers": [container("300m", "1Mi")]}, Amount(300, 2**20)),
        ({"containers": [container("100m")], "initContainers": [STAYING]}, Amount(150, 0)),
        ({"initContainers": [STAYING, container("200m")], "containers": [container()]}, Amount(250, 0)),
        ({"containers": [container("1")], "overhead": {"cpu": "100m"}}, Amount(1100, 0)),
        ({"containers": [{}]}, Amount(0, 0)),
        ({"containers": [container("0.5", "1G")]}, Amount(500, 10**9)),
    ],
)
def test_a_pod_asks_for_its_containers_or_its_greediest_start(pod: dict[str, Json], wanted: Amount) -> None:
    assert asked(pod) == wanted


@pytest.mark.parametrize(
    ("strategy", "replicas", "wanted"),
    [
        ({}, 1, 1),
        ({"type": "Recreate"}, 3, 0),
        ({"rollingUpdate": {"maxSurge": 0}}, 3, 0),
        ({"rollingUpdate": {"maxSurge": "50%"}}, 3, 2),
        ({"rollingUpdate": {"maxSurge": "0%"}}, 3, 0),
    ],
)
def test_a_rollout_makes_so_many_pods_first(strategy: dict[str, Json], replicas: int, wanted: int) -> None:
    assert surge(strategy, replicas) == wanted


def node(**spec: Json) -> dict[str, Json]:
    named: dict[str, Json] = {"name": "n", "labels": {"disk": "fast"}}
    return {"metadata": named, "spec": spec, "status": {"allocatable": {"cpu": "2"}}}


def test_a_node_is_closed_by_taints_that_are_not_tolerated_and_by_labels_that_are_not_there() -> None:
    taint: Json = [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]
    assert takes(node(), {"nodeSelector": {"disk": "fast"}})
    assert not takes(node(), {"nodeSelector": {"disk": "slow"}})
    assert not takes(node(unschedulable=True), {})
    assert not takes(node(taints=taint), {})
    assert takes(node(taints=taint), {"tolerations": [{"key": "gpu", "operator": "Exists"}]})
    assert takes(node(taints=taint), {"tolerations": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]})
    assert not takes(node(taints=taint), {"tolerations": [{"key": "gpu", "value": "no"}]})
    assert takes(node(taints=[{"key": "a", "effect": "PreferNoSchedule"}]), {})


def test_what_is_left_is_what_no_living_pod_has() -> None:
    spec: dict[str, Json] = {"nodeName": "n", "containers": [container("500m")]}
    ended: dict[str, Json] = {"spec": spec, "status": {"phase": "Succeeded"}}
    elsewhere: dict[str, Json] = {"spec": spec | {"nodeName": "m"}}
    assert left([node()], [{"spec": spec}, ended, elsewhere]) == {"n": Amount(1500, 0)}
