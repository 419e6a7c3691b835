"""Somebody who says that pods run, in a lab that runs none: what a kubelet would report of itself and of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count

from tests.labworld import Lab
from tests.meanwhile import meanwhile

_PODS = "/api/v1/namespaces/{}/pods"
_NODE = "stand-in"
_LONG_AGO = "2026-01-01T00:00:00Z"


@contextmanager
def kubelet(lab: Lab, namespaces: Sequence[str]) -> Iterator[None]:
    """A node with room; pods of these namespaces are ready soon after they were made, and gone when they were to."""
    turns = count()
    lab.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": _NODE}})

    def look() -> None:
        if next(turns) % 20 == 0:
            _alive(lab)
        for pod in (pod for name in namespaces for pod in lab.get(_PODS.format(name))["items"]):
            _report(lab, pod["metadata"], pod["status"])

    with meanwhile(look, 0.3):
        yield


def _alive(lab: Lab) -> None:
    """Whoever is not heard of for half a minute is taken to be gone, and nothing has room there."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    ready = {"type": "Ready", "status": "True", "lastHeartbeatTime": now, "lastTransitionTime": _LONG_AGO}
    room = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    said = {"status": {"conditions": [ready], "capacity": room, "allocatable": room}}
    lab.api.ask("PATCH", f"/api/v1/nodes/{_NODE}/status", said, kind="application/merge-patch+json")


def _report(lab: Lab, meta: dict[str, object], status: dict[str, object]) -> None:
    which = ("-n", str(meta["namespace"]), "pod", str(meta["name"]))
    if "deletionTimestamp" in meta:
        lab.run("kubectl", "delete", *which, "--force", "--wait=false", check=False)
    elif status.get("phase") != "Running":
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": _LONG_AGO}
        said = {"status": {"phase": "Running", "conditions": [ready, {**ready, "type": "ContainersReady"}]}}
        patch = json.dumps(said)
        lab.run("kubectl", "patch", *which, "--subresource=status", "-p", patch, check=False)
