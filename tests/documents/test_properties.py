"""What holds for every file and every edit, tried on generated texts."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Iterator

import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from migrate.documents.apply import apply_edits
from migrate.documents.diff import unified
from migrate.documents.edits import (
    AddKey,
    AppendItem,
    CannotEdit,
    Edit,
    InsertItem,
    RemoveItem,
    RemoveKey,
    SetScalar,
    change,
    same,
)
from migrate.documents.files import create_file
from migrate.documents.nodes import decode
from migrate.documents.patches import patch
from migrate.documents.reader import YamlFault, load_all
from migrate.documents.render import string
from migrate.model.json import Json, Pointer
from tests.documents.texts import KEYS, ROOTS, SCALARS, VALUES, Text, texts

_PUNCTUATION = ["{", "}", "[", "]", ", ", "&x ", "*x", "<<: ", "? ", "|\n", ">-\n", "\t", "'", '"', "#"]
_BREAKS = ["\n", "\n  ", "\r", "\u0085", "\ufeff", "\0", "---\n", "...\n", "%YAML 1.1\n"]
_CONTENT = ["a", "b: ", "- ", "!!str ", "!!binary ", "! ", "yes", "0o7", "é", "\\u"]
FRAGMENTS = st.lists(st.sampled_from([*_PUNCTUATION, *_BREAKS, *_CONTENT]), max_size=25).map("".join)


def places(value: Json, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Json]]:
    """Every pointer into a value, with what stands there."""
    yield pointer, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for token, child in children:
        yield from places(child, (*pointer, token))


@st.composite
def edits(draw: st.DrawFn, value: Json, *, adding: bool = False) -> Edit:
    """An edit that has something to act on in this value."""
    pointer, there = draw(st.sampled_from(list(places(value))))
    if isinstance(there, dict):
        key = draw(KEYS.filter(lambda key: key not in there))
        below = draw(st.sampled_from([(), ("missing",), ("missing", "deep")]))
        return AddKey((*pointer, *below), key, draw(VALUES))
    if isinstance(there, list) and there and not adding and draw(st.booleans()):
        item = draw(st.sampled_from(there))
        assume(sum(same(item, other) for other in there) == 1)
        return RemoveItem(pointer, item)
    if isinstance(there, list) and there and draw(st.booleans()):
        item = draw(st.sampled_from(there))
        assume(sum(same(item, other) for other in there) == 1)
        return InsertItem(pointer, item, draw(VALUES))
    if isinstance(there, list):
        return AppendItem(pointer, draw(VALUES))
    if not adding and pointer and isinstance(pointer[-1], str) and draw(st.booleans()):
        return RemoveKey(pointer)
    return SetScalar(pointer, draw(SCALARS))


def edited_values(data: bytes, index: int, edit: Edit) -> list[Json]:
    """The values a stream should have after an edit; a document that is null now is one that is not there."""
    values = [change(found.value, edit) if found.index == index else found.value for found in load_all(data)]
    return [value for value in values if value is not None]


def lines_gone(before: str, after: str) -> int:
    """How many lines of the one do not stand in the other, by the smallest difference found."""
    matcher = difflib.SequenceMatcher(None, before.split("\n"), after.split("\n"), autojunk=False)
    return sum(end - start for tag, start, end, _, _ in matcher.get_opcodes() if tag in {"replace", "delete"})


def notes(data: bytes) -> list[str]:
    """The numbered comments of a generated text."""
    return re.findall(r"# note \d+ [^\r\n]*", decode(data).text)


@given(st.data(), texts(anchors=True))
@settings(max_examples=150, deadline=None)
def test_an_edit_means_exactly_the_change_or_is_refused(data: st.DataObject, text: Text) -> None:
    found = data.draw(st.sampled_from(load_all(text.data)))
    edit = data.draw(edits(found.value))
    try:
        result = apply_edits(text.data, found.index, [edit])
    except CannotEdit:
        return

    assert same([document.value for document in load_all(result)], edited_values(text.data, found.index, edit))


@given(st.data(), texts(final=True))
@settings(max_examples=150, deadline=None)
def test_adding_and_setting_touch_one_place_and_lose_no_comment(data: st.DataObject, text: Text) -> None:
    found = data.draw(st.sampled_from(load_all(text.data)))
    edit = data.draw(edits(found.value, adding=True))

    result = apply_edits(text.data, found.index, [edit])

    before, after = decode(text.data).text, decode(result).text
    assert sorted(notes(result)) == sorted(notes(text.data))
    value = dict(places(found.value)).get(edit.pointer) if isinstance(edit, SetScalar) else None
    written = value.count("\n") + 2 if isinstance(value, str) else 1
    assert lines_gone(before, after) <= written
    assert ("\r\n" in before) == ("\r\n" in after) or before.count("\n") == 0
    assert after.endswith("\n")


@given(st.data(), texts(final=False))
@settings(max_examples=100, deadline=None)
def test_a_missing_final_newline_stays_missing(data: st.DataObject, text: Text) -> None:
    found = data.draw(st.sampled_from(load_all(text.data)))
    edit = data.draw(edits(found.value, adding=True))
    try:
        result = apply_edits(text.data, found.index, [edit])
    except CannotEdit:
        return

    assert not decode(result).text.endswith("\n")


@given(texts(anchors=True, final=True))
@settings(max_examples=150, deadline=None)
def test_generated_texts_read_as_what_they_were_made_from(text: Text) -> None:
    assert same([document.value for document in load_all(text.data)], list(text.documents))


@given(st.one_of(st.binary(max_size=60), FRAGMENTS.map(lambda text: text.encode("utf-8", "surrogatepass"))))
@example(b"\xff\xfe\x00\xd8")
@example(b"&a [*a]")
@example(b"? [" * 100)
@settings(max_examples=500, deadline=None)
def test_no_bytes_lead_to_anything_but_documents_or_a_fault(data: bytes) -> None:
    try:
        found = load_all(data)
    except YamlFault:
        return

    assert all(document.line >= 1 and document.value is not None for document in found)


@given(st.one_of(FRAGMENTS, st.text(max_size=20)), st.data())
@settings(max_examples=150, deadline=None)
def test_editing_any_readable_text_is_exact_or_refused(text: str, data: st.DataObject) -> None:
    source = text.encode("utf-8")
    try:
        documents = load_all(source)
    except YamlFault:
        documents = []
    assume(documents)
    found = data.draw(st.sampled_from(documents))
    edit = data.draw(edits(found.value))
    try:
        result = apply_edits(source, found.index, [edit])
    except CannotEdit:
        return
    assert same([document.value for document in load_all(result)], edited_values(source, found.index, edit))


@given(st.one_of(st.text(max_size=30), st.from_regex(r"[-+.0-9a-fxobeE_:TtZ ]{1,12}", fullmatch=True)), st.booleans())
@settings(max_examples=500, deadline=None)
def test_a_written_string_is_a_string_for_every_reader(text: str, flow: bool) -> None:
    source = f"[{string(text, flow=True)}]\n" if flow else f"- {string(text)}\n"

    (found,) = load_all(source.encode())
    assert found.value == [text]
    assert yaml.safe_load(source) == [text]
    assert YAML(typ="safe", pure=True).load(source) == [text]


@given(st.lists(ROOTS, min_size=1, max_size=3))
@settings(max_examples=100, deadline=None)
def test_a_new_file_reads_as_what_it_was_made_of(objects: list[Json]) -> None:
    data = create_file(objects)

    assert same([document.value for document in load_all(data)], objects)
    assert same([same_type(value) for value in YAML(typ="safe", pure=True).load_all(io.BytesIO(data))], objects)


def same_type(value: object) -> Json:
    """What ruamel loads, as plain JSON."""
    if isinstance(value, dict):
        return {key: same_type(child) for key, child in value.items()}
    if isinstance(value, list):
        return [same_type(child) for child in value]
    assert value is None or isinstance(value, str | bool | int | float)
    return value


@given(VALUES, VALUES)
@settings(max_examples=200, deadline=None)
def test_patches_lead_there_and_back(before: Json, after: Json) -> None:
    forward, inverse = patch(before, after)

    assert bool(forward) == bool(inverse) == (not same(before, after))
    for made in (forward, inverse):
        kinds = [operation["op"] == "test" for operation in made]
        assert kinds == sorted(kinds, reverse=True)


@given(texts(), texts())
@settings(max_examples=100, deadline=None)
def test_a_unified_diff_carries_both_sides(before: Text, after: Text) -> None:
    lines = unified(before.data, after.data, "a.yaml").split("\n")

    if decode(before.data).codec == decode(after.data).codec == "utf-8":
        assert {line[1:] for line in lines if line.startswith("+") and not line.startswith("+++")} <= set(
            after.data.decode().split("\n")
        )
