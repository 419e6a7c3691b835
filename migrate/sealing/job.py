"""Seal what is not sealed, open what is sealed alone, rewrap what is old, and compare what stands side by side.

A pass goes once through the table in the order of its key. Rows that changed under it are left for the next pass, and
so are those that an application wrote behind it: a pass that finds nothing is the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from migrate.model.errors import Refused
from migrate.sealing.pace import Pace
from migrate.sealing.ports import Cipher, Pair, Row, Table, Unreadable


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds that only go forward, and a way to let them pass."""

    now: Callable[[], float]
    sleep: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing was left when it last looked. `rows`: stored in this go; `overtaken`: left for a next pass each time."""

    rows: int
    overtaken: int


@dataclass(frozen=True, slots=True)
class Paused:
    """The go is over, and there may be more. `after`: the last key it came to; the next go may begin behind it."""

    rows: int
    overtaken: int
    after: str


Progress: TypeAlias = Ended | Paused


def seal(table: Table, cipher: Cipher, pace: Pace, clock: Clock, after: str | None = None) -> Progress:
    """Encrypt rows until none is left or the go is over. Raises what the ports raise; what was stored stays stored.

    `after`: where the last go ended. Whatever is behind it is looked at once more before the end.
    """
    return _through(_Work(table.unsealed, cipher.encrypt, table.put), pace, clock, after)


def rewrap(table: Table, cipher: Cipher, version: int, pace: Pace, clock: Clock, after: str | None = None) -> Progress:
    """Bring ciphertexts older than `version` to the newest. Vault never shows a plaintext for it."""

    def older(behind: str | None, limit: int) -> list[Row]:
        return table.older(version, behind, limit)

    return _through(_Work(older, cipher.rewrap, table.put), pace, clock, after)


def unseal(table: Table, cipher: Cipher, pace: Pace, clock: Clock, after: str | None = None) -> Progress:
    """Bring back the plaintext of rows that have ciphertext only. Raises Refused where one of them does not open."""

    def opened(sealed: list[str]) -> list[str]:
        return _all_opened(cipher.decrypt(sealed))

    return _through(_Work(table.alone, opened, table.restore), pace, clock, after)


def _all_opened(values: list[str | Unreadable]) -> list[str]:
    opened = [value for value in values if isinstance(value, str)]
    if len(opened) != len(values):
        raise Refused(
            f"{len(values) - len(opened)} rows have a ciphertext that Vault does not decrypt, and no plaintext",
            truth="dropping the sealed column would lose what they held",
            undone="none of them was touched",
            following="find the key they were made with, or correct the rows, then again",
        )
    return opened


@dataclass(frozen=True, slots=True)
class _Work:
    """What a pass does: the next rows after a key, what becomes of their values, and how those are stored."""

    following: Callable[[str | None, int], list[Row]]
    change: Callable[[list[str]], list[str]]
    put: Callable[[list[Row], list[str]], int]


def _through(work: _Work, pace: Pace, clock: Clock, after: str | None) -> Progress:
    # A pass that began in the middle says nothing of what lies before.
    began, stored, overtaken, found = clock.now(), 0, 0, after is not None
    while True:
        rows = work.following(after, pace.batch)
        if not rows and not found:
            return Ended(stored, overtaken)
        if not rows:  # the end of a pass that did something: once more from the beginning
            after, found = None, False
            continue
        done = work.put(rows, _answered(rows, work.change([row.value for row in rows])))
        stored, overtaken, after, found = stored + done, overtaken + len(rows) - done, rows[-1].key, True
        if pace.over(clock.now() - began):
            return Paused(stored, overtaken, after)
        clock.sleep(pace.rest(stored + overtaken, clock.now() - began))


def _answered(rows: list[Row], values: list[str]) -> list[str]:
    """One value for each row, or nothing is stored: a short answer would put values into other people's rows."""
    if len(values) != len(rows):
        raise ValueError(f"{len(values)} values for {len(rows)} rows")
    return values


@dataclass(frozen=True, slots=True)
class Comparison:
    """What stands side by side, in numbers of rows. `alone`: ciphertext without plaintext, which an undo would lose."""

    rows: int = 0
    equal: int = 0
    differing: int = 0
    missing: int = 0
    alone: int = 0
    unreadable: int = 0

    @property
    def whole(self) -> bool:
        """Whether either column could go without losing a value."""
        return self.rows == self.equal


Pairs: TypeAlias = Callable[[str | None, int], tuple[list[Pair], str | None]]
"""The next rows as they stand after a key, so many, and the last key of them; None at the end."""


def compare(pairs_after: Pairs, cipher: Cipher, batch: int) -> Comparison:
    """Decrypt every row and compare. For rows that nobody may change meanwhile the answer holds as long as that."""
    total, after = Comparison(), None
    while True:
        pairs, after = pairs_after(after, batch)
        total = added(total, _compared(pairs, cipher))
        if after is None:
            return total


def _compared(pairs: list[Pair], cipher: Cipher) -> Comparison:
    sealed = [pair.sealed for pair in pairs if pair.sealed is not None]
    opened = iter(cipher.decrypt(sealed) if sealed else [])
    verdicts = [_verdict(pair, opened) for pair in pairs]
    return Comparison(len(pairs), *(verdicts.count(one) for one in _VERDICTS))


_VERDICTS = ("equal", "differing", "missing", "alone", "unreadable")


def _verdict(pair: Pair, opened: Iterator[str | Unreadable]) -> str:
    if pair.sealed is None:
        return "equal" if pair.plain is None else "missing"
    value = next(opened)
    if isinstance(value, Unreadable):
        return "unreadable"
    if pair.plain is None:
        return "alone"
    return "equal" if value == pair.plain else "differing"


def added(one: Comparison, other: Comparison) -> Comparison:
    """Both together."""
    return Comparison(*(getattr(one, key) + getattr(other, key) for key in ("rows", *_VERDICTS)))
