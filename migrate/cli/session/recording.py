"""What a command says goes to the screen as it is, and line by line to a file without secrets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO, cast

from migrate.sessions.redaction import Redactor


class _Both:
    """A stream that also writes to the record; everything else is asked of the stream itself."""

    def __init__(self, stream: TextIO, record: _Record) -> None:
        self._stream, self._record = stream, record

    def write(self, text: str) -> int:
        self._record.take(text)
        return self._stream.write(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


class _Record:
    """The file: whole lines only, so that a secret is never cut in two."""

    def __init__(self, path: Path, redactor: Redactor, mode: int) -> None:
        self._file = path.open("x", encoding="utf-8", errors="backslashreplace")
        path.chmod(mode)
        self._redactor, self._rest = redactor, ""

    def take(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._file.write(self._redactor.line(line) + "\n")
        if lines:
            self._file.flush()

    def close(self) -> None:
        if self._rest:
            self._file.write(self._redactor.line(self._rest) + "\n")
        self._file.close()


@contextmanager
def recorded(path: Path, known: tuple[str, ...], mode: int) -> Iterator[None]:
    """Everything printed meanwhile is also in `path`, redacted. Raises OSError."""
    record = _Record(path, Redactor(known), mode)
    out, err = (cast(TextIO, _Both(stream, record)) for stream in (sys.stdout, sys.stderr))
    try:
        with redirect_stdout(out), redirect_stderr(err):
            yield
    finally:
        record.close()
