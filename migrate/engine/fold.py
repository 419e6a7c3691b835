"""What a journal means: a run's state as a fold over its events, never stored.

`Run` is the engine's only mutable value: it lives for one process, and a fresh fold of the same events gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from migrate.model.change import Absent, State
from migrate.model.json import Json, sequence
from migrate.model.log import Event
from migrate.model.plan import Way
from migrate.model.state import state_from


@dataclass(frozen=True, slots=True)
class Intended:
    """The write was announced; whether it happened is for the read-back to say."""

    way: Way
    last: State
    """On the way back: what the step had left, as it was recorded."""


@dataclass(frozen=True, slots=True)
class Done:
    """Written by this run. `observed` is the target right after, without secrets."""

    observed: State


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nothing to write: it was so already. Not this run's, so never undone by it."""

    why: str


@dataclass(frozen=True, slots=True)
class Undone:
    """Written by this run, and taken back."""

    why: str


Reason = Literal["theirs", "final", "right", "refused"]
"""Why a step was not taken back: somebody else's work, nothing leads back, a right is missing, a store said no."""
_REASONS: dict[str, Reason] = {"final": "final", "right": "right", "refused": "refused"}


@dataclass(frozen=True, slots=True)
class Kept:
    """It could not be taken back. `following`: what would let it, where it is known."""

    why: str
    last: State
    reason: Reason = "theirs"
    following: str = ""


Progress: TypeAlias = Intended | Done | Skipped | Undone | Kept


@dataclass(frozen=True, slots=True)
class Passed:
    """The gate let the run through."""


@dataclass(frozen=True, slots=True)
class Waived:
    """Somebody let the run through, with a reason."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Asked first at `since`, and not settled. `until`: passed so far, and must keep passing until then."""

    since: str
    reading: str
    settles: str
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Failing:
    """The last answer was no."""

    reading: str
    fix: str


GateState: TypeAlias = Passed | Waived | Pending | Failing


@dataclass(frozen=True, slots=True)
class Hold:
    """The run waits for a person. `key` names what brought it about: an operator, or the step that met a stranger."""

    key: str
    by: str
    reason: str
    since: str
    following: str


Ending = Literal["done", "rolled-back"]


@dataclass(slots=True)
class Run:
    """Where a run stands."""

    id: str = ""
    plan: str = ""
    digest: str = ""
    phase: str = ""
    mode: str = ""
    world: str | None = None
    who: str = ""
    opened: str = ""
    how: str = ""
    """How the journal came about, where it was not by applying."""
    way: Way = "forward"
    only: frozenset[str] = frozenset()
    """On the way back: the workloads that are taken back; empty: all of them."""
    without: frozenset[str] = frozenset()
    """Workloads that were taken back by themselves: the run goes on without them."""
    approved: set[str] = field(default_factory=set)
    steps: dict[str, Progress] = field(default_factory=dict)
    gates: dict[tuple[Way, str], GateState] = field(default_factory=dict)
    accepted: dict[tuple[Way, str], dict[str, str]] = field(default_factory=dict)
    """By gate: the readings that somebody let it through with, and each one's reason."""
    times: dict[str, str] = field(default_factory=dict)
    """When each step was last done or undone."""
    found: set[str] = field(default_factory=set)
    """Steps that a rebuilt journal only knows as done: when, nobody wrote down."""
    hold: Hold | None = None
    refused: str = ""
    """Why the last write was refused; empty once something was written or tried again."""
    readings: list[Event] = field(default_factory=list)
    ended: Ending | None = None
    closed: str = ""
    residue: list[Json] = field(default_factory=list)
    last: str = ""
    """When the last record was written."""

    def take(self, event: Event) -> None:
        """Move on by one event. Unknown types are left alone: a record may be for people only."""
        self.last = event.time
        if handler := _HANDLERS.get(event.type):
            handler(self, event.data, event)

    @property
    def held_by_a_person(self) -> bool:
        """Whether somebody asked it to wait: nobody else lets it go on, in whichever direction."""
        return self.hold is not None and self.hold.key == "operator"

    @property
    def wrote(self) -> bool:
        """Whether this run has written anything that may still be there."""
        return any(isinstance(one, Done | Intended | Kept) for one in self.steps.values())


Handler: TypeAlias = "Callable[[Run, dict[str, Json], Event], None]"


def fold(events: Iterable[Event]) -> Run:
    """The state after these events."""
    run = Run()
    for event in events:
        run.take(event)
    return run


def _opened(run: Run, data: dict[str, Json], event: Event) -> None:
    run.id, run.plan, run.digest = str(data["run"]), str(data["plan"]), str(data["digest"])
    run.phase, run.mode, run.who = str(data["phase"]), str(data["mode"]), str(data["who"])
    world = data.get("world")
    run.world, run.opened = (world if isinstance(world, str) else None), event.time
    run.how = str(data.get("how", ""))


def _approved(run: Run, data: dict[str, Json], _: Event) -> None:
    run.approved.update(str(stage) for stage in sequence(data.get("stages")))


