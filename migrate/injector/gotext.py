"""Text as the Go standard library reads and writes it: the injector's refusals quote these readers word for word.

Knows nothing of pods. Sources: Go's strconv, time and strings packages, and the lenient boolean of parseutil.
Every reader raises RefusalError with Go's own error text.
"""

from __future__ import annotations

import math
import re

from migrate.injector.refusal import RefusalError

_MAX_INT64 = 2**63 - 1
_MAX_UINT64 = 2**64 - 1
_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_ESCAPES = {
    "\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v", "\\": "\\\\", '"': r"\"",
}  # fmt: skip
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"", "0", "f", "F", "FALSE", "false", "False"})
_DECIMAL = re.compile(r"[+-]?(?:[0-9_]+\.?[0-9_]*|\.[0-9_]+)(?:[eE][+-]?[0-9][0-9_]*)?", re.ASCII)
_HEX = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F_]+\.?[0-9a-fA-F_]*|\.[0-9a-fA-F_]+)[pP][+-]?[0-9][0-9_]*", re.ASCII)
_SPECIAL = re.compile(r"[+-]?inf(?:inity)?|nan", re.ASCII | re.IGNORECASE)
_UNITS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_DURATION_PART = re.compile(r"([0-9]*)(?:(\.)([0-9]*))?([^.0-9]*)", re.ASCII | re.DOTALL)


def quote(text: str) -> str:
    """Go's `%q` of valid UTF-8: double quotes, backslash escapes, printable Unicode kept."""
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    known = _ESCAPES.get(char)
    if known is not None:
        return known
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def lower(text: str) -> str:
    """Lower case rune by rune: no rule for final sigma, and one rune stays one rune."""
    return text.lower() if text.isascii() else "".join(_lower_rune(char) for char in text)


def _lower_rune(char: str) -> str:
    return char.lower()[:1] if char == "\u0130" else char.lower() if len(char.lower()) == 1 else char


def is_blank(text: str) -> bool:
    """Whether only white space is there, as Go's unicode tables define it."""
    return not text.strip(_SPACE)


def trim(text: str) -> str:
    """The text without leading and trailing white space."""
    return text.strip(_SPACE)


