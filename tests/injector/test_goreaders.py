"""Go's readers of text, numbers, durations and JSON, with Go's words for what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from migrate.injector import gojson, gotext, quantity
from migrate.injector.refusal import RefusalError


def said(read: Callable[[str], object], text: str) -> str:
    with pytest.raises(RefusalError) as refused:
        read(text)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [("a", '"a"'), ('"\\', r'"\"\\"'), ("\n\x01\x7f", r'"\n\x01\x7f"'), ("é😀", '"é😀"'), ("\u200b", r'"\u200b"')],
)
def test_quoting(text: str, quoted: str) -> None:
    assert gotext.quote(text) == quoted


def test_lower_case_is_one_rune_for_one_rune() -> None:
    assert gotext.lower("AİΣ") == "aiσ"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x", "invalid syntax"),
        ("1_0", "invalid syntax"),
        ("٣", "invalid syntax"),
        ("+", "invalid syntax"),
        ("9223372036854775808", "value out of range"),
        ("99999999999999999999x", "value out of range"),
    ],
)
def test_numbers_that_are_none(text: str, fault: str) -> None:
    assert said(gotext.as_int, text) == f"strconv.ParseInt: parsing {gotext.quote(text)}: {fault}"


def test_numbers() -> None:
    assert [gotext.as_int(text) for text in ("", "+5", "-9223372036854775808")] == [0, 5, -(2**63)]
    assert said(gotext.as_uint, "") == 'strconv.ParseUint: parsing "": invalid syntax'


@pytest.mark.parametrize("text", ["_1", "1e", ".", "", "0x1", "infin", "1__0", "0b1", "+nan", "0x.p1"])
def test_floats_that_are_none(text: str) -> None:
    assert said(gotext.as_float, text).endswith("invalid syntax")


@pytest.mark.parametrize(
    ("text", "value"), [(".5", 0.5), ("0x1p-2", 0.25), ("0x_1p1", 2.0), ("5.", 5.0), ("1_0", 10.0)]
)
def test_floats(text: str, value: float) -> None:
    assert gotext.as_float(text) == value


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("soon", 'invalid duration "soon"'),
        ("5", 'missing unit in duration "5"'),
        ("1d", 'unknown unit "d" in duration "1d"'),
        ("1é", r'unknown unit "\xc3\xa9" in duration "1\xc3\xa9"'),
        ("9999999999h", 'invalid duration "9999999999h"'),
    ],
)
def test_durations_that_are_none(text: str, fault: str) -> None:
    assert said(gotext.check_duration, text) == f"time: {fault}"


@pytest.mark.parametrize("text", ["1h30m", "0", "-5s", ".5s", "1.s", "1µs", "-2562047h47m16.854775808s"])
def test_durations(text: str) -> None:
    gotext.check_duration(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("250m", "250m"), ("1000m", "1"), ("0.5", "500m"), ("1.5Gi", "1536Mi"), ("1024", "1024"), ("2000", "2k"),
        ("1e3", "1e3"), ("100e2", "10e3"), ("0.1m", "100u"), ("0.5n", "1n"), ("8Ki", "8Ki"), ("1024Ki", "1Mi"),
        ("9Ei", "9223372036854775807"), ("0Mi", "0"), ("-0.5", "-500m"), ("1.", "1."), (".5", "500m"), ("-", "0"),
    ],
)  # fmt: skip
def test_quantities(text: str, canonical: str) -> None:
    assert quantity.parse(text).text == canonical


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "unexpected end of JSON input"),
        ("[1,", "unexpected end of JSON input"),
        ("x", "invalid character 'x' looking for beginning of value"),
        ("é", "invalid character 'Ã' looking for beginning of value"),
        ("'", r"invalid character '\'' looking for beginning of value"),
        ("tru", "invalid character ' ' in literal true (expecting 'e')"),
        ("1.", "invalid character ' ' after decimal point in numeric literal"),
        ("-x", "invalid character 'x' in numeric literal"),
        ("1e]", "invalid character ']' in exponent of numeric literal"),
        ('["\\x"]', "invalid character 'x' in string escape code"),
        ('"\\u12g4"', r"invalid character 'g' in \u hexadecimal character escape"),
        ('"a\n"', r"invalid character '\n' in string literal"),
        ("{1", "invalid character '1' looking for beginning of object key string"),
        ('{"a" 1', "invalid character '1' after object key"),
        ('{"a":1]', "invalid character ']' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ("[] []", "invalid character '[' after top-level value"),
    ],
)
def test_json_that_is_none(text: str, fault: str) -> None:
    assert said(gojson.read, text) == fault


def test_json_too_deep_is_refused_not_fatal() -> None:
    assert "exceeded max depth" in said(gojson.read, "[" * 100_000)


def test_json_values() -> None:
    assert gojson.value(gojson.read('{"a": [1, 2.5, "é\\ud800", true, null]}')) == {
        "a": [1, 2.5, "é\ufffd", True, None]
    }
