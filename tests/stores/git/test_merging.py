"""Whether a file holds a change is told from the file, whatever others made of the rest of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.stores.git.merging import Merged, Overlap, Region, contains, gone, merge

BEFORE = b"a\nb\nold\nc\nd\ne\nf\ngone\ng\n"
AFTER = b"a\nb\nnew\nmore\nc\nd\ne\nf\ng\n"


def lines(*words: str) -> bytes:
    return "".join(f"{word}\n" for word in words).encode()


def test_changes_in_other_lines_are_put_together() -> None:
    now = BEFORE.replace(b"\ne\n", b"\nE\n")
    assert merge(now, BEFORE, AFTER) == Merged(AFTER.replace(b"\ne\n", b"\nE\n"))


def test_an_overlap_says_which_lines_on_both_sides() -> None:
    now = BEFORE.replace(b"old\n", b"theirs\nand theirs\n")
    assert merge(now, BEFORE, AFTER) == Overlap((Region(range(3, 5), range(3, 4)),))


def test_binary_files_overlap_as_a_whole() -> None:
    assert isinstance(merge(b"\0a\n", b"\0b\n", b"\0c\n"), Overlap)


def test_what_others_took_away_of_our_lines_does_not_keep_the_rest() -> None:
    base, ours = lines("a", "b"), lines("a", "patroni:", "rule", "rule for all", "b")
    assert merge(lines("x", "a", "patroni:", "rule for all", "b"), ours, base) == Merged(lines("x", "a", "b"))
    assert isinstance(merge(lines("a", "patroni:", "theirs", "rule for all", "b"), ours, base), Overlap)


@pytest.mark.parametrize("now", [None, b"", lines("a", "b"), lines("x", "y", "b"), lines("b", "theirs")])
def test_lines_that_were_only_added_are_gone_where_none_like_them_is_left(now: bytes | None) -> None:
    assert gone(now, lines("a", "b"), lines("a", "hostssl boards cert", "b"))


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (lines("a", "  hostssl boards cert", "c"), lines("a", "hostssl boards cert", "b")),
        (lines("a", "hostssl boards scram", "c"), lines("a", "hostssl boards cert", "b")),
        (lines("a", "c"), lines("a", "hostssl boards cert")),
        (lines("c"), lines("a", "a", "b")),
    ],
    ids=["moved", "rewritten", "something was taken away too", "nothing of their own"],
)
def test_what_may_still_be_there_is_not_called_gone(now: bytes, left: bytes) -> None:
    assert not gone(now, lines("a", "b"), left)


def test_half_a_change_is_not_the_change() -> None:
    assert not contains(lines("a", "b", "new", "more", "c", "d", "e", "f", "gone", "g"), BEFORE, AFTER)
    assert not contains(lines("a", "b", "new", "more", "c", "d", "e", "f", "gone", "g"), AFTER, BEFORE)


@pytest.mark.parametrize(
    "now",
    [
        lines("a", "b", "new", "more", "theirs", "c", "d", "e", "f", "g"),
        lines("a", "theirs", "new", "more", "c", "d", "e", "f", "g"),
        lines("a", "b", "new", "more", "c", "d", "e", "theirs", "g"),
    ],
    ids=["below", "above", "where a line went"],
)
def test_an_edit_beside_the_change_does_not_hide_it(now: bytes) -> None:
    assert contains(now, BEFORE, AFTER)
    assert not contains(now, AFTER, BEFORE)


@pytest.mark.parametrize(
    "now",
    [
        lines("a", "b", "third", "more", "c", "d", "e", "f", "g"),
        lines("a", "b", "more", "theirs", "c", "d", "e", "f", "g"),
        lines("a", "b", "new", "theirs", "more", "c", "d", "e", "f", "gone", "g"),
    ],
    ids=["another value", "a line is gone", "a line is back"],
)
def test_an_edit_of_the_change_is_not_the_change(now: bytes) -> None:
    assert not contains(now, BEFORE, AFTER)


_PLACES = st.lists(st.integers(0, 9), max_size=4)


@given(_PLACES)
def test_any_lines_put_in_anywhere_leave_the_change_what_it_is(places: list[int]) -> None:
    """They may stand between lines of the change too: those lines still stand, in their order."""
    for base, other in ((BEFORE, AFTER), (AFTER, BEFORE)):
        now = other.split(b"\n")[:-1]
        for count, place in enumerate(places):
            now.insert(min(place, len(now)), f"theirs {count}".encode())
        data = b"\n".join(now) + b"\n"
        assert contains(data, base, other)
        assert not contains(data, other, base)
