"""An application that keeps a diary in a table: the code of the documentation, at work all along."""

from __future__ import annotations

import contextlib
import re
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from migrate.lab import ports
from tests.labworld import Lab

ROOT = Path(__file__).parents[2]
ROWS = 3000
CANARY = "diary-canary-5d0b"


def documented() -> dict[str, Any]:
    """The code of the page, as an application has it."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/how-to/transit.md").read_text(), re.DOTALL)
    found: dict[str, Any] = {}
    exec(compile(code, "docs/how-to/transit.md", "exec"), found)
    return found


class Application:
    """Reads and writes rows all along, in the version that is deployed, and remembers what each must say."""

    def __init__(self, lab: Lab, dsn: str) -> None:
        self._lab, self._dsn, self._over = lab, dsn, threading.Event()
        self.version = "plain"
        self.written: dict[int, str] = {}
        self.wrong: list[str] = []
        self.rounds = 0
        self._thread = threading.Thread(target=self._work, daemon=True)

    def _token(self) -> str:
        words = ("create", "token", "memo", "-n", "apps", "--audience", self._lab.world.url(ports.VAULT))
        return self._lab.run("kubectl", *words).strip()

    def _work(self) -> None:
        code, address = documented(), self._lab.world.url(ports.VAULT)
        login = code["Login"](address, "mig-apps-memo-transit", self._token, time.time)
        key = code["Key"](address, "mig-apps-memo", login)
        with psycopg.connect(self._dsn, dbname="notes", autocommit=True) as connection:
            while not self._over.wait(0.01):
                self._round(code["Entries"](connection, key, self.version))

    def _round(self, entries: Any) -> None:
        number = self.rounds % ROWS + 1
        try:
            found = entries.body(number) if entries._writes != "plain" else None
            if found is not None and found != self.written.get(number, f"{CANARY} {number}"):
                self.wrong.append(f"row {number} says {found}")
            entries.write(number, f"{CANARY} {number} {self.rounds}")
        except (psycopg.Error, urllib.error.URLError) as error:
            self.wrong.append(f"{entries._writes}: {error}")
            return
        self.written[number] = f"{CANARY} {number} {self.rounds}"
        self.rounds += 1

    @contextlib.contextmanager
    def running(self) -> Iterator[Application]:
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join(20)

    def deploy(self, version: str) -> None:
        """Another version, and a moment in which it works."""
        before, self.version = self.rounds, version
        wait_for(lambda: self.rounds > before + 20 or bool(self.wrong))


def wait_for(ready: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.05)
