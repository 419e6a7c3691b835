"""Changes in neighbouring lines are put together only where the result means both, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.documents.edits import same
from migrate.documents.neighbours import merge_neighbours
from migrate.documents.reader import load_all
from migrate.model.json import mapping

BEFORE = """\
kind: Release
values:
  login:
    user: old
  tail: 1
list:
  - one
  - two
"""

AFTER = """\
kind: Release
values:
  login:
    user: new
    file: /x
  tail: 1
list:
  - one
"""


def merged(now: str, base: str = AFTER, other: str = BEFORE) -> str | None:
    answer = merge_neighbours(now.encode(), base.encode(), other.encode())
    return None if answer is None else answer.decode()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("    file: /x\n", "    file: /x\n    host: db\n"),
        ("    user: new\n", "    # why\n    user: new\n"),
        ("  tail: 1\n", "  tail: 2\n"),
        ("  - one\n", "  - one\n  - three\n"),
        ("  - one\n", "  - one\n# the end\n"),
        ("  - one\n", "  - uno\n"),
    ],
    ids=["a key below", "a comment above", "the next line", "an item", "a comment at the end", "the item before"],
)
def test_an_edit_beside_ours_is_kept_when_ours_goes(ours: str, theirs: str) -> None:
    assert ours in AFTER
    result = merged(AFTER.replace(ours, theirs))
    assert result is not None
    fresh = [line for line in theirs.splitlines() if line not in AFTER.splitlines()]
    assert [line for line in result.splitlines() if line not in BEFORE.splitlines()] == fresh
    assert "user: old" in result
    assert "  - two\n" in result


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("    user: new\n", "    user: third\n"),
        ("    file: /x\n", "    file: /y\n"),
        ("    user: new\n    file: /x\n", "    user: new\n    between: 1\n    file: /x\n"),
    ],
    ids=["our value", "our key", "between our lines"],
)
def test_an_edit_of_ours_is_for_people(ours: str, theirs: str) -> None:
    assert merged(AFTER.replace(ours, theirs)) is None


@pytest.mark.parametrize(
    ("now", "base", "other"),
    [
        ("a: 1\nours:\n  - ours\n  - theirs\nz: 1\n", "a: 1\nours:\n  - ours\nz: 1\n", "a: 1\nz: 1\n"),
        # By its text alone their key would become a child of another one.
        ("a:\n  b: 1\nours:\n  theirs: 1\nz: 1\n", "a:\n  b: 1\nours:\nz: 1\n", "a:\n  b: 1\nz: 1\n"),
    ],
    ids=["an item", "a key"],
)
def test_a_line_that_hangs_on_ours_is_for_people(now: str, base: str, other: str) -> None:
    assert merged(now, base, other) is None


def test_what_is_no_yaml_is_for_people() -> None:
    assert merged("a: [\nb\nc\n", "a: [\nb\n", "a: [\n") is None


_KEYS = st.sampled_from(["a", "b", "c", "d"])
_DEEP = st.dictionaries(_KEYS, st.integers(0, 2), min_size=1)
_MAPS = st.dictionaries(_KEYS, st.integers(0, 2) | _DEEP, min_size=1)


def _text(value: dict[str, int | dict[str, int]]) -> bytes:
    lines = list[str]()
    for key, one in value.items():
        lines.append(f"{key}:" + ("" if isinstance(one, dict) else f" {one}"))
        lines += [f"  {inner}: {deep}" for inner, deep in one.items()] if isinstance(one, dict) else []
    return "\n".join([*lines, "end: 0", ""]).encode()


@given(st.tuples(_MAPS, _MAPS, _MAPS))
def test_any_result_means_both_changes(three: tuple[dict[str, int | dict[str, int]], ...]) -> None:
    texts = [_text(value) for value in three]
    result = merge_neighbours(texts[0], texts[1], texts[2])
    if result is None:
        return
    found, now, base, other = (mapping(load_all(data)[0].value) for data in (result, *texts))
    for key in {*now, *base, *other}:
        if same(now.get(key), base.get(key)):
            assert same(found.get(key), other.get(key))
        elif same(other.get(key), base.get(key)):
            assert same(found.get(key), now.get(key))
