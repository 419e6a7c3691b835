"""Takes secrets out of what is kept of a session. Our commands print none; what people attach, and faults, might.

By shape (tokens of Vault, forges and clouds, JWTs, private keys, passwords in addresses and beside their names), and
by value: whatever the caller knows to be secret, wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MARK = "[redacted]"
_SHORTEST = 6  # a shorter value is a word that stands everywhere

_WHOLE = re.compile(
    r"\b(?:hv[sbr]\.[A-Za-z0-9_-]{8,}|[sbr]\.[A-Za-z0-9]{24,}"  # Vault
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}|AKIA[0-9A-Z]{16}|sk-[A-Za-z0-9_-]{20,}|AGE-SECRET-KEY-1[0-9A-Z]{20,}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*)"
)
_ADDRESS = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s@]+(?=@)")
_NAMED = re.compile(
    r"""(?ix)(?P<head>["']?[\w.-]*(?:pass(?:word|phrase|wd)?|secret[_-]?(?:id|key)?|token|api[_-]?key|private[_-]?key
    |credential|dsn|pwd)["']?\s*(?:=|:\s)\s*)(?P<quote>["']?)(?P<value>[^\s"',;}\]]{4,})"""
)
_BEARER = re.compile(r"(?i)(?P<head>\b(?:bearer|basic|x-vault-token:?)\s+)[A-Za-z0-9._~+/=-]{8,}")
_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_KEY_END = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")
_NAME_OF_SECRET = re.compile(r"(?i)(pass|secret|token|key|credential|dsn|pwd)")
# Where a value is a name or a reference, it is no secret, and the reader needs it.
_PLAIN = re.compile(r"(?i)(\$\{|\{|\*+|\[|<|https?://|file:|env:|vault:|none|null|true|false|/|\.{1,2}/|~/)")


@dataclass(slots=True)
class Redactor:
    """Goes through text line by line; a private key is followed over its lines."""

    known: tuple[str, ...] = ()
    _inside: bool = field(default=False)

    def line(self, text: str) -> str:
        """The line without secrets."""
        if self._inside or _KEY_BEGIN.search(text):
            self._inside = not _KEY_END.search(text)
            return MARK
        for value in self.known:
            text = text.replace(value, MARK)
        text = _ADDRESS.sub(lambda found: found["head"] + MARK, _WHOLE.sub(MARK, text))
        text = _BEARER.sub(lambda found: found["head"] + MARK, text)
        return _NAMED.sub(_named, text)

    def text(self, text: str) -> str:
        """A whole text without secrets."""
        return "\n".join(self.line(line) for line in text.split("\n"))


def secret_values(environment: Mapping[str, str], more: Iterable[str] = ()) -> tuple[str, ...]:
    """Values that must not be kept: those of variables whose names say so, and `more`. The longest first."""
    named = (value for name, value in environment.items() if _NAME_OF_SECRET.search(name) and not _PLAIN.match(value))
    found = {value.strip() for value in (*named, *more)}
    return tuple(sorted((value for value in found if len(value) >= _SHORTEST), key=lambda value: (-len(value), value)))


def _named(found: re.Match[str]) -> str:
    value = found["value"]
    return found[0] if _PLAIN.match(value) or value == MARK else f"{found['head']}{found['quote']}{MARK}"
