"""Facts written as a line are the same facts when read."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as some

from migrate.estate.extract import extract
from migrate.estate.factline import Decoder, encode
from migrate.estate.facts import Container, Facts, Failed, Fetched, FileFacts, Injection, Skipped, Use

words = some.text(max_size=8) | some.text(string.ascii_letters + "\udcff\n\t\u2028", max_size=8)
json = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | words,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
pairs = some.lists(some.tuples(words, words), max_size=2).map(tuple)
uses = some.builds(
    Use, words, words, words, words, words, some.lists(words, max_size=2).map(tuple), words, some.booleans(), words
)
containers = some.builds(Container, words, words, some.booleans(), some.booleans())
several = some.lists(words, max_size=2).map(tuple)
injections = some.builds(
    Injection,
    words,
    words,
    several,
    some.lists(some.builds(Fetched, words, several), max_size=2).map(tuple),
    several,
    words,
)


@some.composite
def file_facts(draw: some.DrawFn) -> FileFacts:
    path = draw(words)
    facts = some.builds(
        Facts, some.just(path), some.integers(0, 9), some.integers(0, 9), words, words, words, words, pairs, pairs,
        some.lists(uses, max_size=2).map(tuple), some.lists(containers, max_size=2).map(tuple), words,
        some.booleans(), json, some.booleans(), some.lists(injections, max_size=2).map(tuple),
    )  # fmt: skip
    skipped = some.none() | some.builds(Skipped, words, words)
    failed = some.none() | some.builds(Failed, words, some.integers(0, 9), words)
    objects = some.lists(facts, max_size=2).map(tuple)
    return FileFacts(path, draw(some.booleans()), draw(objects), draw(skipped), draw(failed))


@given(some.lists(file_facts(), max_size=4))
def test_a_line_gives_back_what_was_written(files: list[FileFacts]) -> None:
    decoder = Decoder()
    for facts in files:
        line = encode(facts)
        assert line.isascii()
        assert "\n" not in line
        assert decoder.decode(line, facts.file) == facts


@given(some.text() | json.map(repr) | some.sampled_from(["[1]", "[" * 9999, '["a",true,[[1]],null,null]', "null"]))
def test_anything_else_is_no_line(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  a promise about the class of the error, not its words
        Decoder().decode(text, "a")


def test_a_line_about_another_file_is_refused() -> None:
    with pytest.raises(ValueError, match="another file"):
        Decoder().decode(encode(FileFacts("b", True, ())), "a")


def test_facts_too_deep_for_json_become_a_failure() -> None:
    deep: object = None
    for _ in range(100_000):
        deep = [deep]
    facts = extract("a.yaml", b"apiVersion: v1\nkind: Pod\n").objects[0]._replace(spec=deep)  # type: ignore[arg-type]
    found = Decoder().decode(encode(FileFacts("a.yaml", True, (facts,))), "a.yaml")
    assert found.failed is not None
    assert "deeply" in found.failed.message
