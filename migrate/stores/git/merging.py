"""Three versions of one file put together: by `git merge-file`, and where it stops by meaning. Knows no repository."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeAlias

from migrate.documents.neighbours import merge_neighbours
from migrate.stores.git.command import Git, GitError


@dataclass(frozen=True, slots=True)
class Merged:
    """Both changes are in it."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Region:
    """Lines that both sides changed: where they are in the file now, and where they were in what it came from.

    Each is `range(first, last + 1)` counted from 1; empty where there are none.
    """

    now: range
    base: range


@dataclass(frozen=True, slots=True)
class Overlap:
    """The changes touch the same lines, or neighbouring ones that hang together. At least one region."""

    regions: tuple[Region, ...]


Merge: TypeAlias = Merged | Overlap

_CLEAN, _MOST_CONFLICTS = 0, 127


def merge(now: bytes, base: bytes, other: bytes) -> Merge:
    """What `now` becomes with the change from `base` to `other`, also where somebody changed the lines beside it.

    Raises Unreachable where git cannot be run.
    """
    found = merge_as_git(now, base, other)
    if isinstance(found, Overlap):
        for by_meaning in (merge_neighbours, _both_take):
            if (data := by_meaning(now, base, other)) is not None:
                return Merged(data)
    return found


def _both_take(now: bytes, base: bytes, other: bytes) -> bytes | None:
    """Where `other` only takes lines of `base` away, and others took some of the very same: `now` without the rest.

    None where something was written where those lines are, or were.
    """
    changed = _changes(base, other)
    if any(fresh for _, fresh in changed):
        return None
    taken = {number for old, _ in changed for number in old}
    lines, text = base.split(b"\n"), now.split(b"\n")
    answer = list[bytes]()
    for kind, one, two, three, four in _compared(base, now):
        here = set(range(one + 1, two + 1))
        between = {one, one + 1} <= taken if kind == "insert" else bool(here & taken)
        match kind:
            case "equal":
                answer += [lines[number - 1] for number in sorted(here - taken)]
            case "insert" | "replace" if between:
                return None
            case _:
                answer += text[three:four]
    return b"\n".join(answer)


def merge_as_git(now: bytes, base: bytes, other: bytes) -> Merge:
    """The same as people's own `git merge` has it. Raises Unreachable where git cannot be run."""
    with ExitStack() as stack:
        # Files without a name: what is in them may be secret, and nothing of them outlives us, however we end.
        files = [stack.enter_context(tempfile.TemporaryFile(buffering=0)) for _ in range(3)]
        for file, data in zip(files, (now, base, other), strict=True):
            file.write(data)
            file.seek(0)
        names = (f"/dev/fd/{file.fileno()}" for file in files)
        answer = Git("/").try_("merge-file", "--stdout", "--quiet", *names, files=files)
    if answer.code == _CLEAN:
        return Merged(answer.out)
    if answer.code <= _MOST_CONFLICTS or b"\0" in now + base + other:  # binary files are not merged
        return Overlap(tuple(_regions(now, base, other)))
    raise GitError("merge-file", answer.words)


def contains(now: bytes, base: bytes, other: bytes) -> bool:
    """True if `now` holds the change from `base` to `other` already: making it again changes nothing.

    Where somebody else's edit touches the change, its lines decide: all that it wrote is there, all that it took away
    is not. True only where that tells the change from its inverse.
    """
    match merge_as_git(now, base, other):
        case Merged(data):
            return data == now
        case Overlap():
            # Merged by meaning, what is there already may stand there twice: then the lines decide as well.
            there = merge_neighbours(now, base, other) == now
            return there or (_wrote(now, base, other) and not _wrote(now, other, base))


def gone(now: bytes | None, base: bytes, other: bytes) -> bool:
    """True if the change from `base` to `other` only adds lines, and neither they nor ones like them stand in `now`.

    A line that somebody rewrote is still there in their words; lines that `base` has too tell nothing.
    """
    changed = _changes(base, other)
    known, lines = _stripped(base), other.split(b"\n")
    ours = {lines[one - 1].strip().decode("utf-8", "replace") for _, fresh in changed for one in fresh} - known - {""}
    if not ours or any(taken for taken, _ in changed):
        return False
    there = _stripped(now or b"") - known
    return not any(difflib.get_close_matches(one, there, n=1) for one in ours)


def _stripped(data: bytes) -> set[str]:
    return {line.strip().decode("utf-8", "replace") for line in data.split(b"\n")}


def _wrote(now: bytes, base: bytes, other: bytes) -> bool:
    """True if every line that came with `other` stands in `now`, and at no such place a line that went is back."""
    changed, theirs = _changes(base, other), _changes(other, now)
    touched = {number for there, _ in theirs for number in there}
    kept = {number for _, fresh in changed for number in fresh}
    if kept & touched:
        return False
    gone, came = base.split(b"\n"), now.split(b"\n")
    return not any(
        _touch(fresh, there) and {gone[one - 1] for one in old} & {came[one - 1] for one in new}
        for old, fresh in changed
        for there, new in theirs
    )


def _regions(now: bytes, base: bytes, other: bytes) -> Iterator[Region]:
    """Where both differ from the base. The whole file where this finds none, since git did."""
    theirs, ours = _changes(base, other), _changes(base, now)
    found = [Region(there, here) for here, there in ours if any(_touch(here, one) for one, _ in theirs)]
    yield from found or [Region(range(1, _count(now) + 1), range(1, _count(base) + 1))]


def _touch(one: range, other: range) -> bool:
    return one.start <= other.stop and other.start <= one.stop


def _changes(old: bytes, new: bytes) -> list[tuple[range, range]]:
    return [
        (range(one + 1, two + 1), range(three + 1, four + 1))
        for tag, one, two, three, four in _compared(old, new)
        if tag != "equal"
    ]


def _compared(old: bytes, new: bytes) -> list[tuple[str, int, int, int, int]]:
    """How the lines of one become those of the other, in their order."""
    return list(difflib.SequenceMatcher(None, old.split(b"\n"), new.split(b"\n"), autojunk=False).get_opcodes())


def _count(data: bytes) -> int:
    return data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
