"""The observer of one workload: the threads that watch, and the answers to marks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from .certificates import Certificates
from .columns import Columns
from .commands import Children, Log, clock
from .database import Database
from .doors import Doors
from .eyes import Eyes
from .pods import Pods
from .seen import BOUND, Pod, Rotation, unannounced, unexcused
from .values import Values

PATIENCE = 45.0
"""Seconds that something may take to become so."""


class Observer:
    """Watches one workload."""

    def __init__(self, settings: dict[str, Any], log: Log, children: Children) -> None:
        self.eyes = Eyes(settings, log, children)
        self.settings, self.seen = settings, self.eyes.seen
        self.pods, self.doors = Pods(self.eyes), Doors(self.eyes)
        self.database, self.values = Database(self.eyes), Values(self.eyes)
        self.certificates, self.columns = Certificates(self.eyes), Columns(self.eyes)
        self._before = (0, 0, 0)
        self._pods_before = frozenset[str]()

    def watch(self) -> None:
        """Begin to watch, each thing in a thread of its own."""
        watches: list[tuple[str, Callable[[], None]]] = [("pods", self.pods.pods)]
        watches += [(f"Secret {one}", partial(self.pods.secret, one)) for one in self.settings["secrets"]]
        watches += [("queries", self.doors.queries)] if self.settings["path"] else []
        watches += [("the database", self.database.database)] if self.settings["login"] else []
        watches += [("what it reads", self.values.values)] if self.settings["values"] else []
        watches += [("its certificate", self.certificates.certificates)] if self.settings["certificate"] else []
        for what, one in watches:
            threading.Thread(target=self.seeing, args=(what, one), daemon=True).start()

    def seeing(self, what: str, watch: Callable[[], None]) -> None:
        """An observer that has lost sight of something must not call it well."""
        try:
            watch()
        except Exception as error:  # noqa: BLE001  whatever it is, it is told at the next mark
            why = f"{what} of {self.settings['deployment']} is no longer watched: {type(error).__name__}"
            self.seen.blind.append(why)
            self.eyes.log.note("blind", why=why)

    def answer(self, expect: dict[str, Any]) -> dict[str, Any]:
        """What is so at a mark, and whether it is what was expected; waits a while for it to become so."""
        until = time.monotonic() + PATIENCE
        while (wrong := [*self._wrong(expect), *self.values.wrong()]) and time.monotonic() < until:
            time.sleep(0.5)
        failed, excused = unexcused(self.seen)
        gaps = [one.restarted - one.at for one in self.seen.rotations if one.restarted]
        wrong += self._past(gaps, expect)
        self._turn(expect)
        wrong += [f"a query failed at {clock(one.at)} although a replica was up: {one.why}" for one in failed[:5]]
        return {
            "wrong": wrong,
            "queries": self.seen.queries,
            "failed": len(failed),
            "failedInGaps": excused,
            "pods": sum(pod.ready for pod in list(self.seen.pods.values())),
            "slowest": round(self.seen.slowest, 3),
            "rotations": len(self.seen.rotations),
            "restarts": self.seen.restarts,
            "gaps": [round(gap, 2) for gap in gaps],
            "pauses": [round(o.served - o.restarted, 2) for o in self.seen.rotations if o.served and o.restarted],
            "absent": [round((one.until or time.time()) - one.at, 2) for one in self.seen.absences],
            "upAgain": max((one.until for one in self.seen.absences if one.until), default=None),
            "sessions": self.seen.sessions,
            "secrets": dict(self.seen.became),
            "agents": sorted(pod.name for pod in self.seen.pods.values() if pod.agent),
            "read": sorted({name for names in self.values.before.values() for name in names}),
            "certificates": len(self.certificates.shown),
            "opened": self.columns.opened,
            "strangers": self.certificates.logins,
            "unshown": self.values.unshown(),
        }

    def _turn(self, expect: dict[str, Any]) -> None:
        """From here on it is the time since this mark."""
        self._before = (self.seen.answered, self.seen.looks, self.certificates.logins)
        self._pods_before, self.seen.stirred = frozenset(self.seen.pods), []
        self.pods.all_go = bool(expect.get("allGo"))

    def _past(self, gaps: list[float], expect: dict[str, Any]) -> Iterator[str]:
        """What was not as it should be at some time, and cannot become so any more."""
        yield from self.seen.blind
        yield from self.certificates.refused[:5]
        if expect.get("pods") == "stayed" and self.eyes.stands:  # pods of jobs come and go by their own clock
            yield from (f"{what} although all were to stay ready" for what in self.seen.stirred)
        yield from (f"Secret {name} was {state}" for name, state in self.seen.became if state != "there")
        for one in unannounced(self.seen):
            yield f"no pod of {self.settings['deployment']} was up from {clock(one.at)}" + (
                f" for {one.until - one.at:.1f} s" if one.until else ""
            )
        yield from (f"{gap:.0f} s passed between a rotation and the restart" for gap in gaps if gap > BOUND)
        yield from ("a rotation was followed by no restart" for one in self.seen.rotations if self._ignored(one))

    def _ignored(self, rotation: Rotation) -> bool:
        """Whether a pod that had the old password still has it, for longer than is bounded."""
        waiting = rotation.restarted is None and time.time() > rotation.at + BOUND
        return waiting and not rotation.pods.isdisjoint(self.seen.pods)

    def _wrong(self, expect: dict[str, Any]) -> Iterator[str]:
        pods = [pod for pod in list(self.seen.pods.values()) if not pod.down or pod.ready]
        yield from self._idle(pods)
        if self.eyes.stands:
            yield from self._standing(pods, expect)
        yield from self.certificates.wrong(expect.get("certificate"), self._before[2])
        yield from self.columns.wrong(expect.get("column", ""))
        for name, wanted in expect.get("sessions", {}).items():
            if (self.seen.sessions.get(name, 0) > 0) != wanted:
                yield f"{name} has {self.seen.sessions.get(name, 0)} sessions"
        for name, wanted in expect.get("logins", {}).items():
            if self.seen.logins.get(name) != wanted:
                yield f"{name} {_words(self.seen.logins.get(name))}, not as expected ({_words(wanted)})"
        if expect.get("secret"):
            for full in self.settings["secrets"]:
                if not self.pods.there(full):
                    yield f"there is no Secret {full}"

    def _standing(self, pods: list[Pod], expect: dict[str, Any]) -> Iterator[str]:
        if not any(pod.ready for pod in pods):
            yield f"no pod of {self.settings['deployment']} is ready"
        if expect.get("pods") == "new" and not self._pods_before.isdisjoint(self.seen.pods):
            yield f"a pod of {self.settings['deployment']} from before the last mark is still there"
        for pod in pods:
            if pod.agent != expect.get("agent", pod.agent):
                yield f"{pod.name} has {'no' if not pod.agent else 'an'} agent"

    def _idle(self, pods: list[Pod]) -> Iterator[str]:
        """What has not been looked at since the last mark: a silence proves nothing."""
        answered, looks, _ = self._before
        if self.seen.answered == answered and any(pod.door for pod in pods):
            yield "no query was answered since the last mark"
        if self.seen.looks == looks and self.settings["login"]:
            yield "the database was not looked at since the last mark"


def _words(may: bool | None) -> str:
    return "is not there" if may is None else "may log in" if may else "may not log in"
