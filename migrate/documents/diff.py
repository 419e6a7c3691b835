"""Unified diffs of two versions of a file, as `git apply` and people read them."""

from __future__ import annotations

import difflib

from migrate.documents.nodes import decode


def unified(before: bytes, after: bytes, path: str, context: int = 3) -> str:
    """The unified diff of a file, with so many lines of context; empty when nothing differs.

    Empty bytes on one side mean a file that is not there (`/dev/null`). CR LF stays as it is in the lines, a
    missing final line break is marked. Bytes that are not text give the one line that `diff` prints for them.
    """
    if before == after:
        return ""
    old = f"a/{path}" if before else "/dev/null"
    new = f"b/{path}" if after else "/dev/null"
    try:
        lines = _lines(before), _lines(after)
    except UnicodeDecodeError:
        return f"Binary files {old} and {new} differ\n"
    return "".join(_marked(line) for line in difflib.unified_diff(*lines, old, new, n=context))


def _lines(data: bytes) -> list[str]:
    # Only a line feed ends a line for diff and patch; a byte order mark is part of the first line.
    source = decode(data)
    mark = "\ufeff" if source.mark else ""
    parts = (mark + source.text).split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _marked(line: str) -> str:
    return line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"
