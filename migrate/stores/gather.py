"""From a folder to the facts of its files: list, take what is kept, read the rest, keep it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from migrate.estate.factline import Decoder
from migrate.estate.facts import FileFacts, Skipped
from migrate.stores import factcache, workers
from migrate.stores.factcache import FactCache
from migrate.stores.tree import Entry, Listing
from migrate.stores.workers import UNSURE, Extract, Lines

Progress = Callable[[int, int], None]
"""Called with files done and files in all, often enough for a line on a terminal."""

_TELL_EVERY = 256


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the files of a tree say, one entry a file, and what was left out before reading."""

    files: tuple[FileFacts, ...]
    skipped: tuple[Skipped, ...]
    seen: int
    sure: bool = True
    """False where the system's own answers are among the facts: they may differ next time."""


def gather(root: str, found: Listing, extract: Extract, progress: Progress, *, cached: bool = True) -> Gathered:
    """Read the files of a listing made just now. Writes only the cache, raises nothing for what it reads."""
    files = [FileFacts(failed.file, False, (), None, failed) for failed in found.failed]
    unsure: list[str] = []
    with ExitStack() as ends:
        if cached:
            cache = FactCache(factcache.place(root), factcache.version(), found.started)
            ends.callback(cache.close)
            lines = _with_cache(root, found.entries, extract, cache)
        else:
            lines = workers.lines(root, [entry.path for entry in found.entries], extract)
        ends.callback(lines.close)
        decoder = Decoder()
        for number, (entry, line) in enumerate(zip(found.entries, lines, strict=True)):
            files.append(_decoded(decoder, root, entry.path, line, extract))
            if line.startswith(UNSURE):
                unsure.append(entry.path)
            if number % _TELL_EVERY == 0:
                progress(number, len(found.entries))
    return Gathered(tuple(files), found.skipped, found.seen, sure=not unsure)


def _decoded(decoder: Decoder, root: str, path: str, line: str, extract: Extract) -> FileFacts:
    """The facts of a line; where the cache held one that this tool never wrote, what the file itself says."""
    plain = FileFacts(path, True, ())
    if not line:
        return plain
    return _facts(decoder, line, path) or _facts(decoder, workers.line(root, path, extract), path) or plain


def _facts(decoder: Decoder, line: str, path: str) -> FileFacts | None:
    """None for a line that this tool did not write: only the cache can hold one."""
    try:
        return decoder.decode(line.removeprefix(UNSURE), path)
    except ValueError:
        return None


def _with_cache(root: str, entries: Sequence[Entry], extract: Extract, cache: FactCache) -> Lines:
    """Kept and fresh lines in the order of the entries; where any are fresh, the cache is written anew."""
    known = bytearray(kept is not None for kept in cache.kept(entries))
    missing = [entry.path for entry, hit in zip(entries, known, strict=True) if not hit]
    writer = cache.writer() if missing else None
    fresh = workers.lines(root, missing, extract)
    try:
        for entry, hit, kept in zip(entries, known, cache.kept(entries), strict=True):
            # The second look may fail where the first did not (a bad disk): then the file itself answers.
            line = next(fresh) if not hit else workers.line(root, entry.path, extract) if kept is None else kept
            if writer is not None and not line.startswith(UNSURE):
                writer.add(entry, line)
            yield line
        if writer is not None:
            writer.finish()
    finally:
        fresh.close()
        if writer is not None:
            writer.abandon()
