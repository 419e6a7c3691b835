"""The moments at which a process changes the disk or starts another program, numbered as they come.

Patches `os` and `subprocess` in a forked child, never in the program under test: no switch in production code.
"""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

_READS = """\
blame cat-file check-attr check-ignore check-ref-format cherry config diff diff-index diff-tree for-each-ref log
ls-files ls-tree merge-base merge-file name-rev remote rev-list rev-parse show show-ref status symbolic-ref var version
"""
_ONLY_READS = frozenset(_READS.split())
_NAMED = ("fsync", "replace", "rename", "ftruncate", "pwrite", "unlink", "mkdir", "rmdir")
"""`fsync` of a folder is left out: what a SIGKILL leaves is the same before and after it."""


@dataclass(frozen=True)
class Deed:
    """What happens at a boundary: a signal to oneself (`torn`: after half of a write), or another program's turn."""

    at: int
    signal: int = signal.SIGKILL
    meanwhile: tuple[str, ...] = ()
    """A command that runs, from start to end, before this process goes on; then no signal is sent."""
    said: str = ""
    """The file that takes what that command prints, its exit code in the last line."""


class Boundaries:
    """Counts, and notes every name on `trace`: what was written there outlives a SIGKILL."""

    def __init__(self, trace: int, deed: Deed | None) -> None:
        self._trace, self._deed, self._count = trace, deed, 0
        self._write = os.write
        self._run = subprocess.run

    def watch(self) -> None:
        """From here on every boundary is counted."""
        for name in _NAMED:
            setattr(os, name, self._counted(name, getattr(os, name)))
        os.write = self._torn
        setattr(subprocess, "run", self._spawned)  # noqa: B010  it is overloaded

    def note(self, text: str) -> None:
        """A line on the trace."""
        self._write(self._trace, (text + "\n").encode())

    def _reached(self, name: str) -> bool:
        self._count += 1
        self.note(f"point {name}")
        return self._deed is not None and self._deed.at == self._count

    def _act(self) -> None:
        assert self._deed is not None
        if not self._deed.meanwhile:
            os.kill(os.getpid(), self._deed.signal)
            return
        done = self._run(self._deed.meanwhile, capture_output=True, check=False)
        with open(self._deed.said, "wb") as file:  # noqa: PTH123  pathlib's own would be counted
            file.write(done.stdout + done.stderr + f"\n{done.returncode}".encode())

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        def counted(*args: Any, **options: Any) -> Any:
            if not _idle(name, args[0]) and self._reached(name):
                self._act()
            return real(*args, **options)

        return counted

    def _torn(self, descriptor: int, data: Any) -> int:
        if descriptor <= 2 or not self._reached("write"):
            return self._write(descriptor, data)
        if self._deed is not None and not self._deed.meanwhile and self._deed.signal == signal.SIGKILL:
            self._write(descriptor, bytes(data)[: len(data) // 2])
        self._act()
        return self._write(descriptor, data)

    def _spawned(self, words: Any, *args: Any, **options: Any) -> Any:
        name = _command(words)
        if name in _ONLY_READS:
            return self._run(words, *args, **options)
        if self._reached(f"before {name}"):
            self._act()
        done = self._run(words, *args, **options)
        if self._reached(f"after {name}"):
            self._act()
        return done


def _idle(name: str, about: Any) -> bool:
    """Whether the call changes nothing that a killed process could leave behind."""
    if name == "mkdir":
        return Path(about).is_dir()
    return name == "fsync" and stat.S_ISDIR(os.fstat(about).st_mode)


def _command(words: Any) -> str:
    """Git's own command in a command line; another program by its name."""
    listed = [str(word) for word in words] if isinstance(words, Sequence) and not isinstance(words, str) else [words]
    if listed[0] != "git":
        return str(listed[0])
    rest = iter(listed[1:])
    for word in rest:
        if word in {"-c", "-C"}:
            next(rest, None)
        elif not word.startswith("-"):
            return word
    return "git"
