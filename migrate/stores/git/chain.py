"""The versions of a file that a plan leads through, and on which side of a step a file stands now.

A file need not be byte for byte what the step left: edits that others made elsewhere in it do not hide the step, and
neither do later steps of the same plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from migrate.model.change import FileEdit
from migrate.model.plan import Plan
from migrate.model.ports import Unreachable
from migrate.planning.commits import replayed
from migrate.planning.files import blob_id
from migrate.stores.git.merging import contains, gone

Find = Callable[[str, str], bytes | None]
"""The bytes of a file by their name, wherever they may still be found; None where they are not."""


class Side(Enum):
    """Where a file stands as seen from one step."""

    BEFORE = "before"
    AFTER = "after"
    ELSEWHERE = "elsewhere"

    @property
    def reversed(self) -> Side:
        """The same place as seen from the inverse."""
        return {Side.BEFORE: Side.AFTER, Side.AFTER: Side.BEFORE}.get(self, self)


@dataclass(frozen=True)
class Chain:
    """One file through the whole plan. Version `n` is what it is before the n-th of `edits`."""

    file: str
    edits: tuple[FileEdit, ...]
    find: Find

    @cached_property
    def names(self) -> tuple[str | None, ...]:
        """The versions' names; None where there is no file."""
        return (self.edits[0].before, *(edit.after for edit in self.edits))

    @cached_property
    def texts(self) -> tuple[bytes | None, ...]:
        """The versions' bytes: found, or made again by the edits. Raises Unreachable where neither can be had."""
        answer = list[bytes | None]()
        for number, name in enumerate(self.names):
            answer.append(None if name is None else self._text(name, number, answer))
        return tuple(answer)

    def _text(self, name: str, number: int, sofar: Sequence[bytes | None]) -> bytes:
        made = replayed(sofar[-1], self.edits[number - 1].edits) if sofar else None
        if made is None or blob_id(made) != name:
            made = self.find(self.file, name)
        if made is None:
            raise Unreachable(
                f"{self.file} as the plan knows it (blob {name}) is nowhere in this clone",
                following="fetch the history from before the plan (git fetch --unshallow); if the plan was made from "
                "uncommitted changes, commit those",
            )
        return made

    def at(self, before: str | None, after: str | None) -> int | None:
        """Which edit leads from the one name to the other, in either direction."""
        for number, edit in enumerate(self.edits):
            if {(before, after), (after, before)} & {(edit.before, edit.after)}:
                return number
        return None

    def side(self, number: int, now: bytes | None) -> Side:
        """Where a file that now reads so stands, as seen from the edit of this number. Raises Unreachable."""
        name = None if now is None else blob_id(now)
        before, after = self.names[number], self.names[number + 1]
        if name == after or (name != before and name in self.names[number + 2 :]):
            return Side.AFTER
        if name in self.names[: number + 1]:
            return Side.BEFORE
        if now is not None and self._holds(now, number, range(number + 1, len(self.names))):
            return Side.AFTER
        if now is not None and self._holds(now, number + 1, range(number, -1, -1)):
            return Side.BEFORE
        start, end = self.texts[number : number + 2]
        if start is not None and end is not None and gone(now, start, end):
            return Side.BEFORE
        return Side.ELSEWHERE

    def _holds(self, now: bytes, base: int, others: range) -> bool:
        """True if the change from version `base` to any of the others is in it."""
        start = self.texts[base]
        if start is None:
            return False
        ends = (self.texts[other] for other in others)
        return any(end is not None and end != start and contains(now, start, end) for end in ends)


def chains(plan: Plan, find: Find) -> dict[str, Chain]:
    """The chain of every file that the plan changes."""
    edits = dict[str, list[FileEdit]]()
    for step in plan.steps:
        for edit in step.change.files:
            edits.setdefault(edit.file, []).append(edit)
    return {file: Chain(file, tuple(some), find) for file, some in edits.items()}
