"""A line on the terminal that says how far a long scan is, and leaves nothing behind."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType

_PATIENCE = 1.0  # seconds before anything is shown
_BETWEEN = 0.1


class Progress:
    """Counts on stderr, only on a terminal that can go back to the start of a line."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._watched = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._next = time.monotonic() + _PATIENCE
        self._shown = False

    def __enter__(self) -> Progress:
        return self

    def tell(self, done: int, whole: int) -> None:
        """So many of so many are done."""
        if self._watched and time.monotonic() >= self._next:
            self._next = time.monotonic() + _BETWEEN
            self._shown = True
            print(f"\r\x1b[K{self._what}: {done:,} of {whole:,} files", end="", file=sys.stderr, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
