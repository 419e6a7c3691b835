"""JSON as Go reads and writes it: the exact syntax errors, and tokens kept as written.

Tokens keep their text because the injector's JSON patch library compares numbers and strings byte by byte.
Source: Go's encoding/json. Knows nothing of pods.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import TypeAlias

from migrate.injector import gotext
from migrate.injector.refusal import RefusalError
from migrate.model.json import Json

_BLANK = " \t\r\n"
_MAX_DEPTH = 10_000
_WORDS = {"t": "true", "f": "false", "n": "null"}
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_DIGITS = re.compile(r"[0-9]*", re.ASCII)
_ESCAPED = re.compile("[<>&\u2028\u2029]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Token:
    """A string, number, boolean or null, as written."""

    text: str


Tree: TypeAlias = "Token | list[Tree] | dict[str, Tree]"


def read(text: str) -> Tree:
    """Parse one document. Raises RefusalError with Go's syntax error."""
    # Go judges bytes; a character beyond ASCII outside a string is reported by its first byte, hence latin-1.
    source = text.encode("utf-8", "replace").decode("latin-1")
    reader = _Reader(source)
    try:
        tree = reader.value(0)
    except RecursionError:
        raise RefusalError("invalid character '[' exceeded max depth") from None
    at = reader.blank()
    if at < len(source):
        raise _bad(source[at], "after top-level value")
    return tree


def value(tree: Tree) -> Json:
    """The plain value of a tree."""
    match tree:
        case Token(text):
            return _scalar(text)
        case list():
            return [value(item) for item in tree]
        case dict():
            return {key: value(item) for key, item in tree.items()}


def _scalar(text: str) -> Json:
    plain = text.startswith('"') and "\\" not in text
    loaded: Json = text[1:-1] if plain else json.loads(text)
    if isinstance(loaded, str):
        return _LONE_SURROGATE.sub("\ufffd", loaded)
    return loaded


def mended(document: Json) -> Json:
    """The value with half surrogate pairs replaced, as Go does: they are no text and cannot be written."""
    match document:
        case str():
            return _LONE_SURROGATE.sub("\ufffd", document)
        case list():
            return [mended(item) for item in document]
        case dict():
            return {_LONE_SURROGATE.sub("\ufffd", key): mended(item) for key, item in document.items()}
        case _:
            return document


def tree_of(document: Json) -> Tree:
    """The tree of a value as Go would write it: `<`, `>`, `&` and two line separators escaped."""
    match document:
        case dict():
            return {key: tree_of(item) for key, item in document.items()}
        case list():
            return [tree_of(item) for item in document]
        case _:
            return Token(_written(document))


def _written(scalar: Json) -> str:
    return escaped(encode_basestring(scalar)) if isinstance(scalar, str) else json.dumps(scalar)


def escaped(text: str) -> str:
    """JSON text with the characters Go escapes for the sake of HTML; they occur inside strings only."""
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def kind(tree: Tree) -> str:
    """The word Go's type errors use for it."""
    match tree:
        case list():
            return "array"
        case dict():
            return "object"
        case Token(text):
            return {'"': "string", "t": "bool", "f": "bool", "n": "null"}.get(text[0], "number")


def _bad(char: str, where: str) -> RefusalError:
    shown = {"'": r"'\''", '"': "'\"'"}.get(char) or "'" + gotext.quote(char)[1:-1] + "'"
    return RefusalError(f"invalid character {shown} {where}")


class _Reader:
    """One pass over the text. The end reads as one space first: so says Go, and `tru` complains about it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0

    def here(self) -> str:
        if self.at < len(self.source):
            return self.source[self.at]
        return " "

    def need(self) -> None:
        if self.at >= len(self.source):
            raise RefusalError("unexpected end of JSON input")

    def blank(self) -> int:
        while self.at < len(self.source) and self.source[self.at] in _BLANK:
            self.at += 1
        return self.at

    def value(self, depth: int) -> Tree:
        self.blank()
        self.need()
        char = self.here()
        if char in "{[":
            if depth >= _MAX_DEPTH:
                raise _bad(char, "exceeded max depth")
            return self.members(depth + 1) if char == "{" else self.items(depth + 1)
        start = self.at
        self.scalar(char)
        return Token(_utf8(self.source[start : self.at]))

    def scalar(self, char: str) -> None:
        if char == '"':
            self.string()
        elif char == "-" or "0" <= char <= "9":
            self.number()
        elif char in _WORDS:
            self.word(_WORDS[char])
        else:
            raise _bad(char, "looking for beginning of value")

    def items(self, depth: int) -> Tree:
        self.at += 1
        found: list[Tree] = []
        self.blank()
        if self.here() == "]":
            self.at += 1
            return found
        while True:
            found.append(self.value(depth))
            if self.ended("]", "after array element"):
                return found

    def members(self, depth: int) -> Tree:
        self.at += 1
        found: dict[str, Tree] = {}
        self.blank()
        if self.here() == "}":
            self.at += 1
            return found
        while True:
            key = self.key()
            found[key] = self.value(depth)
            if self.ended("}", "after object key:value pair"):
                return found

    def key(self) -> str:
        self.blank()
        self.need()
        if self.here() != '"':
            raise _bad(self.here(), "looking for beginning of object key string")
        start = self.at
        self.string()
        key = str(_scalar(_utf8(self.source[start : self.at])))
        self.blank()
        self.need()
        if self.here() != ":":
            raise _bad(self.here(), "after object key")
        self.at += 1
        return key

    def ended(self, close: str, where: str) -> bool:
        self.blank()
        self.need()
        char = self.here()
        if char not in (",", close):
            raise _bad(char, where)
        self.at += 1
        return char == close

    def string(self) -> None:
        self.at += 1
        while True:
            found = _PLAIN.match(self.source, self.at)
            self.at = found.end() if found else self.at
            self.need()
            char = self.here()
            if char == '"':
                self.at += 1
                return
            if char != "\\":
                raise _bad(char, "in string literal")
            self.escape()

    def escape(self) -> None:
        self.at += 1
        if self.here() == "u":
            for _ in range(4):
                self.at += 1
                if self.here() not in "0123456789abcdefABCDEF":
                    raise _bad(self.here(), "in \\u hexadecimal character escape")
        elif self.here() not in 'bfnrt\\/"':
            raise _bad(self.here(), "in string escape code")
        self.at += 1

    def number(self) -> None:
        if self.here() == "-":
            self.at += 1
            self.digit("in numeric literal")
        if self.here() == "0":
            self.at += 1
        else:
            self.digits()
        if self.here() == ".":
            self.at += 1
            self.digit("after decimal point in numeric literal")
            self.digits()
        if self.here() in "eE":
            self.at += 1
            self.at += self.here() in "+-"
            self.digit("in exponent of numeric literal")
            self.digits()

    def digit(self, where: str) -> None:
        if not "0" <= self.here() <= "9":
            raise _bad(self.here(), where)

    def digits(self) -> None:
        found = _DIGITS.match(self.source, self.at)
        self.at = found.end() if found else self.at

    def word(self, word: str) -> None:
        for char in word:
            if self.here() != char:
                raise _bad(self.here(), f"in literal {word} (expecting '{char}')")
            self.at += 1


def _utf8(source: str) -> str:
    return source.encode("latin-1").decode("utf-8", "replace")
