"""Variables that Flux puts into manifests after the build (`postBuild`), as its envsubst does.

Only `${...}` is a variable; of every two `$` one is left, wherever they stand (`$$` in a shell, not only `$${`). A
variable nobody defines becomes empty, unless a source of variables could not be read (a Secret, a missing ConfigMap):
then it stays as written, because guessing would invent names. A default given in the place itself is taken: it is what
its author expects. Checked against https://pkg.go.dev/github.com/fluxcd/pkg/envsubst 1.5.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_PLACE = re.compile(r"\$\{([^{}]*)\}")
_PAIR = re.compile(r"\$\$\{?")
_READ_AS_MORE = re.compile(r"\$\$+|\$(?=\{)")
_LITERAL = {"$${": "\0", "$$": "\1"}
_KEPT = "\2"
_EXPRESSION = re.compile(r"^(#?)([A-Za-z_][A-Za-z0-9_]*)(.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Variables:
    """What `postBuild` knows. `complete` is False where a source could not be read."""

    values: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True
    active: bool = True
    """False where nothing is replaced at all: no `postBuild`, or no variable in it."""
    certain: bool = True
    """False where only the cluster knows whether there is any variable, and so whether anything is replaced."""

    def apply(self, text: str) -> str:
        """The text with every variable replaced."""
        return self._hidden(text).replace("\0", "${").replace("\1", "$").replace(_KEPT, "${")

    def knows(self, text: str) -> bool:
        """Whether all that becomes of the text is known, and nothing in it is what Flux refuses to read."""
        left = self._hidden(text)
        return not self.active or (_KEPT not in left and "${" not in left)

    def spell(self, text: str) -> str:
        """The text as it has to be written so that `apply` makes it of what is written.

        Nothing but what would be read as more is doubled: `$NAME`, `$(NAME)` and a lone `$` stay as they are.
        """
        return _READ_AS_MORE.sub(lambda found: found[0] * 2, text) if self.active else text

    def _hidden(self, text: str) -> str:
        """The text with every variable replaced that is known, and signs for what must stay as it is."""
        if not self.active or not ("${" in text or "$$" in text):
            return text
        # Innermost first, so that `${A:-${B}}` works; what must stay as it is hides from the next round.
        hidden = _PAIR.sub(lambda found: _LITERAL[found[0]], text)
        while (done := _PLACE.sub(self._one, hidden)) != hidden:
            hidden = done
        return hidden

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


AS_WRITTEN = Variables(active=False)
"""Where Flux replaces nothing."""


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
