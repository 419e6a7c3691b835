"""Watches a lab while a plan is rehearsed in it, as a stranger would: with kubectl, psql and the workload's own door.

A program of its own that imports nothing of this package, so that no fault of it can hide another:
`python -I observer.py --settings FILE --log FILE`, with KUBECONFIG and the PG variables of the lab. Every 100 ms it has
each ready pod write and read in its database (over the pod's own pool, whose connections live for seconds); kubectl
tells of every change of the pods and the Secret, psql of every new password and every session. Lines on standard input
(`{"mark": NAME, "expect": {...}}`) ask what is so now; each is answered by one line on standard output. The Secret's
data is held as a digest under a key of this process, and appears nowhere.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import http.client
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

EVERY = 0.1
BOUND = 60.0
"""Seconds that a static login's new password may take to reach the workload."""
_LAG = 3.0
"""Seconds that the cluster may take to tell that a container has ended."""
_ANSWER = 5.0
_PATIENCE = 45.0
_KEY = os.urandom(32)
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Pod:
    """A pod of the workload as kubectl last told of it."""

    name: str
    door: str
    """Where it answers HTTP; empty where it has no port."""
    ready: bool
    agent: bool
    restarts: int
    down: list[float] = field(default_factory=list)
    """Moments at which it was going, or its container had ended."""


@dataclass
class Rotation:
    """A new password while the workload used the old one. Times are seconds since the epoch."""

    at: float
    pods: frozenset[str] = frozenset()
    restarted: float | None = None
    served: float | None = None


@dataclass(frozen=True)
class Failure:
    """A query that did not go well. `down`: when its pod was going, filled as that becomes known."""

    at: float
    until: float
    down: list[float]
    why: str


@dataclass
class Seen:
    """Everything that was seen so far."""

    pods: dict[str, Pod] = field(default_factory=dict)
    queries: int = 0
    answered: int = 0
    failures: list[Failure] = field(default_factory=list)
    slowest: float = 0.0
    rotations: list[Rotation] = field(default_factory=list)
    restarts: int = 0
    secret: str = ""
    secrets: list[str] = field(default_factory=list)
    """What became of the Secret, in order: `there`, `changed`, `gone`."""
    sessions: dict[str, int] = field(default_factory=dict)
    logins: dict[str, bool] = field(default_factory=dict)
    """Login to whether it may log in."""
    verifier: str = ""
    looks: int = 0
    """How often the database was looked at."""
    blind: list[str] = field(default_factory=list)
    """What is no longer watched, and why."""


