"""Keeps literals out of what a plan shows: a Git file may hold a password beside the lines that change.

Two nets. Values are collected from the whole file as parsed, by where they stand (password-like keys, Secret
objects), and taken out of the diff wherever they appear, block scalars included. Then lines are matched as text, for
what no parser sees: SQL, URLs, configuration files inside strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.documents.reader import YamlFault, load_all
from migrate.model.json import Json

MASK = "(masked)"

_SHORTEST = 4
"""Shorter pieces are left to the second net: replacing every `a` of a file would hide the diff itself."""

_SECRET_KEY = re.compile(r"(?i)pass(?:word|wd|phrase)?|secret|token|api[_-]?key|private[_-]?key|credential|dsn")
_NAMES_ONLY = re.compile(
    r"(?i)(?:names?|ref|(?:password|token|secret)[_-]?key|file|path|store|type|kind|policy|audience|class|ttl)$"
)
_ASSIGNED = re.compile(r"^(?P<lead>.*?(?P<key>[\w.\-/]+)[\"']?\s*[:=]\s*)(?P<value>[^\s#].*)$")
_IN_SQL = re.compile(r"(?i)(?P<lead>\bpassword\s+)'(?:[^']|'')*'?")
_IN_URL = re.compile(r"(?P<lead>://[^/\s:@]+:)[^@\s]+(?=@)")
_HARMLESS = re.compile(r"""^["']?(?:/|\$|\{\{|true\b|false\b|null\b|~|\{|\[|[|>][-+0-9]*\s*$|["']?$)""")


def literals(data: bytes) -> frozenset[str]:
    """Every piece of text in the file that may be a secret, a line at a time."""
    try:
        documents = load_all(data)
    except YamlFault:
        return frozenset()
    found = (text for document in documents for text in _secret_texts(document.value, hidden=False))
    lines = (line.strip() for text in found for line in text.splitlines())
    return frozenset(line for line in lines if len(line) >= _SHORTEST and not _HARMLESS.match(line))


def _secret_texts(value: Json, *, hidden: bool) -> Iterator[str]:
    match value:
        case dict():
            secret, named = value.get("kind") == "Secret", _secret_key(value.get("name"))
            for key, child in value.items():
                inside = (secret and key in {"data", "stringData"}) or (named and key == "value")
                # `secretKey` is a name beside a `remoteRef`, and half of a cloud's credentials elsewhere.
                inside = inside or (key.lower() in {"secretkey", "secret_key"} and "remoteRef" not in value)
                yield from _secret_texts(child, hidden=hidden or inside or _holds_text(key, child))
        case list():
            for child in value:
                yield from _secret_texts(child, hidden=hidden)
        case str() if hidden:
            yield value
        case int() | float() if hidden and not isinstance(value, bool):
            yield str(value)
        case _:
            return


def _holds_text(key: str, child: Json) -> bool:
    return _secret_key(key) and not isinstance(child, dict | list)


def _secret_key(key: Json) -> bool:
    return isinstance(key, str) and bool(_SECRET_KEY.search(key)) and not _NAMES_ONLY.search(key)


def without_literals(diff: str, known: frozenset[str]) -> tuple[str, int]:
    """The diff with literals masked, and in how many lines. Added lines may repeat what a line held before."""
    answer, count = list[str](), 0
    pieces = sorted(known, key=lambda piece: (-len(piece), piece))
    for number, line in enumerate(diff.split("\n")):
        shown = line if number < 2 else line[:1] + _shown(line[:1], line[1:], pieces)
        count += shown != line
        answer.append(shown)
    return "\n".join(answer), count


def _shown(mark: str, text: str, pieces: list[str]) -> str:
    if mark in {" ", "-"}:
        return _masked(text, pieces)
    for piece in pieces if mark == "+" else ():
        text = text.replace(piece, MASK)
    return text


def _masked(text: str, pieces: list[str]) -> str:
    for piece in pieces:
        text = text.replace(piece, MASK)
    text = _IN_URL.sub(rf"\g<lead>{MASK}", _IN_SQL.sub(rf"\g<lead>{MASK}", text))
    assigned = _ASSIGNED.match(text)
    if assigned and _secret_key(assigned["key"]) and MASK not in text and not _HARMLESS.match(assigned["value"]):
        return assigned["lead"] + MASK
    return text
