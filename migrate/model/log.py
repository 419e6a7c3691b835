"""Hash-chained records as lines: the one format of journals and sessions. Pure: text in, values out.

Every record names the hash of the one before, so that a changed, lost or moved line is found. A last line that is
not whole was never promised to anybody: it is left out, and writing goes on in its place.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from migrate.model.json import Json, canonical, mapping

SCHEMA = "migrate.journal/v1"
GENESIS = "0" * 64
_KNOWN = (SCHEMA,)
_SOME_VERSION = re.compile(r"migrate\.journal/v[1-9]\d*")


@dataclass(frozen=True, slots=True)
class Event:
    """One record: what happened, when (RFC 3339), and its place in the chain."""

    sequence: int
    time: str
    type: str
    data: dict[str, Json]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Whole:
    """Every record, verified. `length`: how many bytes hold them; `torn`: what follows is no whole line.

    A last record that is whole but for the end of its line is believed: its hash says so.
    """

    events: tuple[Event, ...]
    length: int
    torn: bool


@dataclass(frozen=True, slots=True)
class Broken:
    """The chain does not hold at this line (from 1). `events` are those before it, which do hold."""

    events: tuple[Event, ...]
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Newer:
    """Written by a later version, whose records may mean more than this one knows."""

    schema: str


Reading: TypeAlias = Whole | Broken | Newer


def sealed(sequence: int, time: str, type: str, data: dict[str, Json], previous: str) -> Event:  # noqa: A002
    """The record with its hash, which covers all the rest of it."""
    return Event(sequence, time, type, data, previous, _hash(sequence, time, type, data, previous))


def line(event: Event) -> bytes:
    """The record as its line. Keys stand in the order a person reads them."""
    body: dict[str, Json] = {"schema": SCHEMA} if event.sequence == 0 else {}
    body |= {"seq": event.sequence, "time": event.time, "type": event.type, "data": event.data}
    body |= {"prev": event.previous, "hash": event.hash}
    return (json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n").encode("utf-8", "surrogatepass")


def read(data: bytes) -> Reading:
    """The records in a log's bytes, or where they stop making sense."""
    lines = data.split(b"\n")
    tail = lines.pop()
    if tail == b"":
        return _chain(lines, False, len(data))
    for ending in (tail, tail[:-1]):
        found = _chain([*lines, ending], True, len(data) - len(tail) + len(ending))
        if not isinstance(found, Broken) or found.line <= len(lines):
            return found
    return _chain(lines, True, len(data) - len(tail))


def _chain(lines: Iterable[bytes], torn: bool, length: int) -> Reading:
    events, previous = list[Event](), GENESIS
    for number, text in enumerate(lines):
        found = _record(text)
        if number == 0 and isinstance(found, dict) and (schema := str(found.get("schema"))) not in _KNOWN:
            if _SOME_VERSION.fullmatch(schema):
                return Newer(schema)
            return Broken((), 1, "it does not begin as a journal does")
        event = _event(found)
        if event is None:
            return Broken(tuple(events), number + 1, "it is no record")
        if event.sequence != number or event.previous != previous:
            return Broken(tuple(events), number + 1, "it does not follow the record before it")
        if event.hash != _hash(event.sequence, event.time, event.type, event.data, event.previous):
            return Broken(tuple(events), number + 1, "it was changed after it was written")
        events.append(event)
        previous = event.hash
    return Whole(tuple(events), length, torn)


def _record(text: bytes) -> Json:
    try:
        found: Json = json.loads(text)
    except ValueError:
        return None
    return found


def _event(found: Json) -> Event | None:
    match mapping(found):
        case {
            "seq": int(sequence),
            "time": str(time),
            "type": str(kind),
            "data": dict(data),
            "prev": str(previous),
            "hash": str(own),
        }:
            return Event(sequence, time, kind, data, previous, own)
    return None


def _hash(sequence: int, time: str, type: str, data: dict[str, Json], previous: str) -> str:  # noqa: A002
    return hashlib.sha256(canonical([sequence, time, type, data, previous])).hexdigest()
