"""The journal of a run on disk. A record that `append` returned from survives a power cut."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from migrate.model.errors import Refused, Stopped
from migrate.model.json import Json
from migrate.model.log import GENESIS, Broken, Event, Newer, Whole, line, read, sealed


class Journal:
    """A run's journal, open for writing. One process at a time: the lock's holder."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        """Read what is there, and make room behind the last whole record.

        Raises Stopped where the chain is broken, Refused where a newer version wrote it, OSError.
        """
        self._path, self._now = path, now
        found = whole(path)
        self.events = list(found.events)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        if found.torn:
            # Its writer died before the record was promised to anybody.
            os.ftruncate(self._descriptor, found.length)
            if found.events and not path.read_bytes().endswith(b"\n"):
                os.write(self._descriptor, b"\n")
            os.fsync(self._descriptor)
        sync_folder(path.parent)
        self._length = os.fstat(self._descriptor).st_size

    def append(self, type: str, data: dict[str, Json]) -> Event:  # noqa: A002
        """Write one record and have it on disk. Raises Stopped where the disk does not take it."""
        last = self.events[-1] if self.events else None
        moment = self._now().isoformat(timespec="milliseconds")
        event = sealed(last.sequence + 1 if last else 0, moment, type, data, last.hash if last else GENESIS)
        self._write(line(event))
        self.events.append(event)
        return event

    def _write(self, text: bytes) -> None:
        before = os.fstat(self._descriptor).st_size
        if before != self._length:
            raise Stopped(
                "somebody else writes in this journal",
                truth=f"{self._path} is theirs now; this process believes nothing of it any more",
                undone="the step that was to come was not begun",
                following="migrate lock show, then migrate status",
            )
        try:
            written = os.write(self._descriptor, text)
            if written != len(text):
                raise OSError(0, "the disk took part of a record only")
            os.fsync(self._descriptor)
            self._length = before + written
        except OSError as error:
            self._take_back(before)
            raise Stopped(
                f"the journal could not be written: {error.strerror or error}",
                truth=f"{self._path} holds all up to this moment; what it announces last is settled by reading back",
                undone="the step that was to come was not begun",
                following="make room on that disk, then: migrate resume",
            ) from error

    def _take_back(self, length: int) -> None:
        try:
            os.ftruncate(self._descriptor, length)
        except OSError:
            return  # a torn last line is understood by whoever reads next

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def whole(path: Path) -> Whole:
    """The journal's records; none where there is no file yet.

    Raises Stopped naming the first line that does not hold, Refused where a newer version wrote it.
    """
    try:
        found = read(path.read_bytes())
    except FileNotFoundError:
        return Whole((), 0, torn=False)
    match found:
        case Whole():
            return found
        case Newer(schema):
            raise Refused(
                f"{path} was written by a newer migrate ({schema})",
                truth="its records may mean more than this version knows",
                undone="nothing was read or written",
                following="use the version that wrote it",
            )
        case Broken(events, number, why):
            raise Stopped(
                f"{path}, line {number}: {why}",
                truth=f"the {len(events)} records before it hold; after them nothing is believed",
                undone="nothing was written",
                following="migrate recover PLAN rebuilds the journal from the plan and what is really there",
            )


def first(path: Path) -> Event | None:
    """The record that opened the journal, where it still holds: whatever came after it may not. Else None."""
    try:
        found = read(path.read_bytes())
    except OSError:
        return None
    return found.events[0] if isinstance(found, Whole | Broken) and found.events else None


def sync_folder(folder: Path) -> None:
    """Have a folder's entries on disk: a new file is not there after a power cut until its folder says so."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
