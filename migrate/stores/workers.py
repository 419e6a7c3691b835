"""Reads files and says what each holds, with as many processes as help.

The processes are forked by hand rather than by a pool: a pool hangs when a process of it is killed,
prints a stack trace on ^C and costs 25 ms of imports. Here a worker owns every n-th batch and writes it
to its own pipe; the parent takes the batches in order. Nobody waits for anybody in a circle, a worker
whose parent is gone fails at its next write, and batches of a worker that died are read by the parent
itself.
"""

from __future__ import annotations

import os
import signal
import struct
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import BinaryIO, NoReturn

from migrate.estate.factline import encode
from migrate.estate.facts import Failed, FileFacts, Skipped
from migrate.stores.tree import TooLargeError, content, reason

Extract = Callable[[str, bytes], FileFacts | None]
"""What a file says; None where nothing in it matters."""

WORTH_FORKING = 2_000
"""Files from which two processes beat one (design measurement; below, forking costs more than it gives)."""

Lines = Generator[str, None, None]

UNSURE = "!"
"""Marks a line that says what the operating system answered, which the next scan must ask again."""

_BATCH = 128
_HEADER = struct.Struct("!I")
_PIPE_BYTES = 1 << 20
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ, which the fcntl module names on Linux only


def lines(root: str, paths: Sequence[str], extract: Extract) -> Lines:
    """One line of facts for each path, in order; empty where nothing matters.

    Closing the iterator early (^C) ends every worker before it returns.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    workers = min(2, count) if len(paths) >= WORTH_FORKING and hasattr(os, "fork") else 1
    if workers == 1:
        for path in paths:
            yield line(root, path, extract)
        return
    with closing(_forked(root, paths, extract, workers)) as found:
        yield from found


def line(root: str, path: str, extract: Extract) -> str:
    """What one file holds, or why it could not be read."""
    try:
        data = content(root, path)
    except (FileNotFoundError, TooLargeError) as error:
        return _unsure(path, Skipped(path, f"it changed during the scan: {reason(error)}"), None)
    except OSError as error:
        return _unsure(path, None, Failed(path, 0, f"this file could not be read: {reason(error)}"))
    facts = extract(path, data)
    return encode(facts) if facts is not None else ""


def _unsure(path: str, skipped: Skipped | None, failed: Failed | None) -> str:
    return UNSURE + encode(FileFacts(path, False, (), skipped, failed))


def _forked(root: str, paths: Sequence[str], extract: Extract, workers: int) -> Lines:
    batches = [paths[start : start + _BATCH] for start in range(0, len(paths), _BATCH)]
    team = _Team()
    try:
        for number in range(workers):
            team.start(lambda batch: _payload(root, batch, extract), batches[number::workers])
        for number, batch in enumerate(batches):
            text = team.answer(number % workers)
            if text is None:
                yield from (line(root, path, extract) for path in batch)
            else:
                yield from text.split("\n")
    finally:
        team.end()


def _payload(root: str, batch: Sequence[str], extract: Extract) -> bytes:
    return "\n".join([line(root, path, extract) for path in batch]).encode("ascii")


class _Team:
    """Forked workers and the pipes they answer through."""

    def __init__(self) -> None:
        self._pids: list[int] = []
        self._pipes: list[BinaryIO] = []

    def start(self, work: Callable[[Sequence[str]], bytes], batches: Sequence[Sequence[str]]) -> None:
        """Fork a worker for these batches."""
        receiving, sending = os.pipe()
        _widen(sending)
        # No ^C may strike the child before it has learned to leave that to its parent.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            pid = os.fork()
            if pid == 0:
                os.close(receiving)
                # Siblings' reading ends too: with one held open here, a sibling would outlive the parent.
                for pipe in self._pipes:
                    os.close(pipe.fileno())
                _be_worker(sending, work, batches, before)
            self._pids.append(pid)
            self._pipes.append(os.fdopen(receiving, "rb", _PIPE_BYTES))
            os.close(sending)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def answer(self, worker: int) -> str | None:
        """The worker's next batch; None if it died."""
        pipe = self._pipes[worker]
        header = pipe.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return None
        (length,) = _HEADER.unpack(header)
        payload = pipe.read(length)
        return payload.decode("ascii") if len(payload) == length else None

    def end(self) -> None:
        """Nobody is left afterwards, whatever they were doing."""
        for pid in self._pids:
            os.kill(pid, signal.SIGKILL)
        for pid in self._pids:
            os.waitpid(pid, 0)
        for pipe in self._pipes:
            pipe.close()


def _widen(pipe: int) -> None:
    """Let a worker run ahead of its reader; the default of 64 KiB makes them take turns."""
    import fcntl

    try:
        fcntl.fcntl(pipe, _SET_PIPE_SIZE, _PIPE_BYTES)
    except OSError:  # another system, or over this user's limit: slower, no more
        return


def _be_worker(
    sending: int,
    work: Callable[[Sequence[str]], bytes],
    batches: Sequence[Sequence[str]],
    mask: set[signal.Signals] | set[int],
) -> NoReturn:
    """Answer every batch and leave, without running anything the parent meant to run at its own end."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        with os.fdopen(sending, "wb", 0) as pipe:
            for batch in batches:
                payload = work(batch)
                _write_all(pipe, _HEADER.pack(len(payload)) + payload)
        code = 0
    finally:
        # Silent on purpose: the parent reads an unanswered batch itself and meets the same error in the open.
        os._exit(code)


def _write_all(pipe: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[pipe.write(view) or 0 :]
