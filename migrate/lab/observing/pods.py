"""Follows the pods of a workload and its Secrets, as kubectl tells of them."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from typing import Any

from .commands import said
from .eyes import Eyes
from .seen import Absence, Pod

_KEY = os.urandom(32)
_AGENTS = frozenset({"vault-agent", "vault-agent-init"})
_DOORS = frozenset({"grafana", "http", "http-web", "web"})


class Pods:
    """The pods of one workload and the Secrets that they read."""

    def __init__(self, eyes: Eyes) -> None:
        self.eyes, self.seen = eyes, eyes.seen
        self._announces = False
        """Whether the workload says that its old pods go before new ones come."""
        self._was_up = False
        self.all_go = False
        """Whether somebody has announced that he sends all pods away at once."""

    def pods(self) -> None:
        """Follow the pods."""
        selected = self._selected()
        for event in self.eyes.children.followed(self.eyes.namespace, "pods", *selected):
            if selected or self._is_of_the_job(event["object"]):
                self.pod(event["type"], event["object"])

    def _selected(self) -> tuple[str, ...]:
        """Words that select the pods; none for a job, whose pods are told by their owners."""
        eyes = self.eyes
        if not eyes.stands:
            return ()
        words = ("kubectl", "-n", eyes.namespace, "get", eyes.kind, eyes.name, "-o", "json")
        while not (found := said(*words)) and not eyes.children.over.wait(0.5):
            pass
        spec = json.loads(found)["spec"]
        self._announces = eyes.kind != "deployment" or spec.get("strategy", {}).get("type") == "Recreate"
        labels = spec["selector"]["matchLabels"]
        return "-l", ",".join(f"{key}={value}" for key, value in labels.items())

    def _is_of_the_job(self, pod: dict[str, Any]) -> bool:
        owners = [one["name"] for one in pod["metadata"].get("ownerReferences") or [] if one["kind"] == "Job"]
        return any(self.eyes.name in {owner, owner.rpartition("-")[0]} for owner in owners)

    def pod(self, how: str, found: dict[str, Any]) -> None:
        """One event of a pod."""
        uid, now = found["metadata"]["uid"], time.time()
        known = self.seen.pods.get(uid)
        going = how == "DELETED" or "deletionTimestamp" in found["metadata"]
        pod = self._pod(found, known, going=going)
        ended = known is not None and (pod.restarts > known.restarts or (known.ready and not self._runs(found)))
        if going or ended:
            pod.down.append(now)
        if known and pod.restarts > known.restarts:
            self._restarted(pod, now)
        if known is None or (known.ready, known.restarts) != (pod.ready, pod.restarts):
            self._note("pod", pod=pod.name, ready=pod.ready, agent=pod.agent, restarts=pod.restarts)
        self.seen.pods[uid] = pod
        if how == "DELETED":
            del self.seen.pods[uid]
        self.seen.stirred += _stirred(known, pod, going=going)
        self._counted(now)

    def _pod(self, found: dict[str, Any], known: Pod | None, *, going: bool) -> Pod:
        conditions = found.get("status", {}).get("conditions") or []
        runs = self._runs(found) and not going
        ready = runs and any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
        restarts = sum(one.get("restartCount", 0) for one in self._own(found))
        same = known is not None and known.up and known.restarts == restarts
        names = [one["name"] for part in ("initContainers", "containers") for one in found["spec"].get(part) or []]
        return Pod(
            found["metadata"]["name"],
            self._door(found),
            ready,
            any(one["name"] == "vault-agent" for one in found["spec"]["containers"]),
            restarts,
            known.down if known else [],
            runs and (ready or same),
            tuple(name for name in names if name not in _AGENTS),
        )

    def _own(self, found: dict[str, Any]) -> list[dict[str, Any]]:
        """The states of the container that is asked, or of all that are not the agent's."""
        wanted = self.eyes.settings["container"]
        states = found.get("status", {}).get("containerStatuses") or []
        return [one for one in states if (one["name"] == wanted if wanted else one["name"] not in _AGENTS)]

    def _runs(self, found: dict[str, Any]) -> bool:
        own = self._own(found)
        return bool(own) and all("running" in one.get("state", {}) for one in own)

    def _door(self, pod: dict[str, Any]) -> str:
        ports = [
            port
            for container in pod["spec"]["containers"]
            if container["name"] == self.eyes.settings["container"]
            for port in container.get("ports") or []
        ]
        named = [port for port in ports if port.get("name") in _DOORS] or ports
        address, path = pod.get("status", {}).get("podIP"), self.eyes.settings["path"]
        return f"http://{address}:{named[0]['containerPort']}{path}" if named and address and path else ""

    def _restarted(self, pod: Pod, now: float) -> None:
        self.seen.restarts += 1
        waiting = next((one for one in self.seen.rotations if one.restarted is None), None)
        if waiting:
            waiting.restarted = now
        gap = f"{now - waiting.at:.1f}" if waiting else None
        self._note("restart", pod=pod.name, secondsAfterRotation=gap)

    def _counted(self, now: float) -> None:
        """Begin an absence where the last pod that was up no longer is, and end it where one is again."""
        up = any(one.up for one in self.seen.pods.values())
        last = self.seen.absences[-1] if self.seen.absences else None
        if last is not None and last.until is None:
            last.until = now if up else None
        elif not up and self._was_up and self.eyes.stands:
            announced = self._announces or self.all_go
            self.seen.absences.append(Absence(now, announced))
            self._note("absent", announced=announced)
        self._was_up = up

    def secret(self, full: str) -> None:
        """Follow one Secret."""
        namespace, _, name = full.partition("/")
        for event in self.eyes.children.followed(namespace, "secrets", "--field-selector", f"metadata.name={name}"):
            self.held(full, event["type"], event["object"])

    def held(self, full: str, how: str, found: dict[str, Any]) -> None:
        """One event of a Secret."""
        held = json.dumps([found["metadata"]["uid"], found.get("data")], sort_keys=True)
        digest = hmac.digest(_KEY, held.encode(), hashlib.sha256).hex()
        known = self.seen.secrets.get(full)
        state = "gone" if how == "DELETED" else "changed" if known else "there"
        if state == "gone" or digest != known:
            self.seen.secrets[full] = digest
            self.seen.became.append((full, state))
            self._note("secret", secret=full, state=state)

    def there(self, full: str) -> bool:
        """Whether it was seen, and is there now: a watch that was begun again is not told what went before."""
        namespace, _, name = full.partition("/")
        words = ("kubectl", "-n", namespace, "get", "secret", name, "--ignore-not-found", "-o", "name")
        return full in self.seen.secrets and bool(said(*words).strip())

    def _note(self, what: str, **data: Any) -> None:
        self.eyes.log.note(what, workload=self.eyes.settings["deployment"], **data)


def _stirred(known: Pod | None, pod: Pod, *, going: bool) -> list[str]:
    """What an event says beyond that all is as it was."""
    if known is None:
        return [f"{pod.name} came"]
    if known.restarts != pod.restarts:
        return [f"{pod.name} was restarted"]
    if known.ready and not pod.ready:
        return [f"{pod.name} {'went' if going else 'stopped being ready'}"]
    return []
