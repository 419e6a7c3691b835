"""Variables that Flux puts into manifests after the build (`postBuild`), as its envsubst does.

Only `${...}` is a variable; `$${` is a literal `${`. A variable nobody defines becomes empty, unless a source of
variables could not be read (a Secret, a missing ConfigMap): then it stays as written, because guessing would
invent names. A default given in the place itself is taken: it is what its author expects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_PLACE = re.compile(r"\$\{([^{}]*)\}")
_LITERAL = "\0"
_KEPT = "\1"
_EXPRESSION = re.compile(r"^(#?)([A-Za-z_][A-Za-z0-9_]*)(.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Variables:
    """What `postBuild` knows. `complete` is False where a source could not be read."""

    values: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True
    active: bool = True
    """False where there is no `postBuild`: then nothing is replaced at all."""

    def apply(self, text: str) -> str:
        """The text with every variable replaced."""
        if not self.active or "${" not in text:
            return text
        # Innermost first, so that `${A:-${B}}` works; what must stay as it is hides from the next round.
        hidden = text.replace("$${", _LITERAL)
        while (done := _PLACE.sub(self._one, hidden)) != hidden:
            hidden = done
        return hidden.replace(_LITERAL, "${").replace(_KEPT, "${")

    def _one(self, match: re.Match[str]) -> str:
        place = match.group(0).replace("${", _KEPT)
        expression = _EXPRESSION.match(match.group(1))
        if expression is None:
            return place
        length, name, operation = expression.groups()
        value = self.values.get(name)
        if value is None and not self.complete and not _default(operation):
            return place
        return str(len(value or "")) if length else _operate(value, operation)


def _default(operation: str) -> bool:
    return operation[:2] in {":-", ":=", ":+"} or operation[:1] in {"-", "=", "+"}


def _operate(value: str | None, operation: str) -> str:
    if not operation:
        return value or ""
    if _default(operation):
        return _defaulted(value, operation)
    return _transform(value or "", operation)


def _defaulted(value: str | None, operation: str) -> str:
    empty_counts = operation.startswith(":")
    word = operation[2:] if empty_counts else operation[1:]
    present = bool(value) if empty_counts else value is not None
    if operation.lstrip(":").startswith("+"):
        return word if present else ""
    return value or "" if present else word


def _transform(value: str, operation: str) -> str:
    match operation:
        case "^^":
            return value.upper()
        case ",,":
            return value.lower()
        case "^":
            return value[:1].upper() + value[1:]
        case ",":
            return value[:1].lower() + value[1:]
    if operation.startswith("/"):
        return _replace(value, operation)
    if operation.startswith(":"):
        return _slice(value, operation[1:])
    if operation[:1] in {"#", "%"}:
        return _trim(value, operation)
    return value


def _replace(value: str, operation: str) -> str:
    everywhere = operation.startswith("//")
    old, _, new = operation[2 if everywhere else 1 :].partition("/")
    return value.replace(old, new) if everywhere else value.replace(old, new, 1)


def _slice(value: str, operation: str) -> str:
    start, _, length = operation.partition(":")
    try:
        begin = int(start)
        return value[begin : begin + int(length)] if length else value[begin:]
    except ValueError:
        return value


def _trim(value: str, operation: str) -> str:
    pattern = operation.lstrip("#%").strip("*")
    if not pattern:
        return value
    return value.removeprefix(pattern) if operation[0] == "#" else value.removesuffix(pattern)
