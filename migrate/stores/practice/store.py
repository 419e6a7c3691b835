"""Vault, PostgreSQL and the cluster of a practice world, as the engine and the checks see servers.

Everybody's reactions happen when somebody looks: there is no daemon. Writes are guarded like on servers, by a version
that is a digest of the target's state, and leave the run's mark beside what they wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from migrate.model.change import Absent, Change, State
from migrate.model.ports import Conflict, Denied, Move, Outcome, OutcomeUnknown, Secrets, Snapshot, Unreachable, Written
from migrate.model.target import StoreName, Target
from migrate.stores.practice.deployed import Deployed
from migrate.stores.practice.folder import Folder
from migrate.targets.columns import KINDS
from migrate.targets.compare import fingerprint
from migrate.targets.transit import is_key
from migrate.world.columns import column_at
from migrate.world.react import react
from migrate.world.shown import stored, watch
from migrate.world.state import World, draft, finished
from migrate.world.writes import write

_IDENTITY = {"vault": "cluster", "postgres": "system", "cluster": "uid"}
_FAULT = {"vault": "vault", "postgres": "database", "cluster": "cluster"}
_SPOKEN = {"vault": "Vault", "postgres": "the database", "cluster": "the cluster"}


@dataclass(frozen=True, slots=True)
class Practice:
    """A world and the estate that it belongs to. `Observer` for all three stores; `on` gives each as a `Store`."""

    folder: Folder
    deployed: Deployed
    now: Callable[[], datetime]

    def on(self, store: StoreName) -> PracticeStore:
        """The stand-in for one server."""
        return PracticeStore(self, store)

    def observe(self, target: Target) -> State:
        """The target as it is now. Raises Unreachable where a fault says so."""
        world = self.world()
        sealed = bool(world.vault["sealed"]) and target.store == "vault" and target.kind != "sys"
        _insist(world, target.store, sealed=sealed)
        return watch(world, target, self.now())

    def world(self) -> World:
        """The world now, everybody's reactions included. Raises Failed, Refused, Unreachable."""
        with self.folder.locked():
            return self.caught_up()[0]

    def caught_up(self) -> tuple[World, dict[str, Any]]:
        """The same, under the lock."""
        before, about = self.folder.load()
        after = react(before, self.deployed.reading().applied, self.now())
        if after != before:
            self.folder.save(after, about)
        return after, about

    def places(self) -> dict[str, str]:
        """Which servers these are, and which world."""
        with self.folder.locked():
            world, about = self.folder.load()
        parts = {"vault": world.vault, "postgres": world.postgres, "cluster": world.cluster}
        return {name: str(part[_IDENTITY[name]]) for name, part in parts.items()} | {"world": str(about["id"])}


@dataclass(frozen=True, slots=True)
class PracticeStore:
    """One server's stand-in."""

    practice: Practice
    name: StoreName

    def read(self, change: Change) -> Snapshot:
        """The target now. Raises Unreachable where a fault says so."""
        world = self.practice.world()
        _insist(world, self.name, sealed=bool(world.vault["sealed"]) and self.name == "vault")
        return _snapshot(world, change.target)

    def write(self, move: Move, seen: Snapshot, secrets: Secrets) -> Outcome:
        """One guarded write."""
        with self.practice.folder.locked():
            world, about = self.practice.caught_up()
            if world.faults.get(_FAULT[self.name]):
                return OutcomeUnknown(f"{_SPOKEN[self.name]} did not answer (a fault of this practice world)")
            if _snapshot(world, move.change.target).version != seen.version:
                return Conflict("it is not as it was when it was read")
            lost = _take_one(world.faults, "lost-request")
            after, refusal = (world, "") if lost else self._made(world, move, secrets)
            lost = _take_one(after.faults, "lost-answer") or lost
            self.practice.folder.save(after, about)
        if lost:
            return OutcomeUnknown("the answer was lost (a fault of this practice world)")
        return Denied(refusal, _following(refusal)) if refusal else Written()

    def _made(self, world: World, move: Move, secrets: Secrets) -> tuple[World, str]:
        changed = draft(world, self.practice.now())
        refusal = write(changed, move.change, secrets.values)
        if refusal:
            return world, refusal
        entry = _entry(finished(changed), move.change.target)
        if entry is not None:
            _sign(entry, move)
        return finished(changed), ""

    def identity(self) -> str:
        """Vault's cluster id, kube-system's uid, PostgreSQL's system identifier. Raises Unreachable."""
        _insist(self.practice.world(), self.name, sealed=False)
        return self.practice.places()[self.name]


def _insist(world: World, store: StoreName, *, sealed: bool) -> None:
    """Raise where a fault keeps the server from answering."""
    if world.faults.get(_FAULT[store]):
        raise Unreachable(
            f"{_SPOKEN[store]} does not answer (a fault of this practice world)",
            following=f"migrate practice fault DIR {_FAULT[store]} off",
        )
    if sealed:
        raise Unreachable("Vault is sealed", following="unseal it: migrate practice fault DIR sealed off")


def _snapshot(world: World, target: Target) -> Snapshot:
    state, entry = stored(world, target), _entry(world, target)
    mark = entry.get("mark") if entry is not None else None
    return Snapshot(state, f"{fingerprint(target, state)}/{mark or ''}", str(mark) if mark else None)


def _entry(world: World, target: Target) -> dict[str, Any] | None:
    """Where the world keeps the target."""
    match target.store:
        case "vault" if is_key(target):
            found = None  # it outlives the run that made it, and later ones rotate it
        case "vault":
            found = world.vault["paths"].get(target.path)
        case "postgres" if target.kind in KINDS:
            found = column_at(world.postgres["databases"], target)
        case "postgres":
            found = world.postgres["roles"].get(target.name)
        case _:
            found = None  # pods' restarts belong to nobody
    return found if isinstance(found, dict) else None


def _sign(entry: dict[str, Any], move: Move) -> None:
    """Leave the run's mark; taking a change back to something that was there before takes the mark away."""
    if move.way == "forward":
        if "mark" not in entry and isinstance(move.change.before, Absent):
            entry["made"] = move.run
        entry["mark"] = move.run
    elif entry.get("made") != move.run:
        entry.pop("mark", None)


def _take_one(faults: dict[str, Any], name: str) -> bool:
    """Use up one of a counted fault."""
    left = int(faults.get(name) or 0)
    if left > 1:
        faults[name] = left - 1
    elif left == 1:
        faults.pop(name)
    return left > 0


def _following(refusal: str) -> str:
    if "sealed" in refusal:
        return "unseal it: migrate practice fault DIR sealed off"
    with suppress(StopIteration):
        return next(way for words, way in _WAYS if words in refusal)
    return ""


_WAYS = (
    (
        "no such host",
        "set database.address in migrate.yaml to the world's (migrate practice show DIR), then plan again",
    ),
    ("open sessions", "end them, then: migrate resume"),
)
