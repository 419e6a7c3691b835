"""Two changes of one YAML file put together where they are neighbours, which `git merge` leaves to people.

Lines say how, and meaning says whether: a line that somebody put below ours may hang on ours, as an item on its list's
key. So the result is read, and must mean both changes and nothing else; else there is none.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from migrate.documents.edits import same
from migrate.documents.reader import YamlFault, load_all
from migrate.model.json import Json, canonical


def merge_neighbours(now: bytes, base: bytes, other: bytes) -> bytes | None:
    """`now` with the change from `base` to `other`; None where lines overlap or the result would mean anything else."""
    lines = base.split(b"\n")
    theirs, ours = _hunks(lines, now.split(b"\n")), _hunks(lines, other.split(b"\n"))
    if any(_overlap(one, two) for one in theirs for two in ours):
        return None
    # Where both put lines at one place, either order may be the one that reads as intended.
    for first, second in ((ours, theirs), (theirs, ours)):
        result = b"\n".join(_joined(lines, first, second))
        if _means_both(result, now, base, other):
            return result
    return None


@dataclass(frozen=True, slots=True)
class _Hunk:
    """Lines `start` to `stop` of the base become these."""

    start: int
    stop: int
    lines: tuple[bytes, ...]


def _hunks(old: Sequence[bytes], new: Sequence[bytes]) -> list[_Hunk]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [
        _Hunk(one, two, tuple(new[three:four]))
        for tag, one, two, three, four in matcher.get_opcodes()
        if tag != "equal"
    ]


def _overlap(one: _Hunk, other: _Hunk) -> bool:
    return one != other and one.start < other.stop and other.start < one.stop


def _joined(lines: Sequence[bytes], first: Sequence[_Hunk], second: Sequence[_Hunk]) -> Iterator[bytes]:
    hunks = dict.fromkeys([*first, *second])  # a change that both made is one
    at = 0
    for hunk in sorted(hunks, key=lambda hunk: (hunk.start, hunk.stop)):
        yield from lines[at : hunk.start]
        yield from hunk.lines
        at = hunk.stop
    yield from lines[at:]


class _Missing(Enum):
    """A key that a mapping does not have."""

    MISSING = 0


_Value: TypeAlias = "Json | _Missing"


def _means_both(result: bytes, now: bytes, base: bytes, other: bytes) -> bool:
    try:
        values = [[found.value for found in load_all(data)] for data in (result, now, base, other)]
        return _agree(*values)
    except (YamlFault, ValueError):  # unreadable, or numbers that have no canonical form
        return False


def _agree(result: _Value, now: _Value, base: _Value, other: _Value) -> bool:
    """True if `result` is `now` and `other` put together, as seen from `base`."""
    for one, two in ((now, other), (other, now)):
        if _same(one, base):
            return _same(result, two)
    if _same(now, other):
        return _same(result, now)
    match result, now, base, other:
        case dict(), dict(), dict(), dict():
            keys = result.keys() | now.keys() | base.keys() | other.keys()
            return all(_agree(*(_at(value, key) for value in (result, now, base, other))) for key in keys)
        case list(), list(), list(), list():
            return _agree_in_place(result, now, base, other) or _agree_as_a_bag(result, now, base, other)
        case _:
            return False


def _agree_in_place(result: list[Json], now: list[Json], base: list[Json], other: list[Json]) -> bool:
    if len({len(result), len(now), len(base), len(other)}) != 1:
        return False
    return all(_agree(*four) for four in zip(result, now, base, other, strict=True))


def _agree_as_a_bag(result: list[Json], now: list[Json], base: list[Json], other: list[Json]) -> bool:
    """Every item is there as often as both sides have it, less what they had in common."""
    found, one, common, two = (Counter(map(canonical, items)) for items in (result, now, base, other))
    items = found.keys() | one.keys() | common.keys() | two.keys()
    return all(found[item] == one[item] + two[item] - common[item] for item in items)


def _at(value: dict[str, Json], key: str) -> _Value:
    return value.get(key, _Missing.MISSING)


def _same(one: _Value, other: _Value) -> bool:
    if isinstance(one, _Missing) or isinstance(other, _Missing):
        return one is other
    return same(one, other)
