"""A workload's pods in the lab's cluster: waited for, and sent away all at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from migrate.lab.web import Web, wait
from migrate.model.errors import MigrateError

_COLLECTIONS = {
    "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1", "CronJob": "batch/v1",
}  # fmt: skip
_JOBS = frozenset({"Job", "CronJob"})


@dataclass(frozen=True, slots=True)
class Workload:
    """Which one, in the cluster's words."""

    kind: str
    namespace: str
    name: str

    @property
    def stands(self) -> bool:
        """Whether there is always a pod of it: a job has one when its time comes."""
        return self.kind not in _JOBS

    @property
    def place(self) -> str:
        """Its path in the cluster's API."""
        return f"/apis/{_COLLECTIONS[self.kind]}/namespaces/{self.namespace}/{self.kind.lower()}s/{self.name}"


def workload(text: str) -> Workload:
    """`namespace/name` of a Deployment; of anything else its kind stands first."""
    *before, namespace, name = text.split("/")
    return Workload(before[0] if before else "Deployment", namespace, name)


def until_ready(api: Web, one: Workload, secrets: tuple[str, ...], patience: float) -> None:
    """Return once the workload is ready and its Secrets there. Raises Failed when that takes too long."""

    def ready() -> bool:
        try:
            found = api.ask("GET", one.place)
            for secret in secrets:
                api.ask("GET", "/api/v1/namespaces/{0}/secrets/{2}".format(*secret.partition("/")))
        except MigrateError:
            return False
        status = found.get("status", {})
        return not one.stands or bool(status.get("readyReplicas") or status.get("numberReady"))

    wait(one.name, ready, patience)


@dataclass(frozen=True, slots=True)
class Sent:
    """Pods that were sent away: where they are listed, who they were, and how many of them were ready."""

    listed: str
    uids: frozenset[str]
    ready: int


def send_away(api: Web, one: Workload) -> Sent:
    """Delete every pod of a workload at once. Raises Failed where the cluster does not."""
    selector = quote(selected(api.ask("GET", one.place)["spec"]["selector"]))
    listed = f"/api/v1/namespaces/{one.namespace}/pods?labelSelector={selector}"
    found = api.ask("GET", listed)["items"]
    api.ask("DELETE", listed)
    return Sent(listed, frozenset(pod["metadata"]["uid"] for pod in found), sum(map(_ready, found)))


def until_replaced(api: Web, sent: Sent, patience: float) -> None:
    """Return once none of them is left and as many others are ready. Raises Failed when that takes too long."""

    def replaced() -> bool:
        found = api.ask("GET", sent.listed)["items"]
        left = sent.uids.intersection(pod["metadata"]["uid"] for pod in found)
        return not left and sum(map(_ready, found)) >= sent.ready

    wait("the pods that come after them", replaced, patience)


def selected(selector: dict[str, Any]) -> str:
    """A selector as a query has it; never empty, since apps/v1 takes no empty one."""
    return ",".join(_terms(selector))


def _terms(selector: dict[str, Any]) -> Iterator[str]:
    yield from (f"{key}={value}" for key, value in selector.get("matchLabels", {}).items())
    for one in selector.get("matchExpressions", []):
        key, values = one["key"], ",".join(one.get("values", []))
        match one["operator"]:
            case "In":
                yield f"{key} in ({values})"
            case "NotIn":
                yield f"{key} notin ({values})"
            case "Exists":
                yield key
            case "DoesNotExist":
                yield f"!{key}"


def _ready(pod: dict[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
