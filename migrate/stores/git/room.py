"""A private worktree: where a commit is built, out of everybody's way, and gone afterwards.

It lies in the repository's own folder (`.git/migrate`), so on a disk that the repository needs anyway, and is a true
linked worktree, so hooks, signing, attributes and filters work as they do for people. A process that is killed leaves
its room behind; the lock beside it is then free, and the next one to come takes the room away.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from migrate.stores.git.command import Git
from migrate.stores.git.outcome import denied, quoted
from migrate.stores.git.repository import Repository

_FOLDER = "migrate"
_LOCK = ".lock"


@contextmanager
def room(repository: Repository, commit: str) -> Iterator[Git]:
    """Git in a worktree that stands at `commit`, with nothing checked out. Nothing of it is left afterwards.

    Raises NotWritten (Denied) where the repository cannot be written to.
    """
    folder = Path(repository.common, _FOLDER)
    try:
        folder.mkdir(exist_ok=True)
        sweep(repository)
        with _locked(folder) as name:
            try:
                yield _opened(repository, folder / name, commit)
            finally:
                _remove(repository, name)
    except OSError as error:
        raise denied(
            f"the repository cannot be written to: {error.filename or folder}: {error.strerror}",
            "make it writable, with space left on its disk, then resume",
        ) from error


def _opened(repository: Repository, place: Path, commit: str) -> Git:
    answer = repository.git.try_("worktree", "add", "--quiet", "--detach", "--no-checkout", str(place), commit)
    if answer.code != 0:
        raise denied(f"no worktree could be made to build the commit in: {quoted(answer.words, ())}")
    return Git(str(place))


def sweep(repository: Repository) -> None:
    """Take away the rooms of processes that are no more, as far as they are ours to take."""
    for lock in Path(repository.common, _FOLDER).glob(f"*{_LOCK}"):
        with suppress(FileNotFoundError, PermissionError), lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            _remove(repository, lock.name.removesuffix(_LOCK))


@contextmanager
def _locked(folder: Path) -> Iterator[str]:
    """A new name, and the lock that says its owner lives: the kernel lets go of it whatever ends the process."""
    name, file = _lock(folder)
    try:
        yield name
    finally:
        os.close(file)


def _lock(folder: Path) -> tuple[str, int]:
    while True:
        name = f"room-{secrets.token_hex(8)}"
        path = folder / (name + _LOCK)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        fcntl.flock(file, fcntl.LOCK_EX)
        # A sweep may have come between the two calls, and taken the file for a leftover.
        if path.exists():
            return name, file
        os.close(file)


def _remove(repository: Repository, name: str) -> None:
    """Take the room away, and then its lock: while anything is left of it, the next sweep must find it."""
    # Not `git worktree prune`: it would also forget other people's worktrees whose disks are not there just now. And
    # not `git worktree remove`: it refuses a worktree that was killed in the making. The name is ours alone.
    places = Path(repository.common, _FOLDER, name), Path(repository.common, "worktrees", name)
    for place in places:
        shutil.rmtree(place, ignore_errors=True)
    with suppress(OSError):  # as git does it: the last one to leave takes the folder along
        places[1].parent.rmdir()
    if not any(place.exists() for place in places):
        Path(repository.common, _FOLDER, name + _LOCK).unlink(missing_ok=True)