def _intent(run: Run, data: dict[str, Json], _: Event) -> None:
    run.refused = ""
    before = run.steps.get(str(data["step"]))
    last = before.observed if isinstance(before, Done) else before.last if isinstance(before, Kept) else Absent()
    run.steps[str(data["step"])] = Intended(_way(data), last)


def _applied(run: Run, data: dict[str, Json], event: Event) -> None:
    step = str(data["step"])
    run.times[step] = event.time
    run.found.discard(step)
    if data.get("found") is True:
        run.found.add(step)
    if _way(data) == "forward":
        run.steps[step] = Done(state_from(data["observed"]))
    else:
        run.steps[step] = Undone("taken back")


def _skipped(run: Run, data: dict[str, Json], event: Event) -> None:
    step, why = str(data["step"]), str(data["why"])
    run.times[step] = event.time
    run.steps[step] = Skipped(why) if _way(data) == "forward" else Undone(why)


def _settled(run: Run, data: dict[str, Json], event: Event) -> None:
    """`not-applied`: as if never announced. `applied` is followed by `step.applied` with what was seen."""
    step = str(data["step"])
    found = run.steps.get(step)
    if data["finding"] != "not-applied" or not isinstance(found, Intended):
        return
    if found.way == "forward":
        del run.steps[step]
    else:
        run.steps[step] = Done(found.last)


def _refused(run: Run, data: dict[str, Json], event: Event) -> None:
    _settled(run, data | {"finding": "not-applied"}, event)
    run.refused = str(data["why"])


def _kept(run: Run, data: dict[str, Json], _: Event) -> None:
    step = str(data["step"])
    found = run.steps.get(step)
    last = found.observed if isinstance(found, Done) else found.last if isinstance(found, Intended) else Absent()
    reason = _REASONS.get(str(data.get("reason")), "theirs")
    run.steps[step] = Kept(str(data["why"]), last, reason, str(data.get("following", "")))


def _gate(make: Callable[[dict[str, Json], Event], GateState]) -> Handler:
    def handler(run: Run, data: dict[str, Json], event: Event) -> None:
        key = (_way(data), str(data["gate"]))
        found = run.gates.get(key)
        state = make(data, event)
        # A wait goes on from when it began, whatever was read in between.
        if isinstance(state, Pending) and isinstance(found, Pending):
            state = Pending(found.since, state.reading, state.settles, state.until or found.until)
        run.gates[key] = state
        run.readings.append(event)

    return handler


_let_through = _gate(lambda data, event: Waived())


def _waived(run: Run, data: dict[str, Json], event: Event) -> None:
    """A word covers what was read when it was given: a gate that is asked again may read something else."""
    key = (_way(data), str(data["gate"]))
    match run.gates.get(key):
        case Pending(reading=reading) | Failing(reading=reading):
            run.accepted.setdefault(key, {})[reading] = str(data.get("reason", ""))
    _let_through(run, data, event)


def _hold(run: Run, data: dict[str, Json], event: Event) -> None:
    key, by, reason, following = (str(data.get(word, "")) for word in ("key", "by", "reason", "following"))
    run.hold = Hold(key, by, reason, event.time, following)


def _cleared(run: Run, _: dict[str, Json], __: Event) -> None:
    run.hold = None


def _turned(run: Run, data: dict[str, Json], _: Event) -> None:
    """The direction changes; what is past is asked anew, and what could not be taken back is tried again."""
    run.way, run.hold, run.ended, run.refused = _way(data), None, None, ""
    run.only = frozenset(map(str, sequence(data.get("only"))))
    run.without |= frozenset(map(str, sequence(data.get("without"))))
    run.gates = {key: state for key, state in run.gates.items() if key[0] != run.way}
    run.steps = {step: Done(one.last) if isinstance(one, Kept) else one for step, one in run.steps.items()}


def _closed(run: Run, data: dict[str, Json], event: Event) -> None:
    run.ended = "done" if data["state"] == "done" else "rolled-back"
    run.closed, run.residue, run.hold = event.time, sequence(data.get("residue")), None


def _way(data: dict[str, Json]) -> Way:
    return "back" if data.get("way") == "back" else "forward"


_HANDLERS: dict[str, Handler] = {
    "run.opened": _opened,
    "run.approved": _approved,
    "run.turned": _turned,
    "run.closed": _closed,
    "step.intent": _intent,
    "step.applied": _applied,
    "step.skipped": _skipped,
    "step.settled": _settled,
    "step.refused": _refused,
    "step.kept": _kept,
    "gate.passed": _gate(lambda data, event: Passed()),
    "gate.waived": _waived,
    "gate.failed": _gate(lambda data, event: Failing(str(data["reading"]), str(data["fix"]))),
    "gate.waiting": _gate(lambda data, event: Pending(event.time, str(data["reading"]), str(data["settles"]))),
    "gate.soaking": _gate(lambda data, event: Pending(event.time, str(data["reading"]), "time", str(data["until"]))),
    "hold.set": _hold,
    "hold.cleared": _cleared,
}