def as_bool(text: str) -> bool:
    """A boolean annotation; the empty text is false. Raises RefusalError."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise RefusalError(f"cannot parse '' as bool: strconv.ParseBool: parsing {quote(text)}: invalid syntax")


def as_int(text: str) -> int:
    """A signed 64-bit number; the empty text is 0. Raises RefusalError."""
    if text == "":
        return 0
    digits = text[1:] if text[0] in "+-" else text
    fault = _digits_fault(digits)
    if fault == "":
        value = -int(digits) if text[0] == "-" else int(digits)
        if -_MAX_INT64 - 1 <= value <= _MAX_INT64:
            return value
        fault = "value out of range"
    raise RefusalError(f"strconv.ParseInt: parsing {quote(text)}: {fault}")


def as_uint(text: str) -> int:
    """An unsigned 64-bit number; no sign, and the empty text is an error. Raises RefusalError."""
    fault = _digits_fault(text)
    if fault == "":
        return int(text)
    raise RefusalError(f"strconv.ParseUint: parsing {quote(text)}: {fault}")


def _digits_fault(digits: str) -> str:
    """What is wrong with a run of digits, read left to right: overflow can come before a bad character."""
    value = 0
    if digits == "":
        return "invalid syntax"
    for char in digits:
        if not "0" <= char <= "9":
            return "invalid syntax"
        value = value * 10 + int(char)
        if value > _MAX_UINT64:
            return "value out of range"
    return ""


def as_float(text: str) -> float:
    """A 64-bit floating point number, hexadecimal, `inf` and `nan` included. Raises RefusalError."""
    value = _float(text)
    if value is None:
        raise RefusalError(f"strconv.ParseFloat: parsing {quote(text)}: invalid syntax")
    if math.isinf(value) and not _SPECIAL.fullmatch(text):
        raise RefusalError(f"strconv.ParseFloat: parsing {quote(text)}: value out of range")
    return value


def _float(text: str) -> float | None:
    if _SPECIAL.fullmatch(text):
        return float(text)
    if not _underscores_ok(text) or not any(char.isdigit() or char in "abcdefABCDEF" for char in text):
        return None
    plain = text.replace("_", "")
    if _HEX.fullmatch(text):
        try:
            return float.fromhex(plain)
        except OverflowError:
            return math.inf
        except ValueError:
            return None
    return _decimal(text, plain)


def _decimal(text: str, plain: str) -> float | None:
    if not _DECIMAL.fullmatch(text):
        return None
    try:
        return float(plain)
    except ValueError:
        return None


def _underscores_ok(text: str) -> bool:
    """Underscores stand between digits, or after a base prefix."""
    if "_" not in text:
        return True
    body = text.lstrip("+-") if text[:1] in "+-" else text
    prefixed = re.match(r"0[bBoOxX]", body)
    digit = "[0-9a-fA-F]" if prefixed and prefixed[0][1] in "xX" else "[0-9]"
    rest = "0" + body[2:] if prefixed else body
    return all(
        re.fullmatch(digit, rest[at - 1 : at] or "!") and re.fullmatch(digit, rest[at + 1 : at + 2] or "!")
        for at, char in enumerate(rest)
        if char == "_"
    )


def check_duration(text: str) -> None:
    """Accept what time.ParseDuration accepts, as `1h30m`. Raises RefusalError."""
    rest = text[1:] if text[:1] in ("-", "+") else text
    negative = text[:1] == "-"
    if rest == "0":
        return
    if rest == "":
        raise _duration_error("invalid duration", text)
    total = 0
    while rest:
        amount, rest = _duration_part(text, rest)
        total += amount
        if total > 2**63:
            raise _duration_error("invalid duration", text)
    if total > _MAX_INT64 and not negative:
        raise _duration_error("invalid duration", text)


def _duration_part(whole: str, rest: str) -> tuple[int, str]:
    found = _DURATION_PART.match(rest)
    number, _, fraction, unit = found.groups() if found else ("", None, None, "")
    if not (number or fraction) or int(number or "0") > 2**63:
        raise _duration_error("invalid duration", whole)
    if unit == "":
        raise _duration_error("missing unit in duration", whole)
    if unit not in _UNITS:
        raise _duration_error(f"unknown unit {_time_quote(unit)} in duration", whole)
    nanoseconds = int(number or "0") * _UNITS[unit]
    nanoseconds += int(int(fraction or "0") * _UNITS[unit] // 10 ** len(fraction or ""))
    if nanoseconds > 2**63:
        raise _duration_error("invalid duration", whole)
    return nanoseconds, rest[found.end() if found else 0 :]


def _duration_error(what: str, text: str) -> RefusalError:
    return RefusalError(f"time: {what} {_time_quote(text)}")


def _time_quote(text: str) -> str:
    """The time package's own quoting: everything outside printable ASCII as bytes."""
    return '"' + "".join(_time_char(char) for char in text) + '"'


def _time_char(char: str) -> str:
    if char >= "\x80" or char < " ":
        return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "replace"))
    return "\\" + char if char in '"\\' else char


def number(value: float) -> int | float:
    """A float the way it looks after a trip through JSON: whole numbers lose their point."""
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


def atoi(text: str) -> int:
    """An index of a list: signed decimal. Raises RefusalError."""
    digits = text[1:] if text[:1] in ("+", "-") and text else text
    fault = _digits_fault(digits)
    if not fault:
        value = -int(digits) if text[0] == "-" else int(digits)
        if -_MAX_INT64 - 1 <= value <= _MAX_INT64:
            return value
        fault = "value out of range"
    raise RefusalError(f"strconv.Atoi: parsing {quote(text)}: {fault}")
