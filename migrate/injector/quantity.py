"""Resource quantities (`250m`, `64Mi`): what Kubernetes accepts, and the canonical text it writes back.

Source: the quantity type of k8s.io/apimachinery v0.36. Knows nothing of containers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from migrate.injector.refusal import RefusalError

_SHAPE = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*)([-+]?)([0-9]*)", re.ASCII)
_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_NAMES = {power: name for name, power in _DECIMAL.items()}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_FACTORS = 18  # digits that surely fit a 64-bit integer
_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount with the text Kubernetes writes for it.

    `amount` is exact, in the unit of the resource (cores, bytes).
    """

    amount: Fraction
    text: str


@dataclass(frozen=True, slots=True)
class _Parts:
    sign: int
    whole: str
    decimals: str
    base: int
    exponent: int
    style: str


@lru_cache(maxsize=256)
def parse(text: str) -> Quantity:
    """Read a quantity. Raises RefusalError with the text of apimachinery."""
    if text == "0":
        return Quantity(Fraction(0), "0")
    parts = _parts(text)
    if _short(parts):
        return _exact(text, parts)
    return _rounded(parts)


def _parts(text: str) -> _Parts:
    found = _SHAPE.fullmatch(text)
    if not text or not found:
        raise RefusalError(_FORMAT)
    sign, whole, decimals, letters, plus, digits = found.groups()
    base, exponent, style = _suffix(letters + plus + digits)
    return _Parts(-1 if sign == "-" else 1, whole.lstrip("0") or "0", decimals or "", base, exponent, style)


def _suffix(suffix: str) -> tuple[int, int, str]:
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix], "decimal"
    if suffix in _BINARY:
        return 2, _BINARY[suffix], "binary"
    if len(suffix) > 1 and suffix[0] in "eE" and re.fullmatch(r"[+-]?[0-9]+", suffix[1:], re.ASCII):
        exponent = int(suffix[1:])
        if -(2**63) <= exponent < 2**63:
            return 10, (exponent + 2**31) % 2**32 - 2**31, "exponent"
    raise RefusalError("unable to parse quantity's suffix")


def _short(parts: _Parts) -> bool:
    """Whether the amount is kept as a scaled 64-bit integer, in which case its own text may be reused."""
    if parts.style == "binary":
        return not parts.decimals and 15 - len(parts.whole) - parts.exponent * 3 // 10 - 1 >= 0
    fits = _FACTORS - len(parts.whole) - len(parts.decimals) >= 0
    return fits and parts.exponent - len(parts.decimals) >= -9


def _exact(text: str, parts: _Parts) -> Quantity:
    shifted = parts.whole + parts.decimals
    value = parts.sign * int(shifted)
    if parts.style == "binary":
        value *= 2**parts.exponent
        kept = int(shifted) & 7 != 0
        return Quantity(Fraction(value), text if kept else _canonical(Fraction(value), "binary"))
    scale = parts.exponent - len(parts.decimals)
    kept = scale % 3 == 0 and not shifted.endswith("000") and shifted[0] != "0"
    return Quantity(_size(value, scale), text if kept else _decimal_text(value, scale, parts.style))


def _size(value: int, scale: int) -> Fraction:
    """Absurd exponents are cut: nobody orders 10^400 cores, and the exact number would fill the memory."""
    return value * Fraction(10) ** max(min(scale, 400), -400)


def _rounded(parts: _Parts) -> Quantity:
    """Larger or finer than an integer holds: rounded up to nano; binary ones are capped at 2^63-1."""
    value = int(parts.whole + parts.decimals) * (2**parts.exponent if parts.base == 2 else 1)
    size = _size(value, (parts.exponent if parts.base == 10 else 0) - len(parts.decimals))
    size = Fraction(-((-size * 10**9) // 1), 10**9)
    style = parts.style
    if style == "binary":
        size = min(size, Fraction(_MAX))
        style = "decimal" if 0 < size < 1 else style
    amount = parts.sign * size
    return Quantity(amount, _canonical(amount, style))


def _canonical(amount: Fraction, style: str) -> str:
    if style == "binary" and (abs(amount) < 1024 or amount.denominator != 1):
        style = "decimal"
    if style == "binary":
        return _binary_text(int(amount))
    return _decimal_text(int(amount * 10**9), -9, style)


def _binary_text(value: int) -> str:
    times = 0
    while value % 1024 == 0:
        value //= 1024
        times += 1
    names = ["", *_BINARY]
    return f"{value}{names[times] if times < len(names) else ''}"


def _decimal_text(value: int, exponent: int, style: str) -> str:
    """The shortest number of thousands: 1500 and -3 give `1500m`, 2000 and 0 give `2k`."""
    if value == 0:
        return "0"
    while value % 10 == 0:
        value //= 10
        exponent += 1
    value *= 10 ** (exponent % 3)
    exponent -= exponent % 3
    if style == "exponent":
        return f"{value}e{exponent}" if exponent else str(value)
    return f"{value}{_NAMES.get(exponent, '')}"
