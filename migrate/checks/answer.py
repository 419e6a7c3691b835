"""The three answers of a check. What cannot be seen is inconclusive: neither good nor bad news."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from migrate.model.ports import Observer


@dataclass(frozen=True, slots=True)
class Pass:
    """It holds. `reading` is what was seen, in words, for the journal and the report."""

    reading: str


@dataclass(frozen=True, slots=True)
class Fail:
    """It does not hold, and waiting alone will not change that. `fix` is what to do."""

    reading: str
    fix: str


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """Not yet, or not to be seen. `settles` is what would settle it: an event, or something to do."""

    reading: str
    settles: str


Answer: TypeAlias = Pass | Fail | Inconclusive


@dataclass(frozen=True, slots=True)
class Question:
    """What a check is asked: about whom, and when it is now.

    `about`: names filled in when the plan was made (`deployment`, `namespace`, `jwt_role`, ...), by the words the
    check declares in `needs`. `since`, for checks about what came after it: forward, when the run's cutover was seen
    applied; on the way back, when the run's newest undo was recorded. None where there was no such moment.
    """

    about: Mapping[str, str]
    now: datetime
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A check by its name. `guards`: it protects data or the way back, so nobody may waive it.

    `locks`: it keeps others from writing while it looks, so it is asked in a run alone, when it is its turn.
    `prefix`: gates called `name.SOMETHING` ask it too.
    """

    name: str
    needs: tuple[str, ...]
    proves: str
    ask: Callable[[Observer, Question], Answer]
    guards: bool = False
    prefix: bool = False
    locks: bool = False
