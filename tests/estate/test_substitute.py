"""Variables as Flux replaces them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.estate.substitute import Variables

VALUES = {"A": "alpha", "EMPTY": "", "MIXED": "aBc"}

CASES = [
    ("${A}", "alpha"),
    ("x-${A}-y", "x-alpha-y"),
    ("$A", "$A"),
    ("$(A)", "$(A)"),
    ("$${A}", "${A}"),
    ("echo $$ > $$A", "echo $ > $A"),
    ("$$$", "$$"),
    ("$$${A}", "$alpha"),
    ("$$$${A}", "$${A}"),
    ("${MISSING}", ""),
    ("${MISSING:-d}", "d"),
    ("${MISSING:=d}", "d"),
    ("${EMPTY:-d}", "d"),
    ("${EMPTY-d}", ""),
    ("${A:-d}", "alpha"),
    ("${A:+set}", "set"),
    ("${MIXED^^}", "ABC"),
    ("${MIXED,,}", "abc"),
    ("${MIXED^}", "ABc"),
    ("${A/a/o}", "olpha"),
    ("${A//a/o}", "olpho"),
    ("${A:1}", "lpha"),
    ("${A:1:2}", "lp"),
    ("${#A}", "5"),
    ("${A#al}", "pha"),
    ("${A%ha}", "alp"),
    ("${not closed", "${not closed"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_place_becomes_what_flux_makes_of_it(text: str, expected: str) -> None:
    assert Variables(VALUES).apply(text) == expected


def test_without_post_build_nothing_is_replaced() -> None:
    assert Variables(VALUES, active=False).apply("${A}") == "${A}"


def test_where_a_source_cannot_be_read_unknown_names_stay() -> None:
    assert Variables(VALUES, complete=False).apply("${A} ${B} ${B:-b}") == "alpha ${B} b"


def test_a_default_may_hold_a_variable() -> None:
    assert Variables(VALUES).apply("${MISSING:-${A}-secret}") == "alpha-secret"
    assert Variables(VALUES).apply("${MISSING:-$${A}}") == "${A}"


TEXTS = st.lists(
    st.sampled_from(["$", "{", "}", "A", "${A}", "$${", "$(A)", "{{ $x }}", "\n", "\\", "é", "${A:-b"])
).map("".join)


@given(TEXTS)
def test_a_text_that_is_spelled_for_flux_is_the_text_that_arrives(text: str) -> None:
    assert Variables(VALUES).apply(Variables(VALUES).spell(text)) == text
    assert Variables(VALUES).knows(Variables(VALUES).spell(text))
    assert Variables(VALUES, active=False).spell(text) == text


@pytest.mark.parametrize("text", ["$A", "$(A)", "{{ $a := .b }}", "cost: 5$", "$1"])
def test_what_no_rule_reads_as_more_is_written_as_it_is(text: str) -> None:
    assert Variables(VALUES).spell(text) == text


@pytest.mark.parametrize("text", ["${not closed", "${1}", "${B}"])
def test_what_flux_would_refuse_or_only_the_cluster_knows_is_not_known(text: str) -> None:
    assert not Variables(VALUES, complete=False).knows(text)
