"""What the workload reads from KV is at the versions that were approved: numbers and times, never a value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from migrate.checks.answer import Answer, Check, Inconclusive, Pass, Question
from migrate.checks.looking import Seen, UnseenError, joined, look, moment, settled
from migrate.model.json import Json
from migrate.model.ports import Observer
from migrate.targets.kv import metadata_path, versions_of
from migrate.targets.vault import grant

_MEANT = (
    "if it is meant: let ESO copy it (at its next refresh; agents write it on their own clock, so for a while the two "
    "ways may differ), then migrate resume --waive kv.pinned --reason TEXT, which covers these versions and no later "
    "one; what else compares values is asked all the same. If not: migrate rollback, then plan anew"
)
_GONE = (
    "nobody can read it now: bring it back (vault kv undelete, or a version of its own that you then let through with "
    "migrate resume --waive kv.pinned --reason TEXT), or migrate rollback while the Secret still has it"
)


def ask(observer: Observer, question: Question) -> Answer:
    """Asked from the first write until the old way begins to go."""
    pins: dict[str, dict[str, Json]] = json.loads(question.about["pins"])
    seen = {path: _seen(observer, path) for path in pins}
    gone = [told for path, found in seen.items() for told in _gone(path, found)]
    moved = [told for path, found in seen.items() for told in _moved(path, found, pins[path])]
    if gone or moved:
        since = "; what kv.value-equal compares is no longer what was approved" if moved else ""
        return Inconclusive("; ".join([*gone, *moved]) + since, _GONE if gone else _MEANT)
    versions = [f"{path} at version {pin['version']}" for path, pin in sorted(pins.items())]
    return Pass(f"nobody has written since the plan was made: {joined(versions)}")


def _seen(observer: Observer, path: str) -> Seen:
    found = look(observer, str(versions_of(path)))
    if found.exists and not found.shows("version"):
        raise UnseenError(
            f"the token may not see which version {path} is at",
            f"grant it, which shows no value: {grant(metadata_path(path), 'read')}",
        )
    return found


def _gone(path: str, found: Seen) -> Iterator[str]:
    if not found.exists:
        yield f"there is nothing at {path} any more, nor any of its versions"
    elif found.shows("destroyed"):
        yield f"version {found.number('version')} of {path} was destroyed"
    elif found.shows("deleted"):
        yield f"version {found.number('version')} of {path} was deleted at {_spoken(found.text('deleted'))}"


def _moved(path: str, found: Seen, pin: Mapping[str, Json]) -> Iterator[str]:
    """A version that came later; or the same number once more, where the path was made anew."""
    if not found.exists:
        return
    version, written = found.number("version"), found.text("written")
    if version == pin["version"] and moment(written) == moment(str(pin["written"])):
        return
    anew = " (the path was made anew)" if version <= int(str(pin["version"])) else ""
    yield (
        f"{path} is at version {version}, written at {_spoken(written)}{anew}; the plan was made with version "
        f"{pin['version']}, written at {_spoken(str(pin['written']))}"
    )


def _spoken(time: str) -> str:
    return moment(time).isoformat(timespec="seconds")


CHECK = Check(
    "kv.pinned", ("pins",), "what is read from KV is at the versions that the plan was made with", settled(ask)
)
