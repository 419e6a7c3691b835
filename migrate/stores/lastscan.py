"""The result of the last scan, for a tree in which nothing changed.

Kept beside the facts, under the same rules: it counts only if every file of the listing has the size, mtime and
inode it had, had come to rest two seconds before the scan, every file that was read besides (scripts, settings that
manifests name) is as it was, missing ones still missing, and the rules and the owner's settings are the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from contextlib import suppress
from pathlib import Path

from migrate.estate import inventoryline
from migrate.estate.inventory import Inventory
from migrate.stores.factcache import SETTLED_NS, open_own, open_private
from migrate.stores.tree import Listing, Tree, listed

_Stamp = list[int] | None

_AT_ONCE = 1_024


class LastScan:
    """One estate's last result. `rules` names everything besides the files that the result depends on."""

    def __init__(self, facts: Path, found: Listing, rules: str) -> None:
        self._path = facts.with_suffix(".scan")
        self._key = _digest(found, rules)

    def recall(self, tree: Tree) -> Inventory | None:
        """The inventory, if it is still what a scan would find. Never raises for what the file may hold."""
        stream = open_own(self._path) if self._key else None
        if stream is None:
            return None
        with stream:
            try:
                if stream.readline().rstrip("\n") != self._key:
                    return None
                checksum, read, line = (stream.readline().rstrip("\n") for _ in range(3))
                if checksum != _checksum(read + line) or not _same(json.loads(read), tree):
                    return None
                return inventoryline.decode(line)
            except (OSError, ValueError, TypeError, AttributeError):
                return None

    def keep(self, inventory: Inventory, tree: Tree) -> None:
        """Remember the result. A disk that is full or read-only costs nothing but the time it would have saved."""
        if not self._key:
            return
        read = json.dumps({path: _stamp(tree, path) for path in tree.asked if not listed(path)})
        line = inventoryline.encode(inventory)
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            with open_private(temporary) as stream:
                stream.write(f"{self._key}\n{_checksum(read + line)}\n{read}\n{line}\n")
            temporary.replace(self._path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()


def _digest(found: Listing, rules: str) -> str:
    """One word for all that the listing saw; empty if something may still be changing."""
    settled = found.started - SETTLED_NS
    if any(entry.mtime >= settled for entry in found.entries):
        return ""
    digest = hashlib.sha256(json.dumps([rules, found.skipped, found.failed, found.seen]).encode("ascii"))
    for start in range(0, len(found.entries), _AT_ONCE):
        digest.update(repr(found.entries[start : start + _AT_ONCE]).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _same(read: dict[str, _Stamp], tree: Tree) -> bool:
    return all(_stamp(tree, path) == stamp for path, stamp in read.items())


def _stamp(tree: Tree, path: str) -> _Stamp:
    try:
        status = tree.status(path)
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode('ascii')):08x}"
