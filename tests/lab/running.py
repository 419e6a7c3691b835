"""Starts one of the lab's own programs for a test and ends it with the test."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from migrate.lab import build


def program(name: str) -> Path:
    """Where a program lies; skips the test, with the command that builds it, where it is not built."""
    found = build.binaries().get(name)
    if found is None:
        pytest.skip(f"{name} is not built: make lab")
    return found


@contextmanager
def running(*words: str | Path, environment: Mapping[str, str] | None = None) -> Iterator[list[str]]:
    """The program at work; gives the addresses it says it listens on, in the order it says so."""
    process = subprocess.Popen(
        [str(word) for word in words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    try:
        assert process.stderr is not None
        yield _addresses(process.stderr)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _addresses(said: IO[str]) -> list[str]:
    """Reads until the program says where it listens; what it said is shown when it ends before that."""
    lines: list[str] = []
    found: list[str] = []
    for line in said:
        lines.append(line)
        found += re.findall(r" on (\S+:\d+)", line)
        if "listening on" in line or "control on" in line:
            return found
    raise AssertionError("it ended at once:\n" + "".join(lines))
