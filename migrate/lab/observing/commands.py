"""The operator's own programs, and the log of what they said."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import IO, Any


class Log:
    """Lines of JSON, each written through."""

    def __init__(self, file: IO[str]) -> None:
        self._file, self._lock = file, threading.Lock()

    def note(self, what: str, **data: Any) -> None:
        """One line, with the time."""
        with self._lock:
            self._file.write(json.dumps({"time": clock(time.time()), "what": what, **data}) + "\n")
            self._file.flush()


class Children:
    """Programs that go on talking until the end."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self._begun: list[subprocess.Popen[str]] = []

    def begun(self, *words: str, text: str = "") -> subprocess.Popen[str]:
        """A program at work; `text` is all it is told."""
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        child = subprocess.Popen(words, text=True, stdin=pipe, stdout=pipe, stderr=nowhere)
        self._begun.append(child)
        assert child.stdin is not None
        child.stdin.write(text)
        child.stdin.close()
        return child

    def followed(self, namespace: str, *words: str) -> Iterator[dict[str, Any]]:
        """Watch events of kubectl, for ever: a watch that ends is begun again."""
        while not self.over.is_set():
            place = ("kubectl", "-n", namespace, "get")
            child = self.begun(*place, *words, "--watch", "--output-watch-events", "-o", "json")
            for line in child.stdout or ():
                yield json.loads(line)
            self.over.wait(0.5)

    def end(self) -> None:
        """Stop all of it."""
        self.over.set()
        for child in self._begun:
            child.kill()
            child.wait()


def said(*words: str) -> str:
    """What a program prints; nothing where it fails, which is asked again or told as what is not there."""
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def clock(moment: float) -> str:
    """A moment as the log writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment * 1000) % 1000:03d}Z"
