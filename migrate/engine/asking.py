"""One question to one gate: what was seen becomes an event, and perhaps the end of this call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.engine.advance import overdue
from migrate.engine.ending import Ending, Failure, Waiting
from migrate.engine.fold import Passed, Pending, Waived
from migrate.engine.recorder import Recorder
from migrate.model.duration import seconds
from migrate.model.plan import Gate
from migrate.model.ports import Observer, Unreachable

Checks = Callable[[str], Check]
"""The check behind a gate's id. Raises KeyError where there is none."""


class Asker:
    """Asks gates, through one observer, and writes the answers down."""

    def __init__(self, checks: Checks, observer: Observer, recorder: Recorder, now: Callable[[], datetime]) -> None:
        self._checks, self._observer, self._recorder, self._now = checks, observer, recorder, now

    def ask(self, gate: Gate, since: datetime | None, *, early: bool = False) -> Ending | None:
        """Ask, and write down the answer. None where the gate lets the run through.

        `early`: the run does not stand at it yet. Its soak begins or goes on, and nobody is let through before it was
        asked in its turn: what was so once may have changed by then. What locks is not asked early.
        """
        if early and self._checks(gate.id).locks:
            return None
        now = self._now()
        match self.answer(gate, since):
            case Pass(reading):
                return self._passed(gate, reading, now, early=early)
            case Inconclusive(reading) | Fail(reading) if (why := self._accepted(gate, reading)) is not None:
                self._let_through(gate, reading, why)
                return None
            case Inconclusive(reading, settles):
                return self._waiting(gate, reading, settles, now)
            case Fail(reading, fix):
                return self._failed(gate, reading, fix)

    def answer(self, gate: Gate, since: datetime | None) -> Answer:
        """What the check says now. A server that does not answer is neither good nor bad news."""
        question = Question(dict(gate.about), self._now(), since)
        try:
            return self._checks(gate.id).ask(self._observer, question)
        except Unreachable as error:
            return Inconclusive(error.happened, error.following or "an answer from it")

    def _accepted(self, gate: Gate, reading: str) -> str | None:
        """Why somebody let this very reading through a gate that is asked again; None where nobody did."""
        readings = self._recorder.run.accepted.get((gate.way, gate.id), {})
        return readings.get(reading) if gate.until else None

    def _let_through(self, gate: Gate, reading: str, why: str) -> None:
        if not isinstance(self._recorder.run.gates.get((gate.way, gate.id)), Passed | Waived):
            self._note("gate.passed", gate, reading=f"{reading} (accepted before: {why})")

    def _passed(self, gate: Gate, reading: str, now: datetime, *, early: bool) -> Ending | None:
        soak, before = seconds(gate.soak), self._recorder.run.gates.get((gate.way, gate.id))
        until = before.until if isinstance(before, Pending) else None
        if soak and until is None:
            until = (now + timedelta(seconds=soak)).isoformat(timespec="seconds")
            self._note("gate.soaking", gate, reading=reading, until=until)
        elif until and (early or now < datetime.fromisoformat(until)):
            self._note("gate.read", gate, reading=reading, until=until)
        else:
            self._note("gate.passed", gate, reading=reading)
            return None
        return Waiting(
            gate.id, f"{gate.check}: so it is, and must stay until {until}", f"migrate resume, from {until} on", until
        )

    def _waiting(self, gate: Gate, reading: str, settles: str, now: datetime) -> Ending:
        before = self._recorder.run.gates.get((gate.way, gate.id))
        soaking = isinstance(before, Pending) and before.until is not None
        if isinstance(before, Pending) and not soaking and overdue(before, seconds(gate.timeout), now):
            return self._failed(gate, f"not settled within {gate.timeout}: {reading}", settles)
        self._note("gate.waiting", gate, reading=reading, settles=settles)
        until = before.until if isinstance(before, Pending) else None
        return Waiting(gate.id, reading, settles, until)

    def _failed(self, gate: Gate, reading: str, fix: str) -> Ending:
        self._note("gate.failed", gate, reading=reading, fix=fix)
        return Failure(gate.id, reading, fix, self._recorder.run.wrote)

    def _note(self, type: str, gate: Gate, **data: str) -> None:  # noqa: A002
        self._recorder.note(type, gate=gate.id, way=gate.way, **data)
