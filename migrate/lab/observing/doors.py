"""Has every ready pod of a workload write and read in its database, over the pod's own pool."""

from __future__ import annotations

import http.client
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from .eyes import Eyes
from .seen import Failure, Pod

EVERY = 0.1
_ANSWER = 5.0
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Doors:
    """The queries of one workload."""

    def __init__(self, eyes: Eyes) -> None:
        self.eyes, self.seen, self._lock = eyes, eyes.seen, threading.Lock()

    def queries(self) -> None:
        """Ten times a second, of every pod that is ready."""
        over = self.eyes.children.over
        with ThreadPoolExecutor(max_workers=32) as threads:
            second, before, at = time.monotonic() + 1.0, 0, time.monotonic()
            while not over.is_set():
                for pod in list(self.seen.pods.values()):
                    if pod.ready and pod.door:
                        threads.submit(self._query, pod)
                if time.monotonic() >= second:
                    second += 1.0
                    self._summed(self.seen.queries - before)
                    before = self.seen.queries
                at += EVERY
                over.wait(max(0.0, at - time.monotonic()))

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
        self.eyes.log.note("failed", pod=pod.name, why=why)

    def _summed(self, count: int) -> None:
        ready = sum(pod.ready for pod in list(self.seen.pods.values()))
        failed, sessions = len(self.seen.failures), self.seen.sessions
        self.eyes.log.note("second", queries=count, ready=ready, failed=failed, sessions=sessions)


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