class Observer:
    """The threads that watch, and the answers to marks."""

    def __init__(self, settings: dict[str, str], log: IO[str]) -> None:
        self.settings, self._log, self._lock = settings, log, threading.Lock()
        self.namespace, _, self.deployment = settings["deployment"].partition("/")
        self.seen, self.over, self._before = Seen(), threading.Event(), (0, 0)
        self._children: list[subprocess.Popen[str]] = []

    def note(self, what: str, **data: Any) -> None:
        """One line of the log, written through."""
        with self._lock:
            self._log.write(json.dumps({"time": _clock(time.time()), "what": what, **data}) + "\n")
            self._log.flush()

    def watch(self) -> None:
        """Begin to watch, each thing in a thread of its own."""
        watches: list[Callable[[], None]] = [self.pods, self.queries]
        watches += [self.secret] if self.settings["secret"] else []
        watches += [self.database] if self.settings["login"] else []
        for one in watches:
            threading.Thread(target=self._seeing, args=(one,), daemon=True).start()

    def _seeing(self, watch: Callable[[], None]) -> None:
        """An observer that has lost sight of something must not call it well."""
        try:
            watch()
        except Exception as error:  # noqa: BLE001  whatever it is, it is told at the next mark
            self.seen.blind.append(f"{watch.__name__} are no longer watched: {type(error).__name__}")
            self.note("blind", why=self.seen.blind[-1])

    # --- what is watched -------------------------------------------------------------------------------------------

    def pods(self) -> None:
        """Follow the workload's pods."""
        words = ("kubectl", "-n", self.namespace, "get", "deployment", self.deployment, "-o", "json")
        while not (said := _said(*words)) and not self.over.wait(0.5):
            pass
        labels = json.loads(said)["spec"]["selector"]["matchLabels"]
        wanted = ",".join(f"{key}={value}" for key, value in labels.items())
        for event in self._followed("pods", "-l", wanted):
            self._pod(event["type"], event["object"])

    def _pod(self, how: str, found: dict[str, Any]) -> None:
        uid, now = found["metadata"]["uid"], time.time()
        status, known = found.get("status", {}), self.seen.pods.get(found["metadata"]["uid"])
        going = how == "DELETED" or "deletionTimestamp" in found["metadata"]
        containers = {one["name"]: one for one in status.get("containerStatuses") or []}
        own = containers.get(self.settings["container"], {"state": {}})
        ready = not going and any(
            c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or []
        )
        pod = Pod(
            found["metadata"]["name"],
            self._door(found),
            ready and "running" in own.get("state", {}),
            any(one["name"] == "vault-agent" for one in found["spec"]["containers"]),
            own.get("restartCount", 0),
            known.down if known else [],
        )
        ended = known is not None and (
            pod.restarts > known.restarts or (known.ready and "running" not in own.get("state", {}))
        )
        if going or ended:
            pod.down.append(now)
        if known and pod.restarts > known.restarts:
            self._restarted(pod, now)
        if known is None or (known.ready, known.restarts) != (pod.ready, pod.restarts):
            self.note("pod", pod=pod.name, ready=pod.ready, agent=pod.agent, restarts=pod.restarts)
        self.seen.pods[uid] = pod
        if how == "DELETED":
            del self.seen.pods[uid]

    def _door(self, pod: dict[str, Any]) -> str:
        ports = [
            port
            for container in pod["spec"]["containers"]
            if container["name"] == self.settings["container"]
            for port in container.get("ports") or []
        ]
        named = [port for port in ports if port.get("name") in {"grafana", "http", "http-web", "web"}] or ports
        address = pod.get("status", {}).get("podIP")
        return f"http://{address}:{named[0]['containerPort']}{self.settings['path']}" if named and address else ""

    def _restarted(self, pod: Pod, now: float) -> None:
        self.seen.restarts += 1
        waiting = next((one for one in self.seen.rotations if one.restarted is None), None)
        if waiting:
            waiting.restarted = now
        gap = f"{now - waiting.at:.1f}" if waiting else None
        self.note("restart", pod=pod.name, secondsAfterRotation=gap)

    def secret(self) -> None:
        """Follow the ESO Secret."""
        namespace, _, name = self.settings["secret"].partition("/")
        for event in self._followed("secrets", "--field-selector", f"metadata.name={name}", namespace=namespace):
            self._held(event["type"], event["object"])

    def _held(self, how: str, found: dict[str, Any]) -> None:
        held = json.dumps([found["metadata"]["uid"], found.get("data")], sort_keys=True)
        digest = hmac.digest(_KEY, held.encode(), hashlib.sha256).hex()
        state = "gone" if how == "DELETED" else "changed" if self.seen.secret else "there"
        if state == "gone" or digest != self.seen.secret:
            self.seen.secret = digest
            self.seen.secrets.append(state)
            self.note("secret", secret=self.settings["secret"], state=state)

    def database(self) -> None:
        """Follow passwords and sessions: four looks a second over one connection."""
        new, old = (self.settings[name].replace("'", "''") for name in ("login", "owner"))
        role = f"(select xmin::text from pg_authid where rolname = '{new}')"
        query = (
            f"select extract(epoch from clock_timestamp()), {role}, "
            "(select string_agg(rolname || '=' || rolcanlogin, ',') from pg_authid "
            f"where rolname in ('{new}', '{old}')), "
            "(select string_agg(usename || '=' || n, ',') from (select usename, count(*) n from pg_stat_activity "
            f"where usename in ('{new}', '{old}') and client_addr is not null group by 1) s) \\watch 0.25\n"
        )
        while not self.over.is_set():
            child = self._begun("psql", "-XAt", "-F", "|", text=query)
            for line in child.stdout or ():
                parts = line.rstrip("\n").split("|")
                if len(parts) == 4:
                    self._look(*parts)
            self.over.wait(1.0)

    def _look(self, moment: str, verifier: str, logins: str, sessions: str) -> None:
        self.seen.looks += 1
        self.seen.logins = {name: may == "true" for name, may in _pairs(logins)}
        self.seen.sessions = {name: int(count) for name, count in _pairs(sessions)}
        users = frozenset(uid for uid, pod in list(self.seen.pods.items()) if pod.agent and pod.ready)
        if users and verifier and self.seen.verifier not in ("", verifier):
            self.seen.rotations.append(Rotation(float(moment), users))
            self.note("rotation", login=self.settings["login"], at=_clock(float(moment)))
        self.seen.verifier = verifier

    def queries(self) -> None:
        """Have every ready pod write and read, ten times a second."""
        with ThreadPoolExecutor(max_workers=32) as threads:
            second, before, at = time.monotonic() + 1.0, 0, time.monotonic()
            while not self.over.is_set():
                for pod in list(self.seen.pods.values()):
                    if pod.ready and pod.door:
                        threads.submit(self._query, pod)
                if time.monotonic() >= second:
                    second += 1.0
                    self._summed(self.seen.queries - before)
                    before = self.seen.queries
                at += EVERY
                self.over.wait(max(0.0, at - time.monotonic()))

    def _query(self, pod: Pod) -> None:
        began = time.time()
        why = _asked(pod.door)
        took = time.time() - began
        with self._lock:
            self.seen.queries += 1
            self.seen.slowest = max(self.seen.slowest, took)
            self.seen.answered += not why
        if not why:
            for one in self.seen.rotations:
                if one.restarted and one.served is None and began > one.restarted:
                    one.served = began
            return
        self.seen.failures.append(Failure(began, began + took, pod.down, why))
        self.note("failed", pod=pod.name, why=why)

    def _summed(self, count: int) -> None:
        ready = sum(pod.ready for pod in self.seen.pods.values())
        self.note("second", queries=count, ready=ready, failed=len(self.seen.failures), sessions=self.seen.sessions)

    # --- what is concluded -----------------------------------------------------------------------------------------

    def unexcused(self) -> tuple[list[Failure], int]:
        """Failed queries to a pod that was up, and how many were in the gap of a rotation, which is measured."""
        rest = [one for one in self.seen.failures if not any(_in_gap(one, each) for each in self.seen.rotations)]
        return [one for one in rest if not _on_its_way_out(one)], len(self.seen.failures) - len(rest)

    def answer(self, mark: str, expect: dict[str, Any]) -> dict[str, Any]:
        """What is so at a mark, and whether it is what was expected; waits a while for it to become so."""
        until = time.monotonic() + _PATIENCE
        while (wrong := self._wrong(expect)) and time.monotonic() < until:
            time.sleep(0.5)
        failed, excused = self.unexcused()
        self._before = (self.seen.answered, self.seen.looks)
        wrong += self.seen.blind
        wrong += [f"a query failed at {_clock(one.at)} although a replica was up: {one.why}" for one in failed[:5]]
        wrong += [f"the Secret was {one}" for one in self.seen.secrets if one != "there"]
        gaps = [one.restarted - one.at for one in self.seen.rotations if one.restarted]
        wrong += [f"{gap:.0f} s passed between a rotation and the restart" for gap in gaps if gap > BOUND]
        wrong += ["a rotation was followed by no restart" for one in self.seen.rotations if self._ignored(one)]
        found = {
            "mark": mark,
            "ok": not wrong,
            "wrong": wrong,
            "queries": self.seen.queries,
            "failed": len(failed),
            "failedInGaps": excused,
            "slowest": round(self.seen.slowest, 3),
            "rotations": len(self.seen.rotations),
            "restarts": self.seen.restarts,
            "gaps": [round(gap, 2) for gap in gaps],
            "pauses": [round(o.served - o.restarted, 2) for o in self.seen.rotations if o.served and o.restarted],
            "sessions": self.seen.sessions,
            "secret": self.seen.secrets[-1] if self.seen.secrets else "never seen",
            "agents": sorted(pod.name for pod in self.seen.pods.values() if pod.agent),
        }
        self.note("mark", **found)
        return found

    def _ignored(self, rotation: Rotation) -> bool:
        """Whether a pod that had the old password still has it, for longer than is bounded."""
        waiting = rotation.restarted is None and time.time() > rotation.at + BOUND
        return waiting and not rotation.pods.isdisjoint(self.seen.pods)

    def _wrong(self, expect: dict[str, Any]) -> list[str]:
        pods = [pod for pod in list(self.seen.pods.values()) if not pod.down or pod.ready]
        wrong = self._idle(pods)
        if not any(pod.ready for pod in pods):
            wrong.append(f"no pod of {self.deployment} is ready")
        for pod in pods:
            if pod.agent != expect.get("agent", pod.agent):
                wrong.append(f"{pod.name} has {'no' if not pod.agent else 'an'} agent")
        for name, wanted in expect.get("sessions", {}).items():
            if (self.seen.sessions.get(name, 0) > 0) != wanted:
                wrong.append(f"{name} has {self.seen.sessions.get(name, 0)} sessions")
        for name, wanted in expect.get("logins", {}).items():
            if self.seen.logins.get(name) != wanted:
                wrong.append(f"{name} {_words(self.seen.logins.get(name))}, not as expected ({_words(wanted)})")
        if expect.get("secret") and not self._there():
            wrong.append(f"there is no Secret {self.settings['secret']}")
        return wrong

    def _there(self) -> bool:
        """Whether the Secret was seen, and is there now: a watch that was begun again is not told what went before."""
        namespace, _, name = self.settings["secret"].partition("/")
        words = ("kubectl", "-n", namespace, "get", "secret", name, "--ignore-not-found", "-o", "name")
        return bool(self.seen.secrets) and bool(_said(*words).strip())

    def _idle(self, pods: list[Pod]) -> list[str]:
        """What has not been looked at since the last mark: a silence proves nothing."""
        (answered, looks), wrong = self._before, []
        if self.seen.answered == answered and any(pod.door for pod in pods):
            wrong.append("no query was answered since the last mark")
        if self.seen.looks == looks and self.settings["login"]:
            wrong.append("the database was not looked at since the last mark")
        return wrong

    # --- processes -------------------------------------------------------------------------------------------------

    def _followed(self, *words: str, namespace: str = "") -> Iterator[dict[str, Any]]:
        """Watch events, for ever: a watch that ends is begun again."""
        while not self.over.is_set():
            place = ("kubectl", "-n", namespace or self.namespace, "get")
            child = self._begun(*place, *words, "--watch", "--output-watch-events", "-o", "json")
            for line in child.stdout or ():
                yield json.loads(line)
            self.over.wait(0.5)

    def _begun(self, *words: str, text: str = "") -> subprocess.Popen[str]:
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        child = subprocess.Popen(words, text=True, stdin=pipe, stdout=pipe, stderr=nowhere)
        self._children.append(child)
        assert child.stdin is not None
        child.stdin.write(text)
        child.stdin.close()
        return child

    def end(self) -> None:
        """Stop watching."""
        self.over.set()
        for child in self._children:
            child.kill()
            child.wait()


