"""Somebody who says that pods run, in a lab that runs none: what the kubelet would report of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from tests.labworld import Lab

_PODS = "/api/v1/namespaces/monitoring/pods"


@contextmanager
def kubelet(lab: Lab) -> Iterator[None]:
    """Every pod of Grafana's namespace is ready soon after it was made, and gone soon after it was to go."""
    over = Event()

    def look() -> None:
        while not over.wait(0.3):
            for pod in lab.get(_PODS)["items"]:
                _report(lab, pod["metadata"], pod["status"])

    thread = Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(30)


def _report(lab: Lab, meta: dict[str, object], status: dict[str, object]) -> None:
    if "deletionTimestamp" in meta:
        lab.run(
            "kubectl", "-n", "monitoring", "delete", "pod", str(meta["name"]), "--force", "--wait=false", check=False
        )
    elif status.get("phase") != "Running":
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
        said = {"status": {"phase": "Running", "conditions": [ready, {**ready, "type": "ContainersReady"}]}}
        patch = json.dumps(said)
        words = ("kubectl", "-n", "monitoring", "patch", "pod", str(meta["name"]), "--subresource=status", "-p", patch)
        lab.run(*words, check=False)
