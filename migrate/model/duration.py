"""Durations as people and Vault write them (`2h`, `720h`, `90s`) and as Vault reads them back (seconds)."""

from __future__ import annotations

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PART = re.compile(r"([0-9]+)([smhd])")


def seconds(text: str) -> int:
    """`1h30m` is 5400. Raises ValueError where the text is no duration."""
    if not re.fullmatch(r"([0-9]+[smhd])+", text):
        raise ValueError(f"not a duration: {text!r}; write for example 90s, 2h or 30d")
    return sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text))


def spoken(length: int) -> str:
    """The shortest whole form: 7200 is `2h`, 2592000 is `720h`, 90 is `90s`."""
    for unit in ("h", "m"):
        if length and length % _UNITS[unit] == 0:
            return f"{length // _UNITS[unit]}{unit}"
    return f"{length}s"