def _on_its_way_out(failure: Failure) -> bool:
    """The pod was going, or its container had ended, and the cluster said so a moment later."""
    return any(failure.at - _LAG <= moment <= failure.until + _LAG for moment in failure.down)


def _in_gap(failure: Failure, rotation: Rotation) -> bool:
    """Between a new password and the restart that reads it."""
    until = rotation.at + BOUND if rotation.restarted is None else rotation.restarted + _LAG
    return rotation.at <= failure.at <= min(until, rotation.at + BOUND)


def _asked(url: str) -> str:
    """Why a query failed; empty where it went well. A workload that has no such page has answered."""
    try:
        with _DIRECTLY.open(url, timeout=_ANSWER) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return "" if error.code == 404 else f"HTTP {error.code}: {error.read(200).decode(errors='replace').strip()}"
    except (OSError, http.client.HTTPException) as error:
        return str(getattr(error, "reason", error)) or type(error).__name__
    return ""


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in filter(None, text.split(",")):
        name, _, value = part.rpartition("=")
        yield name, value


def _words(may: bool | None) -> str:
    return "is not there" if may is None else "may log in" if may else "may not log in"


def _said(*words: str) -> str:
    """What a program prints; nothing where it fails, which is asked again or told as what is not there."""
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def _clock(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment * 1000) % 1000:03d}Z"


def main() -> int:
    """Watch until standard input ends."""
    parser = argparse.ArgumentParser(description="An observer of a rehearsal.")
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    given = parser.parse_args()
    settings = json.loads(given.settings.read_text())
    with given.log.open("a") as log:
        observer = Observer(settings, log)
        observer.watch()
        for line in sys.stdin:
            asked = json.loads(line)
            sys.stdout.write(json.dumps(observer.answer(asked["mark"], asked.get("expect", {}))) + "\n")
            sys.stdout.flush()
        observer.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
