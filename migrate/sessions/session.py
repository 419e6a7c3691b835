"""What a session's log means: where it stands, as a fold over its events, never stored.

`Session` is mutable for the length of one process; a fresh fold of the same events gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from migrate.model.json import Json, mapping, sequence
from migrate.model.log import Event
from migrate.model.plan import Way

Ended = Literal["done", "went-back", "aborted"]
Key: TypeAlias = tuple[str, int]
"""A part of a runbook: its step's id and its place in the step, from 0."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who typed. People are told apart by `uid`, since a name is whatever the environment says."""

    uid: int
    name: str
    host: str
    terminal: str

    def __str__(self) -> str:
        return f"{self.name} on {self.host}"


@dataclass(frozen=True, slots=True)
class Word:
    """Somebody's yes to what has this digest."""

    person: Person
    digest: str
    how: str
    time: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why the session came to a stop at a part, and what to do."""

    key: Key
    reason: str
    following: str
    failed: bool


@dataclass(slots=True)
class Session:
    """Where a session stands."""

    id: str = ""
    runbook: str = ""
    source: str = ""
    digest: str = ""
    folder: str = ""
    estate: str = ""
    world: str | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    driver: Person = Person(-1, "", "", "")
    opened: str = ""
    last: str = ""
    way: Way = "forward"
    passed: dict[Key, str] = field(default_factory=dict)
    """When each part was passed."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Steps that were left out, with the reason."""
    tried: set[Key] = field(default_factory=set)
    running: Key | None = None
    """A command that was begun and whose end is not known: it runs, or its terminal is gone."""
    soaks: dict[Key, str] = field(default_factory=dict)
    """Until when a gate must keep passing."""
    asked: dict[Key, str] = field(default_factory=dict)
    """Since when a gate has been waiting."""
    words: dict[Key, list[Word]] = field(default_factory=dict)
    agreed: str = ""
    """The digest of the plan agreed to last."""
    waiting: Waiting | None = None
    paused: str | None = None
    ended: Ended | None = None
    events: list[Event] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """Move on by one event. Types that are not known here are for people only."""
        self.events.append(event)
        self.last = event.time
        if handler := _HANDLERS.get(event.type):
            handler(self, event)

    @property
    def wrote(self) -> bool:
        """Whether anything was begun, or done by hand, that may have changed something."""
        return any(
            event.type == "manual.passed" or (event.type == "command.began" and event.data.get("effect") != "reads")
            for event in self.events
        )


def fold(events: Iterable[Event]) -> Session:
    """The state after these events."""
    session = Session()
    for event in events:
        session.take(event)
    return session


def person_json(person: Person) -> dict[str, Json]:
    """A person as events carry one."""
    return {"who": person.name, "uid": person.uid, "host": person.host, "terminal": person.terminal}


def person_of(event: Event) -> Person:
    """Who wrote the event."""
    uid = event.data.get("uid")
    who, host, terminal = (str(event.data.get(word, "")) for word in ("who", "host", "terminal"))
    return Person(uid if isinstance(uid, int) else -1, who, host, terminal)


def key_of(event: Event) -> Key:
    """The part an event is about; of a whole step, its first."""
    part = event.data.get("part", 0)
    return str(event.data.get("step", "")), part if isinstance(part, int) else 0


def _opened(session: Session, event: Event) -> None:
    data = event.data
    session.id, session.runbook, session.source = (str(data[word]) for word in ("session", "runbook", "source"))
    session.digest, session.folder, session.estate = (str(data[word]) for word in ("digest", "folder", "estate"))
    world = data.get("world")
    session.world = world if isinstance(world, str) else None
    session.inputs = {name: str(value) for name, value in mapping(data.get("inputs")).items()}
    session.driver, session.opened = person_of(event), event.time


def _began(session: Session, event: Event) -> None:
    session.running, session.waiting = key_of(event), None
    session.tried.add(key_of(event))


def _finished(session: Session, event: Event) -> None:
    session.running = None
    _outcome(session, event)


def _outcome(session: Session, event: Event) -> None:
    """The end of a part, or of one try at it."""
    key = key_of(event)
    if event.data.get("passed"):
        session.passed[key] = event.time
        session.waiting = None
        session.soaks.pop(key, None)
    else:
        reason, following = str(event.data.get("reason", "")), str(event.data.get("following", ""))
        session.waiting = Waiting(key, reason, following, bool(event.data.get("failed")))
    if plan := event.data.get("plan"):
        session.agreed = str(plan) if event.type == "confirm.passed" else session.agreed


def _read(session: Session, event: Event) -> None:
    key = key_of(event)
    session.asked.setdefault(key, event.time)
    if until := event.data.get("until"):
        session.soaks[key] = str(until)
    elif not event.data.get("passed"):
        session.soaks.pop(key, None)  # it must pass without a break: the soak begins anew
    _outcome(session, event)


def _word(session: Session, event: Event) -> None:
    word = Word(person_of(event), str(event.data["digest"]), str(event.data["how"]), event.time)
    session.words.setdefault(key_of(event), []).append(word)


def _skipped(session: Session, event: Event) -> None:
    session.skipped[str(event.data["step"])] = str(event.data["reason"])
    session.waiting = session.running = None


def _paused(session: Session, event: Event) -> None:
    session.paused = str(event.data["reason"])


def _resumed(session: Session, _: Event) -> None:
    session.paused = None


def _handed_over(session: Session, event: Event) -> None:
    uid = event.data.get("to_uid")
    session.driver = Person(uid if isinstance(uid, int) else -1, str(event.data["to"]), "", "")


def _turned(session: Session, _: Event) -> None:
    session.way, session.waiting, session.running, session.paused = "back", None, None, None


def _changed(session: Session, event: Event) -> None:
    session.digest = str(event.data["digest"])
    again = {str(step) for step in sequence(event.data.get("again"))}
    session.passed = {key: time for key, time in session.passed.items() if key[0] not in again}
    session.words = {key: words for key, words in session.words.items() if key[0] not in again}
    session.waiting = None


def _closed(session: Session, event: Event) -> None:
    state = event.data["state"]
    session.ended = "done" if state == "done" else "went-back" if state == "went-back" else "aborted"
    session.waiting = None


_HANDLERS: dict[str, Callable[[Session, Event], None]] = {
    "session.opened": _opened,
    "session.paused": _paused,
    "session.resumed": _resumed,
    "session.handed-over": _handed_over,
    "session.turned": _turned,
    "session.changed": _changed,
    "session.closed": _closed,
    "step.skipped": _skipped,
    "command.began": _began,
    "command.ended": _finished,
    "gate.read": _read,
    "word.given": _word,
    "confirm.passed": _outcome,
    "confirm.waiting": _outcome,
    "manual.passed": _outcome,
    "manual.waiting": _outcome,
    "evidence.kept": _outcome,
    "evidence.waiting": _outcome,
}
