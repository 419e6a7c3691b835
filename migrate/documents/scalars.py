"""go-yaml's scalar rules: which text is a boolean, a number, nothing, or a string after all.

Kubernetes reads YAML with sigs.k8s.io/yaml, which is go-yaml v2 followed by a conversion to JSON. The rules
here were read from its `resolve` and compared with it case by case (tests/documents/test_reader_table.py).
They are not PyYAML's: there are no sexagesimals, a timestamp stays a string, `0440` is 288, `y` is true.
Pure text to value; this module never sees a file.
"""

from __future__ import annotations

import base64
import re
import struct
from decimal import Decimal
from typing import TypeAlias

Scalar: TypeAlias = "bool | int | float | str | None"


class NotAScalar(ValueError):  # noqa: N818 - the input's fault, not ours
    """The text is not what its tag says, or JSON has no word for it (infinities). Never quotes the text."""


INFINITE = frozenset({".nan", ".NaN", ".NAN"} | {s + w for s in ("", "+", "-") for w in (".inf", ".Inf", ".INF")})

WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}

# Text whose first character is none of these is a string: one set lookup decides most scalars.
NUMBER_STARTS = frozenset("+-0123456789.")

_INT = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
# A leading dot goes to Go's ParseFloat as it stands, where an underscore stands between digits or not at all.
_DOTTED = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?\Z")
_BASES = (16, 2, 8, 10)


def plain(text: str) -> Scalar:
    """What an unquoted scalar without a tag means. NotAScalar for `.inf` and `.nan`: JSON lacks them."""
    if text in WORDS:
        return WORDS[text]
    if text[0] not in NUMBER_STARTS:
        return text
    if text in INFINITE:
        raise NotAScalar("an infinite number or .nan, which JSON cannot hold")
    number = _number(text)
    return text if number is None else number


def _number(text: str) -> int | float | None:
    if text[0] == ".":
        return _finite(text.replace("_", "")) if _DOTTED.match(text) else None
    digits = text.replace("_", "")
    whole = _integer(digits)
    if whole is not None:
        return whole
    return _finite(digits) if _FLOAT.match(digits) else None


def _integer(digits: str) -> int | None:
    found = _INT.match(digits)
    if found is None:
        return None
    sign = found[1]
    base, text = next((b, t) for b, t in zip(_BASES, found.groups()[1:], strict=True) if t is not None)
    value = int(text, base)
    # Go tries int64, then uint64 (which takes no sign); what fits neither may still be a float.
    if sign == "-":
        return -value if value <= 2**63 else None
    return value if value < (2**63 if sign else 2**64) else None


def _finite(digits: str) -> int | float | None:
    """The number as JSON carries it: Go prints whole floats under 1e21 without a point."""
    value = float(digits)
    if value in {float("inf"), float("-inf")}:
        return None
    if value.is_integer() and abs(value) < 1e21:
        return int(Decimal(repr(value)))
    return value


_PREFIX = "tag:yaml.org,2002:"
_TAGS = {_PREFIX + name: name for name in ("str", "bool", "int", "float", "null", "timestamp", "binary")}
_TIMESTAMP = re.compile(
    r"[0-9]{4}-(?:1[0-2]|0?[1-9])-(?:3[01]|[12][0-9]|0?[1-9])"
    r"(?:[Tt][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})"
    r"| [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:[.,][0-9]+)?)?\Z"
)


def tagged(tag: str, text: str) -> Scalar:
    """What a scalar with an explicit tag means, quoted or not. Unknown tags leave a string.

    Raises NotAScalar where the text is not what the tag says.
    """
    name = _TAGS.get(tag, "str")
    if name == "str":
        return text
    if name == "binary":
        return _binary(text)
    if name == "timestamp" and _TIMESTAMP.match(text):
        return text
    value = plain(text)
    kind = _kind(value, text)
    if kind == name:
        return value
    if kind == "int" and name == "float" and isinstance(value, int) and value < 2**63:
        return _finite(str(value))
    raise NotAScalar(f"a value tagged !!{name} is not one")


def _kind(value: Scalar, text: str) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case str():
            return "str"
        case int() if text[0] != "." and _integer(text.replace("_", "")) is not None:
            return "int"
        case _:
            return "float"


def _binary(text: str) -> str:
    stripped = text.replace("\r", "").replace("\n", "")
    try:
        if len(stripped) % 4:
            raise ValueError
        data = base64.b64decode(stripped, validate=True)
    except ValueError:
        raise NotAScalar("a value tagged !!binary is not base64") from None
    # Go's JSON writer puts one replacement character for every byte that is not UTF-8.
    return re.sub("[\udc80-\udcff]", "�", data.decode("utf-8", "surrogateescape"))


def key_text(value: Scalar, text: str) -> str:
    """A mapping key as the string JSON needs, as sigs.k8s.io/yaml has it: `yes` is `true`, `0x10` is `16`.

    `text` is the key as written. Raises NotAScalar for null and for integers above 2**63-1.
    """
    match value:
        case str():
            return value
        case None:
            raise NotAScalar("a key that is null")
        case bool():
            return "true" if value else "false"
        case int() if _kind(value, text) == "int":
            if value >= 2**63:
                raise NotAScalar("a key that is an integer over 64 bits")
            return str(value)
        case _:
            return _go_float32(value)


def _go_float32(value: float) -> str:
    """Go's FormatFloat(value, 'g', -1, 32): the fewest digits that give the same 32-bit number."""
    try:
        packed = struct.pack("<f", value)
    except OverflowError:
        return ".inf" if value > 0 else "-.inf"
    (single,) = struct.unpack("<f", packed)
    forms = (f"{single:.{digits}e}" for digits in range(18))
    mantissa, exponent = next(form for form in forms if _packs_to(form, packed)).split("e")
    if -4 <= int(exponent) < 6:
        return format(Decimal(f"{mantissa}e{exponent}"), "f")
    return f"{mantissa}e{exponent}"


def _packs_to(form: str, packed: bytes) -> bool:
    try:
        return struct.pack("<f", float(form)) == packed
    except OverflowError:
        return False
