"""JSON values as YAML text that every reader takes for the same value, in block and in flow style.

A string stands without quotes only where YAML 1.1, YAML 1.2 and both go-yaml majors read it as a string: the
files are read by kubectl, kustomize, Helm and editors, and each has its own idea of `0o17`, `12:30` or `y`.
Text only: where it goes in a file is splice.py's business.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from migrate.model.json import Json

_PLAIN = re.compile(r"[A-Za-z0-9_/.+-][A-Za-z0-9_./@:+=-]*(?: [A-Za-z0-9_./@:+=()-]+)*\Z")
_PLAIN_FLOW = re.compile(r"[A-Za-z0-9_/.+-][A-Za-z0-9_./@+=-]*\Z")
# Numbers in any base, versions, times, dates, sexagesimals: whatever some reader may take for one of them.
_NUMERIC = re.compile(r"[-+._]*[0-9][0-9a-fA-FxXoO_.:+-]*(?:[tT ][0-9:.zZ+ -]*)?\Z|[-+._]*\Z")
_WORDS = frozenset(
    "y n yes no on off true false null none ~ = << .nan .inf +.inf -.inf nan inf".split()  # noqa: SIM905
)
# JSON's escapes are YAML's; these it leaves alone, but YAML takes them for line breaks or forbids them.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_NOT_LITERAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Style:
    """How nested things are laid out: columns per mapping level, and of a list under its key (0: level).

    Without `blocks`, multi-line strings are quoted: a literal block cannot end a file that has no final newline.
    """

    step: int = 2
    list_offset: int = 2
    blocks: bool = True


def quoting_needed(text: str) -> bool:
    """Whether some YAML reader would take the bare text for something other than this string."""
    return (
        not _PLAIN.match(text)
        or text.endswith(":")
        or ": " in text
        or text.lower() in _WORDS
        or _NUMERIC.match(text) is not None
        or text.startswith(("- ", "---", "..."))
    )


def double_quoted(text: str) -> str:
    """A string in double quotes, with escapes that JSON and YAML share."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def single_quoted(text: str) -> str | None:
    """A string in single quotes, or None where they cannot hold it (line breaks, control characters)."""
    if _NOT_LITERAL.search(text) or "\n" in text or "\t" in text:
        return None
    return "'" + text.replace("'", "''") + "'"


def string(text: str, *, flow: bool = False) -> str:
    """A string on one line: bare where every reader agrees, else in the quotes that need no escapes."""
    if not quoting_needed(text) and (not flow or _PLAIN_FLOW.match(text)):
        return text
    single = single_quoted(text) if '"' in text or "\\" in text else None
    return double_quoted(text) if single is None else single


def scalar(value: str | bool | int | float | None, *, flow: bool = False) -> str:
    """Any scalar on one line. Numbers as JSON writes them."""
    return string(value, flow=flow) if isinstance(value, str) else json.dumps(value)


def inline(value: Json, *, as_json: bool = False) -> str:
    """Any value in flow style on one line; `as_json` where the file around it is JSON."""
    if as_json:
        return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
    match value:
        case dict():
            return "{" + ", ".join(f"{string(k, flow=True)}: {inline(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(inline(item) for item in value) + "]"
        case _:
            return scalar(value, flow=True)


def literal(text: str) -> tuple[str, list[str]] | None:
    """A multi-line string as a literal block: its header (`|` or `|-`) and its lines, without indentation.

    None where a literal block would not hold the text whatever follows it: characters it cannot carry, leading
    blanks (the indentation would be guessed from them), blank lines at the end, a single line.
    """
    body = text.removesuffix("\n")
    if "\n" not in body or body.startswith((" ", "\n", "\t")) or body.endswith(("\n", " ", "\t")):
        return None
    if _NOT_LITERAL.search(text):
        return None
    return ("|" if body != text else "|-"), body.split("\n")


def pair_lines(key: str, value: Json, style: Style) -> list[str]:
    """A key with its value as lines of block style, to be indented by whoever places them."""
    head = string(key) + ":"
    match value:
        case dict() if value:
            return [head, *_indented(mapping_lines(value, style), style.step)]
        case list() if value:
            return [head, *_indented(item_lines(value, style), style.list_offset)]
        case str() if style.blocks and (block := literal(value)) is not None:
            return [f"{head} {block[0]}", *_indented(block[1], style.step)]
        case _:
            return [f"{head} {_one_line(value)}"]


def mapping_lines(value: dict[str, Json], style: Style) -> list[str]:
    """A mapping's pairs as lines of block style."""
    return [line for key, child in value.items() for line in pair_lines(key, child, style)]


def item_lines(items: list[Json], style: Style, gap: int = 1) -> list[str]:
    """List items as lines of block style; `gap` is the number of spaces after each dash."""
    return [line for item in items for line in _item(item, style, gap)]


def _item(item: Json, style: Style, gap: int) -> list[str]:
    match item:
        case dict() if item:
            lines = mapping_lines(item, style)
        case list() if item:
            lines = item_lines(item, style)
        case str() if style.blocks and (block := literal(item)) is not None:
            lines = [block[0], *block[1]]
        case _:
            lines = [_one_line(item)]
    return ["-" + " " * gap + lines[0], *_indented(lines[1:], gap + 1)]


def _one_line(value: Json) -> str:
    return inline(value) if isinstance(value, dict | list) else scalar(value)


def _indented(lines: list[str], width: int) -> list[str]:
    return [" " * width + line if line else line for line in lines]
