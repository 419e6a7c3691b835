"""Sessions on disk, beside the runs of their estate: `sessions/SESSION/`: `session.jsonl`, `runbook-*.md`, `evidence/`.

Two people may write: one drives, another approves. A record is appended under the log's own lock, on what is there.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from migrate.model.errors import Stopped
from migrate.model.json import Json
from migrate.model.log import Event
from migrate.stores.journal import Journal, sync_folder, whole
from migrate.stores.runs import Runs


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """One session on disk."""

    path: Path
    runs: Runs

    @property
    def id(self) -> str:
        """The session's id."""
        return self.path.name

    @property
    def log(self) -> Path:
        """Its log."""
        return self.path / "session.jsonl"

    def events(self) -> tuple[Event, ...]:
        """The log's records. Raises Stopped where the chain is broken, Refused where a newer version wrote it."""
        try:
            return whole(self.log).events
        except Stopped as error:
            following = f"begin another: migrate session start. What broke: migrate verify --session {self.id}"
            raise Stopped(error.happened, truth=error.truth, undone=error.undone, following=following) from error

    def append(self, type: str, data: dict[str, Json], now: Callable[[], datetime]) -> Event:  # noqa: A002
        """Write one record behind whatever is there by now. Raises Stopped, Refused, OSError."""
        descriptor = os.open(self.log, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            journal = Journal(self.log, now)
            try:
                return journal.append(type, data)
            finally:
                journal.close()
        finally:
            os.close(descriptor)

    def write(self, name: str, data: bytes) -> None:
        """A file of the session, whole or not at all."""
        self.runs.write(self.path / name, data)

    def read(self, name: str) -> bytes | None:
        """A file of the session; None where there is none. A name that leads out of the folder is none."""
        path = self.path / name
        if not path.resolve().is_relative_to(self.path.resolve()):
            return None
        try:
            return path.read_bytes()
        except OSError:
            return None


class Sessions:
    """The sessions of one estate."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self.folder = runs.folder / "sessions"

    def all(self) -> Iterator[SessionFolder]:
        """Every session, newest first: their ids end with the time they began."""
        found = [path for path in self.folder.glob("*") if (path / "session.jsonl").exists()]
        return (SessionFolder(path, self._runs) for path in sorted(found, key=_began, reverse=True))

    def fresh(self, runbook: str, moment: datetime) -> str:
        """An id no session of this estate has: the runbook's name and the time, a second later where that is taken."""
        names = (f"{runbook}-{moment + timedelta(seconds=later):%Y%m%dT%H%M%S}" for later in count())
        return next(name for name in names if not (self.folder / name).exists())

    def create(self, session: str) -> SessionFolder:
        """A new session's folder with an empty log. Raises FileExistsError, OSError."""
        self._runs.prepare()
        mode = self._runs.folder.stat().st_mode & 0o7777
        for path in (self.folder, self.folder / session, self.folder / session / "evidence"):
            if path != self.folder or not path.exists():
                path.mkdir()
                path.chmod(mode)
        folder = SessionFolder(self.folder / session, self._runs)
        folder.write(folder.log.name, b"")
        sync_folder(self.folder)
        return folder


def _began(path: Path) -> tuple[str, str]:
    name, _, time = path.name.rpartition("-")
    return time, name
