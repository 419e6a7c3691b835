"""Goes through a runbook part by part: does it, writes down what came of it, and stops where something waits."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from migrate.checks.answer import Answer, Fail, Inconclusive, Pass
from migrate.model.duration import seconds
from migrate.model.errors import Exit
from migrate.model.json import Json
from migrate.sessions.commands import Parsed, Unparsed, placed
from migrate.sessions.course import Closed, Due, Over, asked_digest, shown, upcoming, values
from migrate.sessions.hands import Hands
from migrate.sessions.runbook import Command, Confirm, Evidence, Gate, Manual, Runbook, Text, filled
from migrate.sessions.session import Ended, Key, Session, person_json

_WAITS = (Exit.HELD, Exit.LOCKED, Exit.INTERRUPTED, Exit.INCOMPLETE)
"""Exits that say: later. Whatever else is not expected is a failure."""


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing is left to do."""

    state: Ended


@dataclass(frozen=True, slots=True)
class Held:
    """Something must be waited for; nothing is lost."""

    key: Key
    reason: str
    following: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A part did not do what the runbook says it does."""

    key: Key
    reason: str
    following: str


@dataclass(frozen=True, slots=True)
class Stepped:
    """One step is behind, and no more was asked for."""

    step: str


Outcome: TypeAlias = Finished | Held | Failed | Stepped
Note: TypeAlias = Callable[[str, dict[str, Json]], None]
"""Writes an event down and moves the session on by it."""


class Guide:
    """One person going through one session in one process."""

    def __init__(
        self, runbook: Runbook, session: Session, hands: Hands, note: Note, now: Callable[[], datetime]
    ) -> None:
        self._runbook, self._session, self._hands = runbook, session, hands
        self._write, self._now = note, now
        self._shown: str | None = None

    def go(self, *, one: bool) -> Outcome:
        """Go on until something waits, all is done, or with `one` a step is behind. Raises MigrateError."""
        begun: str | None = None
        while True:
            due = upcoming(self._runbook, self._session)
            match due:
                case Closed(state):
                    return Finished(state)
                case Over(state):
                    self._write("session.closed", {"state": state, **person_json(self._hands.person)})
                    return Finished(state)
            if one and begun not in {None, due.step.id}:
                return Stepped(str(begun))
            begun = due.step.id
            if not self._dealt_with(due):
                return self._stopped(due)

    def _dealt_with(self, due: Due) -> bool:
        self._show(due)
        match due.part:
            case Command():
                self._command(due, due.part)
            case Gate():
                self._gate(due, due.part)
            case Confirm():
                self._confirm(due, due.part)
            case Evidence():
                self._evidence(due, due.part)
            case Manual():
                self._manual(due, due.part)
        return due.key in self._session.passed

    def _stopped(self, due: Due) -> Outcome:
        waiting = self._session.waiting
        if waiting is None:
            return Held(due.key, "it waits", "migrate session status")
        kind = Failed if waiting.failed else Held
        return kind(waiting.key, waiting.reason, waiting.following)

    def _show(self, due: Due) -> None:
        """The step's title once, and the text that leads to this part."""
        blocks = list(due.step.blocks)
        at = blocks.index(due.part)
        before = blocks[at - 1] if at else None
        text = [shown(before.text, self._session)] if isinstance(before, Text) else []
        title = f"{due.step.id}: {shown(due.step.title, self._session)}" if self._shown != due.step.id else ""
        self._shown = due.step.id
        if title or text:
            self._hands.heading(title, text)

    def _note(self, type: str, due: Due, **data: Json) -> None:  # noqa: A002
        who = person_json(self._hands.person)
        self._write(type, {"step": due.step.id, "part": due.index, **data, **who})

    def _command(self, due: Due, part: Command) -> None:
        words = [filled(word, values(self._session)) for word in part.words]
        match self._hands.parse(words):
            case Unparsed(why):
                reason = f"{part.typed}: {why}"
                self._note("command.ended", due, passed=False, failed=True, reason=reason, following=_MEND)
            case Parsed() as parsed:
                self._run(due, part, placed(words, parsed, self._place()), parsed)

    def _place(self) -> list[tuple[str, ...]]:
        """Where the session works: a practice world, or the servers."""
        world = self._session.world
        return [("--estate", self._session.estate), ("--world", world) if world else ("--live",)]

    def _run(self, due: Due, part: Command, words: list[str], parsed: Parsed) -> None:
        line = "migrate " + " ".join(words)
        again = due.again and parsed.effect == "begins"
        self._note("command.began", due, line=line, effect=parsed.effect)
        ran = self._hands.run(f"{due.step.id}-{due.index + 1}", part, words, again=again)
        held = ran.exit in _WAITS
        passed = ran.past and (held or ran.exit == 0) if part.past or part.asks else ran.exit in part.expect
        reason = "" if passed else ran.waits or f"{line} ended with exit {ran.exit}"
        settled = f"{ran.settles} (here: migrate session run)" if ran.settles else "migrate session run, in a while"
        following = "" if passed else settled if held else _AFTER_FAILURE
        self._note(
            "command.ended",
            due,
            line=line,
            exit=ran.exit,
            output=ran.digest,
            file=ran.file,
            seconds=round(ran.seconds, 3),
            passed=passed,
            failed=not (passed or held or ran.exit in part.expect),
            reason=reason,
            following=following,
            **ran.anchor,
        )

    def _gate(self, due: Due, part: Gate) -> None:
        self._read(due, self._look(part.check, part.about), part)

    def _look(self, check: str, about: tuple[tuple[str, str], ...]) -> Answer:
        return self._hands.look(check, {name: filled(value, values(self._session)) for name, value in about})

    def _read(self, due: Due, answer: Answer, gate: Gate) -> None:
        now = self._now()
        match answer:
            case Pass(reading):
                soak, until = seconds(gate.soak), self._session.soaks.get(due.key)
                if soak and until is None:
                    until = (now + timedelta(seconds=soak)).isoformat(timespec="seconds")
                if until is not None and now < datetime.fromisoformat(until):
                    reason, following = (
                        f"{reading}; it must stay so until {until}",
                        f"migrate session run, from {until} on",
                    )
                    data: dict[str, Json] = {"passed": False, "until": until, "reason": reason, "following": following}
                    self._note("gate.read", due, check=gate.check, answer="pass", reading=reading, **data)
                else:
                    self._note("gate.read", due, check=gate.check, answer="pass", reading=reading, passed=True)
            case Inconclusive(reading, settles):
                late = self._late(due, gate, now)
                said = {"reading": reading, "reason": reading, "following": f"{settles}; then migrate session run"}
                self._note("gate.read", due, check=gate.check, answer="inconclusive", passed=False, failed=late, **said)
            case Fail(reading, fix):
                said = {"reading": reading, "reason": reading, "following": f"{fix}; then migrate session run"}
                self._note("gate.read", due, check=gate.check, answer="fail", passed=False, failed=True, **said)

    def _late(self, due: Due, gate: Gate, now: datetime) -> bool:
        limit, since = seconds(gate.timeout), self._session.asked.get(due.key)
        return bool(limit and since) and now - datetime.fromisoformat(str(since)) > timedelta(seconds=limit)

    def _confirm(self, due: Due, part: Confirm) -> None:
        path = shown(part.plan, self._session)
        plan = self._hands.plan(path) if path else None
        digest = asked_digest(self._session, due, plan.digest if plan else "")
        wanted = plan.name if plan else shown(part.words, self._session)
        people = self._said_yes(due, digest)
        if not people or (part.second and self._hands.person.uid not in people):
            if path:
                self._hands.agreed_to(path)
            question = f"Type {wanted} to agree" + (f" to plan {digest[:12]}: " if plan else ": ")
            if self._typed(due, question, wanted, digest):
                people = self._said_yes(due, digest)
        if len(people) >= (2 if part.second else 1):
            self._note("confirm.passed", due, passed=True, digest=digest, plan=plan.digest if plan else None)
            return
        who = "a second person" if people else "a person"
        how = f"migrate session approve {due.step.id} --digest {digest[:16]} --session {self._session.id}"
        if people:  # they stand elsewhere, in a terminal and with a login of their own
            how += f" --estate {shlex.quote(self._session.estate)}"
        self._note("confirm.waiting", due, passed=False, reason=f"it waits for the word of {who}", following=how)

    def _said_yes(self, due: Due, digest: str) -> set[int]:
        return {word.person.uid for word in self._session.words.get(due.key, []) if word.digest == digest}

    def _typed(self, due: Due, question: str, wanted: str, digest: str) -> bool:
        if (self._hands.ask(question) or "").strip() != wanted:
            return False
        self._note("word.given", due, digest=digest, how="typed")
        return True

    def _evidence(self, due: Due, part: Evidence) -> None:
        what = shown(part.what, self._session)
        given = self._hands.ask(f"{what} ({'path of a file' if part.is_file else 'a line of text'}): ")
        if not given:
            digest = asked_digest(self._session, due, "")
            option = "--file PATH" if part.is_file else "--text TEXT"
            how = f"migrate session approve {due.step.id} --digest {digest[:16]} {option} --session {self._session.id}"
            self._note("evidence.waiting", due, passed=False, reason=f"it waits for: {what}", following=how)
            return
        self.keep(due, part, given)

    def keep(self, due: Due, part: Evidence, given: str) -> None:
        """Keep a piece of evidence for a part. Raises MigrateError."""
        kept = self._hands.keep(f"{due.step.id}-{due.index + 1}", given, is_file=part.is_file)
        what = shown(part.what, self._session)
        self._note("evidence.kept", due, passed=True, what=what, file=kept.file, output=kept.digest)

    def _manual(self, due: Due, part: Manual) -> None:
        do, digest = shown(part.do, self._session), asked_digest(self._session, due, "")
        if not self._said_yes(due, digest):
            self._typed(due, f"By hand: {do}\nType done once it is done: ", "done", digest)
        if not self._said_yes(due, digest):
            how = f"migrate session approve {due.step.id} --digest {digest[:16]} --session {self._session.id}"
            self._note("manual.waiting", due, passed=False, reason=f"by hand: {do}", following=f"do it; then {how}")
            return
        answer = self._look(part.check, part.about) if part.check else Pass("nothing can be looked at")
        match answer:
            case Pass(reading):
                self._note("manual.passed", due, passed=True, do=do, reading=reading, check=part.check or None)
            case Inconclusive(reading, following) | Fail(reading, following):
                reason = f"said to be done, but: {reading}"
                said = {"reason": reason, "following": f"{following}; then migrate session run"}
                self._note("manual.waiting", due, passed=False, **said)


_MEND = "mend the runbook, then migrate session run --accept-change REASON; or migrate session skip REASON"
_AFTER_FAILURE = (
    "read what it said; then migrate session run tries again, migrate session abort REASON turns to the way back"
)
