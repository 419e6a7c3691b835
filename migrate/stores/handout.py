"""Files that people asked for (`-o`): whole or not at all, so that a full disk never costs them the one they had."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from migrate.model.errors import Failed


@contextmanager
def handed_out(path: Path, errors: str = "backslashreplace") -> Iterator[TextIO]:
    """A stream to write to; once it is left without an error the file holds that and nothing else.

    A link is followed, a device or pipe is written as it is. Raises Failed where it cannot be written: what stood
    there stands there still.
    """
    try:
        with _stream(path, errors) as stream:
            yield stream
    except OSError as error:
        raise Failed(
            f"{path}: {error.strerror or type(error).__name__}",
            undone="nothing was written; a file that was there is as it was",
            following="name a place that can be written to",
        ) from error


@contextmanager
def _stream(path: Path, errors: str) -> Iterator[TextIO]:
    real = path.resolve()
    if real.exists() and not real.is_file():
        with real.open("w", encoding="utf-8", errors=errors, newline="\n") as stream:
            yield stream
        return
    real.parent.mkdir(parents=True, exist_ok=True)
    draft = real.with_name(f".{real.name}.{os.getpid()}")
    try:
        with draft.open("x", encoding="utf-8", errors=errors, newline="\n") as stream:
            if real.exists():
                draft.chmod(real.stat().st_mode & 0o777)
            yield stream
        draft.replace(real)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
