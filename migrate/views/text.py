"""Text for terminals and pipes: safe to print, wrapped without losing a letter, coloured only where wanted.

Plain strings rather than rich: a table of 2,500 secrets costs rich a second, this some milliseconds.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# Control characters, lone surrogates (bytes of names that are no UTF-8) and characters that reorder text:
# a name in a tree must not be able to move the cursor or pose as another name.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "magenta": "35"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a screen. `style` is words of `_CODES`; the text says everything the colour says."""

    text: str = ""
    style: str = ""


def safe(text: str) -> str:
    """The text with every character that could act rather than be read written out."""
    return _UNSAFE.sub(lambda match: _escaped(ord(match.group())), text)


def safe_lines(text: str) -> str:
    """The same for a text that has lines of its own."""
    return "\n".join(map(safe, text.split("\n")))


def _escaped(code: int) -> str:
    # 0xDC80..0xDCFF stand for the single bytes 0x80..0xFF of a name that is no UTF-8.
    byte = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code
    return f"\\x{byte:02x}" if byte < 0x100 else f"\\u{byte:04x}"


# Commands that need to be told again which estate and which world they mean.
_COMMAND = re.compile(r"\bmigrate (resume|rollback|status|verify|log|hold clear|recover|export-rollback)\b")


def typed(text: str, options: str) -> str:
    """The text with every command in it as it must be typed here: `options` say where, and may be empty."""
    return _COMMAND.sub(lambda match: match.group() + options, text)


def screen_width() -> int | None:
    """Columns of the terminal; None where nobody watches, so that nothing is wrapped."""
    return max(40, shutil.get_terminal_size().columns) if sys.stdout.isatty() else None


def coloured() -> bool:
    """Whether stdout takes colour: NO_COLOR, FORCE_COLOR, TERM=dumb, a terminal, in this order."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return os.environ.get("TERM") != "dumb" and sys.stdout.isatty()


def rendered(lines: Iterable[Line], *, colour: bool) -> str:
    """The lines as one text."""
    return "\n".join(_painted(line) if colour and line.style else line.text for line in lines)


def _painted(line: Line) -> str:
    codes = ";".join(_CODES[word] for word in line.style.split())
    return f"\x1b[{codes}m{line.text}\x1b[0m"


def wrapped(text: str, width: int | None, indent: str = "") -> list[str]:
    """The text in lines of at most `width`; words that are longer are broken, never cut short."""
    if width is None:
        return [indent + text]
    room = max(width - len(indent), 12)
    lines: list[str] = []
    for word in text.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += " " + word
        else:
            lines.extend(word[at : at + room] for at in range(0, max(len(word), 1), room))
    return [indent + line for line in lines]


def fitted(lines: Iterable[Line], width: int | None) -> Iterator[Line]:
    """The lines broken between words, what goes over hanging below. `next:` stays whole: somebody will copy it."""
    for line in lines:
        text = line.text.lstrip(" ")
        if width is None or len(line.text) <= width or text.startswith("next:"):
            yield line
            continue
        indent = line.text[: len(line.text) - len(text)]
        first, *rest = wrapped(text, width - 2, indent)
        yield Line(first, line.style)
        yield from (Line(f"  {row}", line.style) for row in rest)


def table(rows: Sequence[Sequence[str]], width: int | None, indent: str = "  ") -> Iterator[str]:
    """Rows under each other in columns; below each other, indented, where the columns would be too narrow."""
    if not rows:
        return
    widest = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    fixed = sum(widest[:-1]) + 2 * (len(widest) - 1) + len(indent)
    if width is not None and width - fixed < min(40, widest[-1]):
        for row in rows:
            yield from wrapped(row[0], width, indent)
            for cell in filter(None, row[1:]):
                yield from wrapped(cell, width, indent + "    ")
        return
    for row in rows:
        head = (
            indent
            + "".join(cell.ljust(size + 2) for cell, size in zip(row, widest, strict=False))[: fixed - len(indent)]
        )
        first, *rest = wrapped(row[-1], None if width is None else width - fixed)
        yield (head + first).rstrip()
        yield from (" " * fixed + line for line in rest)
