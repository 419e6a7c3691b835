"""Facts kept between scans, so that a second scan reads only what changed.

A file in the user's cache folder, one line for each file of the estate, both in path order: they are
compared like two sorted lists, so neither is ever in memory as a whole. A line counts only if path, size,
mtime and inode are the same, its checksum holds, and it was written by this very version of the rules.
Anything else about the cache being wrong means that it is not there.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from migrate.catalog import shelf
from migrate.stores.tree import Entry

_RULES = ("estate", "documents", "model")
SETTLED_NS = 2_000_000_000
"""A file changed this shortly before the scan may change again within the same timestamp: not kept."""


def place(root: str) -> Path:
    """Where the cache of this estate lies."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(home) if os.path.isabs(home) else Path.home() / ".cache"  # noqa: PTH117  "" is not absolute
    return folder / "migrate" / "scan" / (hashlib.sha256(os.fsencode(root)).hexdigest()[:24] + ".facts")


def version() -> str:
    """Changes whenever the rules that make facts change."""
    # By content: a checkout changes without a new version, and an installed file may keep an old time. 2 ms.
    package = Path(__file__).parent.parent
    rules = [file for folder in _RULES for file in sorted((package / folder).rglob("*.py"))]
    files = [*rules, *sorted(shelf("profiles").glob("*.yaml"))]
    contents = b"".join(file.name.encode() + b"\0" + file.read_bytes() + b"\0" for file in files)
    return hashlib.sha256(contents).hexdigest()


class FactCache:
    """One estate's cache. `started` is the clock before the first file was listed, in nanoseconds."""

    def __init__(self, path: Path, version: str, started: int | None = None) -> None:
        self.path = path
        self._header = json.dumps({"schema": "migrate.scan-cache/1", "rules": version}) + "\n"
        self._settled = (time.time_ns() if started is None else started) - SETTLED_NS
        # Opened once: another scan may replace the file between two readings that must see the same lines.
        self._stored = open_own(path)

    def kept(self, entries: Sequence[Entry]) -> Iterator[str | None]:
        """For each entry the line of facts kept for it, or None. Never raises for what the file may hold."""
        stored = self._lines()
        line = next(stored, None)
        for entry in entries:
            key = _key(entry)
            while line is not None and not line.startswith(key) and _path(line) < entry.path:
                line = next(stored, None)
            if line is not None and line.startswith(key):
                yield line[len(key) : -1]
                line = next(stored, None)
            else:
                yield None

    def _lines(self) -> Iterator[str]:
        """`key facts newline`, checked. Ends at the first thing that is not as written."""
        if self._stored is None:
            return
        try:
            self._stored.seek(0)
            if self._stored.readline() != self._header:
                return
            for stored in self._stored:
                checksum, line = stored[:8], stored[8:]
                if checksum != _checksum(line) or not line.startswith('"'):
                    return
                yield line
        except (OSError, ValueError):
            return

    def close(self) -> None:
        """Let go of the file."""
        if self._stored is not None:
            self._stored.close()

    def writer(self) -> Writer:
        """Begin a new cache; it replaces the old one when finished, and never before."""
        return Writer(self.path, self._header, self._settled)


def open_own(path: Path) -> TextIO | None:
    """A file of the cache, if it is a plain file of our own."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        os.close(descriptor)
        return None
    return os.fdopen(descriptor, encoding="ascii", newline="\n")


def open_private(path: Path) -> TextIO:
    """A new file that nobody else may read, in a folder that nobody else may enter. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "w", encoding="ascii", newline="\n", buffering=1 << 18)


class Writer:
    """A cache being written. A disk that is full or read-only costs the cache, never the scan."""

    def __init__(self, path: Path, header: str, settled: int) -> None:
        self._path = path
        self._settled = settled
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}")
        self._stream: TextIO | None = None
        with suppress(OSError):
            self._stream = open_private(self._temporary)
            self._stream.write(header)

    def add(self, entry: Entry, facts: str) -> None:
        """Keep the facts of a file, to be trusted if the file had come to rest before the scan."""
        if self._stream is None or entry.mtime >= self._settled:
            return
        line = _key(entry) + facts + "\n"
        try:
            self._stream.write(_checksum(line) + line)
        except OSError:
            self.abandon()

    def finish(self) -> None:
        """Put the new cache in place of the old one."""
        if self._stream is None:
            return
        try:
            self._stream.close()
            self._temporary.replace(self._path)
        except OSError:
            self.abandon()
        self._stream = None

    def abandon(self) -> None:
        """Leave no trace; the old cache stays."""
        stream, self._stream = self._stream, None
        if stream is not None:
            with suppress(OSError):
                stream.close()
        with suppress(OSError):
            self._temporary.unlink()


def _key(entry: Entry) -> str:
    return f"{json.dumps(entry.path)}\t{entry.size}\t{entry.mtime}\t{entry.inode}\t"


def _path(line: str) -> str:
    """The path of a line whose checksum held."""
    return str(json.loads(line.partition("\t")[0]))


def _checksum(line: str) -> str:
    return f"{zlib.crc32(line.encode('ascii')):08x}"
