"""Whether a server shows what a plan wanted, and what somebody else changed. Tells states apart, not texts.

A wanted state covers the fields it names; what a server adds by itself is nobody's change until it moves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from migrate.model.change import Absent, Blobs, Doc, State
from migrate.model.duration import seconds
from migrate.model.json import Json, canonical, digest, mapping
from migrate.model.target import Target
from migrate.targets.kinds import Kind, flattened, kind_of

MARK = "# written by migrate"
"""Begins the line of a policy that carries the run's mark; no part of what the policy says."""


def covers(target: Target, observed: State, wanted: State) -> bool:
    """Whether everything that `wanted` says is so in `observed`. More than that may be there."""
    match observed, wanted:
        case Absent(), Absent():
            return True
        case Doc(found), Doc(said):
            return not any(differing(target, found, said))
        case Blobs(files), Blobs(said_files):
            there = dict(files)
            return all(there.get(name) == blob for name, blob in said_files)
        case _:
            return False


def differing(target: Target, found: Json, said: Json) -> Iterator[str]:
    """The fields of `said` that `found` does not show so."""
    kind = kind_of(target)
    seen, wanted = flattened(kind, found), flattened(kind, said)
    for key, value in wanted.items():
        if (key in kind.unread and key not in seen) or key in kind.moving:
            continue
        if key in kind.rising and _reached(seen.get(key), value):
            continue
        if not _same(kind, key, seen.get(key), value):
            yield key


def moved(target: Target, last: State, now: State) -> tuple[str, ...]:
    """The fields somebody else changed since `last` was read; `*` where the thing itself came or went."""
    match last, now:
        case Doc(before), Doc(after):
            kind = kind_of(target)
            old, new = flattened(kind, before), flattened(kind, after)
            keys = sorted((old.keys() | new.keys()) - kind.moving)
            return tuple(key for key in keys if not _alike(kind, key, old.get(key), new.get(key)))
        case Blobs(before_files), Blobs(after_files):
            there = dict(after_files)
            return tuple(name for name, blob in before_files if there.get(name) != blob)
        case Absent(), Absent():
            return ()
        case _:
            return ("*",)


def _alike(kind: Kind, key: str, one: Json, other: Json) -> bool:
    return _same(kind, key, one, other) and _same(kind, key, other, one)


def _same(kind: Kind, key: str, found: Json, said: Json) -> bool:
    if key == "policy" and isinstance(found, str) and isinstance(said, str):
        return _bare(found) == _bare(said)
    if key in kind.sets and isinstance(found, list) and isinstance(said, list):
        return _bag(found) == _bag(said)
    return _equal(found, said)


def _reached(found: Json, said: Json) -> bool:
    return isinstance(found, int) and isinstance(said, int) and found >= said


def _equal(found: Json, said: Json) -> bool:
    if isinstance(said, dict) and isinstance(found, dict):
        return all(_equal(found.get(key), one) for key, one in said.items())
    if isinstance(said, list) and isinstance(found, list):
        return len(found) == len(said) and all(_equal(a, b) for a, b in zip(found, said, strict=True))
    if _unset(found) and _unset(said):
        return True
    if isinstance(found, bool) or isinstance(said, bool):
        return found is said
    return found == said or _length(found) == _length(said) is not None


def _unset(value: Json) -> bool:
    """Servers answer a field that was never set with its zero, or not at all."""
    return value is None or (not isinstance(value, str | int | float) and not value) or value in ("", 0)


def _length(value: Json) -> int | None:
    """A duration in seconds, as `720h`, `2592000` or 2592000; None where it is no duration."""
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        try:
            return int(value) if value.isdigit() else seconds(value)
        except ValueError:
            return None
    return None


def _bag(values: list[Json]) -> list[bytes]:
    return sorted(canonical(_known(value)) for value in values)


def _known(value: Json) -> Json:
    """A member of a set without what was never set, so that defaults do not make it another member."""
    return {key: one for key, one in value.items() if not _unset(one)} if isinstance(value, dict) else value


def _bare(policy: str) -> str:
    lines = [line.rstrip() for line in policy.strip().split("\n") if not line.startswith(MARK)]
    return "\n".join(lines).strip()


def merged(target: Target, now: Doc, last: Doc, restored: Doc) -> Doc:
    """`restored`, with what others changed since `last` kept. Only for changes that `moved` shows apart from ours."""
    kind = kind_of(target)
    theirs = {key: flattened(kind, now.value).get(key) for key in moved(target, last, now)}
    return Doc({**mapping(restored.value), **{key: one for key, one in theirs.items() if one is not None}})


def fingerprint(target: Target, state: State) -> str:
    """A digest of what a plan may rely on: everything but what moves by itself. Two readings of one state agree."""
    match state:
        case Absent():
            return "absent"
        case Blobs(files):
            return f"blobs:{digest([list(one) for one in files])}"
        case Doc(value):
            kind = kind_of(target)
            return f"sha256:{digest(_steady(kind, flattened(kind, value)))}"


def _steady(kind: Kind, value: dict[str, Json]) -> Json:
    kept: dict[str, Json] = {}
    for key, one in value.items():
        if key in kind.moving or _unset(one):
            continue
        kept[key] = [json.loads(member) for member in _bag(one)] if key in kind.sets and isinstance(one, list) else one
    return kept
