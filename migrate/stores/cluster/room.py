"""How much room there is for the pod that a cutover makes, in numbers."""

from __future__ import annotations

from migrate.model.json import Json, mapping
from migrate.stores.cluster.api import Api, metadata, place
from migrate.stores.cluster.requests import asked, left, surge, takes
from migrate.stores.cluster.trial import tried_out
from migrate.stores.cluster.webhook import selects
from migrate.targets.room import Amount


def room(api: Api, name: str, changes: str) -> dict[str, Json] | None:
    """`{pod, free, ours, surge, budgets}`; no keys where something of it may not be seen. Raises Unreachable."""
    found = api.look(place(name, "deployments", "/apis/apps/v1"))
    if not found.ok:
        return {} if found.status == 403 else None
    made = tried_out(api, name, found.body, changes)
    nodes, pods = api.look("/api/v1/nodes"), api.look("/api/v1/pods")
    if not (made.ok and nodes.ok and pods.ok):
        return {}
    spec, pod = mapping(found.body.get("spec")), mapping(made.body.get("spec"))
    open_ = [node for node in nodes.items if takes(node, pod)]
    selector = mapping(spec.get("selector"))
    ours = [one for one in pods.items if _in(one, name.partition("/")[0]) and selects(selector, _labels(one))]
    replicas = spec.get("replicas", 1)
    return {
        "pod": _numbers(asked(pod)),
        "free": {node: _numbers(free) for node, free in left(open_, pods.items).items()},
        "ours": [
            {"node": mapping(one.get("spec")).get("nodeName"), **_numbers(asked(mapping(one.get("spec"))))}
            for one in ours
        ],
        "surge": surge(mapping(spec.get("strategy")), replicas if isinstance(replicas, int) else 1),
        "budgets": list[Json](_budgets(api, name.partition("/")[0], _labels(mapping(spec.get("template"))))),
    }


def _numbers(amount: Amount) -> dict[str, Json]:
    return {"cpu": amount.cpu, "memory": amount.memory}


def _in(pod: dict[str, Json], namespace: str) -> bool:
    return metadata(pod).get("namespace") == namespace


def _labels(found: dict[str, Json]) -> dict[str, Json]:
    return mapping(metadata(found).get("labels"))


def _budgets(api: Api, namespace: str, labels: dict[str, Json]) -> list[str]:
    """The disruption budgets that let no pod of the workload go now: drains wait for them, rollouts do not."""
    found = api.look(f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets")
    return [
        str(metadata(one).get("name"))
        for one in (found.items if found.ok else [])
        if selects(mapping(mapping(one.get("spec")).get("selector")), labels)
        and mapping(one.get("status")).get("disruptionsAllowed") == 0
    ]
