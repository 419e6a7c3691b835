"""One operator at a time. The kernel holds the lock, so it is free the moment its owner is gone, however it went.

The file says who, for the other one to read. Breaking puts a new file in its place: the old owner, should it still
live, finds at its next write that the lock is no longer its own.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from migrate.model.errors import Locked, Refused, Stopped

_NAME = "lock"
_PATIENCE = 5


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds the lock, and what for."""

    id: str
    who: str
    what: str
    host: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"{self.who} on {self.host} (process {self.pid}), {self.what}, since {self.since}"


class Lock:
    """The lock of one estate's runs, held while this object lives."""

    def __init__(self, folder: Path, owner: Owner) -> None:
        """Take it. Raises Locked naming the owner where somebody else has it."""
        self._path = folder / _NAME
        self._descriptor = _open(self._path)
        # Second: it may have been broken between opening and seizing.
        if not _seize(self._descriptor, _PATIENCE) or not self.ours():
            os.close(self._descriptor)
            raise _taken(held(folder))
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps(asdict(owner)).encode(), 0)

    def ours(self) -> bool:
        """Whether the file is still the one that was taken."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except OSError:
            return False

    def insist(self) -> None:
        """Return if the lock is still ours. Raises Stopped where somebody broke it."""
        if not self.ours():
            raise Stopped(
                "the lock was taken from this process",
                truth="somebody ran migrate lock break; the journal says what was written until now",
                undone="nothing more was written",
                following="migrate lock show",
            )

    def release(self) -> None:
        """Let go."""
        if self.ours():
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def held(folder: Path) -> Owner | None:
    """Who holds the lock now; None where nobody living does."""
    try:
        descriptor = os.open(folder / _NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if _seize(descriptor):
            return None
        return _owner(os.pread(descriptor, 4096, 0))
    finally:
        os.close(descriptor)


def take_from(folder: Path, id: str) -> Owner:  # noqa: A002
    """Break the lock that bears this id, and say whose it was. Raises Refused where another or none is held."""
    owner = held(folder)
    if owner is None:
        raise Refused(
            "nobody holds the lock", truth="a lock whose owner died is free by itself", following="migrate status"
        )
    if owner.id != id:
        raise Refused(
            f"the lock that is held is {owner.id}: {owner}",
            truth="it may not be the one you looked at",
            undone="nothing was broken",
            following=f"migrate lock break {owner.id} --reason TEXT, if that is the one you mean",
        )
    fresh = folder / f"{_NAME}.{os.getpid()}"
    os.close(_open(fresh))
    fresh.replace(folder / _NAME)
    return owner


def _open(path: Path) -> int:
    mode = path.parent.stat().st_mode & 0o660
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
    if os.fstat(descriptor).st_uid == os.geteuid():
        os.fchmod(descriptor, mode)  # whatever the umask took away: a state folder of a group is for its group
    return descriptor


def _seize(descriptor: int, tries: int = 1) -> bool:
    for attempt in range(tries):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt + 1 < tries:
                time.sleep(0.02)  # somebody may only be looking who holds it
        else:
            return True
    return False


def _owner(text: bytes) -> Owner:
    try:
        return Owner(**json.loads(text))
    except (ValueError, TypeError):
        return Owner("unknown", "somebody", "just starting", "this machine", 0, "a moment ago")


def _taken(owner: Owner | None) -> Locked:
    who = str(owner) if owner else "somebody who just let go"
    broken = f"migrate lock break {owner.id if owner else 'ID'} --reason TEXT"
    return Locked(
        f"locked by {who}",
        truth="one operator at a time; the lock frees itself when its owner ends",
        undone="nothing was written",
        following=f"migrate status; or, if that process hangs: {broken}",
    )
