"""What comes next in a session: from the runbook and where the session stands. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from migrate.model.json import canonical, digest
from migrate.sessions.runbook import DIGEST, ESTATE, Part, Runbook, Step, filled
from migrate.sessions.session import Ended, Key, Session


@dataclass(frozen=True, slots=True)
class Due:
    """A part to be dealt with. `again`: it was tried before."""

    step: Step
    index: int
    part: Part
    again: bool

    @property
    def key(self) -> Key:
        """Which part it is."""
        return self.step.id, self.index


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing is left on this way, and the log does not say so yet."""

    state: Ended


@dataclass(frozen=True, slots=True)
class Closed:
    """It is written down as ended."""

    state: Ended


Next: TypeAlias = Due | Over | Closed


def upcoming(runbook: Runbook, session: Session) -> Next:
    """What is due now."""
    if session.ended is not None:
        return Closed(session.ended)
    steps = runbook.forward if session.way == "forward" else runbook.back
    for step in steps:
        if step.id in session.skipped:
            continue
        for index, part in enumerate(step.parts):
            if (step.id, index) not in session.passed:
                return Due(step, index, part, (step.id, index) in session.tried)
    return Over("done" if session.way == "forward" else "went-back")


def progress(runbook: Runbook, session: Session) -> tuple[int, int]:
    """How many steps of this way are behind, and how many it has."""
    steps = [step for step in (runbook.forward if session.way == "forward" else runbook.back) if step.parts]
    return sum(1 for step in steps if behind(step, session)), len(steps)


def behind(step: Step, session: Session) -> bool:
    """Whether the step is left out or all of it is passed."""
    return step.id in session.skipped or all((step.id, index) in session.passed for index in range(len(step.parts)))


def values(session: Session) -> dict[str, str]:
    """What fills the placeholders now."""
    agreed = {DIGEST: session.agreed} if session.agreed else {}
    return session.inputs | {ESTATE: session.estate} | agreed


def asked_digest(session: Session, due: Due, plan: str) -> str:
    """What a person says yes to: the plan's digest where it is about one, else this very part of this session."""
    if plan:
        return plan
    return digest([session.id, due.step.id, due.index, due.step.digest, dict(sorted(session.inputs.items()))])


def shown(text: str, session: Session) -> str:
    """Text as this session's people read it."""
    return filled(text, values(session))


def text_changes(before: Runbook, after: Runbook, session: Session) -> list[str]:
    """The steps begun and not finished whose text is another now: they begin anew. What is behind stays behind."""
    texts = {step.id: step.digest for step in after.steps}
    begun = {step for step, _ in session.passed}
    return [
        step.id
        for step in before.steps
        if step.id in begun and not behind(step, session) and texts.get(step.id) != step.digest
    ]


def same(first: Runbook, second: Runbook) -> bool:
    """Whether two runbooks say the same to the letter."""
    return canonical(first.text) == canonical(second.text)
