"""The estate's files: which there are, and their bytes.

Nothing in a tree is trusted. Links are never followed, so a scan cannot loop or leave the tree; only
regular files are opened, so a named pipe cannot hang it; sizes are bounded. What is left out is recorded
with its reason. Knows nothing of what the files say.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from migrate.estate.facts import Failed, Skipped

LIMIT = 16 * 1024 * 1024
"""Larger files are skipped: no manifest is near it, since the API server refuses objects over 3 MiB."""

_SUFFIXES = (".yaml", ".yml", ".json")
_NAMES = frozenset({"Kustomization"})
# Folders that tools fill for themselves: never manifests of the estate, sometimes a hundred thousand files.
_TOOL_FOLDERS = frozenset(
    {".git", ".hg", ".svn", ".terraform", ".terragrunt-cache", ".venv", ".tox", "node_modules", "__pycache__"}
)
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Entry(NamedTuple):
    """A file worth reading, and what tells whether it changed since it was last read."""

    path: str
    """Relative to the estate, `/` between folders. Bytes that are no UTF-8 are kept as surrogates."""
    size: int
    mtime: int
    inode: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The candidate files of a tree, ordered by path, and what was left out of them."""

    entries: tuple[Entry, ...]
    skipped: tuple[Skipped, ...]
    failed: tuple[Failed, ...]
    seen: int
    """Everything with the name of a candidate, read or not."""
    started: int = field(default=0, compare=False)
    """The clock before the first file was listed, in nanoseconds."""


def candidate(name: str) -> bool:
    """True for file names that may hold manifests."""
    return name.lower().endswith(_SUFFIXES) or name in _NAMES


def listed(path: str) -> bool:
    """True for paths whose coming, going or changing a listing would show."""
    *folders, name = path.split("/")
    return candidate(name) and not _TOOL_FOLDERS.intersection(folders) and ".." not in folders


def listing(root: str) -> Listing:
    """Walk the tree once. Raises OSError only if `root` itself cannot be listed."""
    started = time.time_ns()
    walk = _Walk(root)
    walk.folder("")
    while walk.folders:
        path = walk.folders.pop()
        try:
            walk.folder(path)
        except OSError as error:
            walk.failed.append(Failed(path + "/", 0, f"this folder could not be read: {reason(error)}"))
    return Listing(
        entries=tuple(sorted(walk.entries)),
        skipped=tuple(sorted(walk.skipped)),
        failed=tuple(sorted(walk.failed)),
        seen=walk.seen,
        started=started,
    )


class _Walk:
    """One walk's findings. A class because the inner loop runs for every file of the tree."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.folders: list[str] = []
        self.entries: list[Entry] = []
        self.skipped: list[Skipped] = []
        self.failed: list[Failed] = []
        self.seen = 0

    def folder(self, path: str) -> None:
        """Record the entries of one folder; its folders are left on the stack."""
        prefix = path + "/" if path else ""
        with os.scandir(os.path.join(self.root, path)) as found:  # noqa: PTH118  one string, 100,000 times
            for entry in found:
                name = entry.name
                if entry.is_symlink():
                    self._link(entry, prefix + name)
                elif entry.is_dir(follow_symlinks=False):
                    if name not in _TOOL_FOLDERS:
                        self.folders.append(prefix + name)
                elif candidate(name):
                    self.seen += 1
                    self._file(entry, prefix + name)

    def _file(self, entry: os.DirEntry[str], path: str) -> None:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            self.skipped.append(Skipped(path, f"it went away during the scan: {reason(error)}"))
            return
        if not stat.S_ISREG(status.st_mode):
            self.skipped.append(Skipped(path, f"{_special(status.st_mode)}, not a file: never opened"))
        elif status.st_size > LIMIT:
            self.skipped.append(Skipped(path, oversize(status.st_size)))
        else:
            self.entries.append(Entry(path, status.st_size, status.st_mtime_ns, status.st_ino))

    def _link(self, entry: os.DirEntry[str], path: str) -> None:
        named = candidate(entry.name)
        if named or _leads_to_folder(entry):
            self.seen += named
            self.skipped.append(Skipped(path, f"a link{_destination(entry)}: links are never followed"))


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links: as good as a folder, for the report
        return True


def _destination(entry: os.DirEntry[str]) -> str:
    try:
        return " to " + os.readlink(entry.path)  # noqa: PTH115
    except OSError:
        return ""


def _special(mode: int) -> str:
    kinds = ((stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISBLK, "a block device"))
    return next((word for test, word in kinds if test(mode)), "a device")


def oversize(size: int) -> str:
    """Why a large file was not read."""
    return f"{size:,} bytes: files over {LIMIT // (1024 * 1024)} MiB are not read"


def reason(error: OSError) -> str:
    """The operating system's own words, without the path that stands beside them anyway."""
    return error.strerror or type(error).__name__


class TooLargeError(OSError):
    """The file is over the limit. `strerror` says how large it is."""


def content(root: str, path: str) -> bytes:
    """The bytes of a regular file. Raises OSError: missing, unreadable, a link, no file, too large."""
    descriptor = os.open(f"{root}/{path}", _OPEN)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, f"{_special(status.st_mode)}, not a file")
        if status.st_size > LIMIT:
            raise TooLargeError(0, oversize(status.st_size))
        return b"".join(_pieces(descriptor, status.st_size))
    finally:
        os.close(descriptor)


def _pieces(descriptor: int, size: int) -> Iterator[bytes]:
    # One byte more than expected: an answer of exactly `size` is then known to be all of it.
    total = 0
    while total <= LIMIT:
        piece = os.read(descriptor, max(size + 1 - total, 65536))
        total += len(piece)
        yield piece
        if not piece or total == size:
            return
    raise TooLargeError(0, oversize(total))


class Tree:
    """An estate's files by the paths that manifests give, so by a stranger's word."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self._folders: dict[str, str] = {}
        self.asked: set[str] = set()
        """Every path that was asked for, found or not: what a result depends on besides the listing."""

    def read(self, path: str) -> bytes:
        """The bytes of a file of the tree. Writes nothing.

        Raises OSError: missing, unreadable, too large, or it leaves the tree or passes through a link.
        """
        self.asked.add(path)
        try:
            return content(*self._place(path))
        except ValueError as error:  # NUL bytes, characters no file name can have
            raise FileNotFoundError(0, "no file can have this name") from error

    def status(self, path: str) -> os.stat_result:
        """Size and times of a file that `read` would read. Raises OSError like it."""
        try:
            return os.lstat("/".join(self._place(path)))
        except ValueError as error:
            raise FileNotFoundError(0, "no file can have this name") from error

    def _place(self, path: str) -> tuple[str, str]:
        folder, _, name = path.rpartition("/")
        if name in {"", ".", ".."} or path.startswith("/"):
            raise PermissionError(0, "it leaves the estate, or is no file")
        return self._folder(folder), name

    def _folder(self, path: str) -> str:
        """The folder's place on disk; looked up once, since a folder's files are asked for one after another."""
        known = self._folders.get(path)
        if known is not None:
            return known
        full = os.path.normpath(f"{self.root}/{path}")
        outside = full != self.root and not full.startswith(self.root.rstrip("/") + "/")
        if outside or os.path.realpath(full) != full:
            raise PermissionError(0, "it leaves the estate or passes through a link")
        self._folders[path] = full
        return full
