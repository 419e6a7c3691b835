"""What a way back left standing: which steps, why, and what settles it."""

from __future__ import annotations

from migrate.engine.advance import Course, Finished, needed
from migrate.engine.fold import Done, Kept, Reason, Run
from migrate.engine.route import ahead
from migrate.model.plan import Plan

_BY: dict[Reason, str] = {
    "right": "a missing right",
    "refused": "what a store refused",
    "theirs": "somebody else's changes",
    "final": "what nothing leads back from",
}
"""In the order in which somebody can do something about it."""


def left(plan: Plan, run: Run) -> tuple[tuple[str, str], ...]:
    """The steps that were not taken back, each with why."""
    stays = needed(plan, run.steps)
    below = "something that stands on it could not be taken back"
    answer = [(step, one.why) for step, one in _kept(run).items()]
    return (*answer, *((step, below) for step, one in run.steps.items() if isinstance(one, Done) and step in stays))


def left_by(run: Run) -> str:
    """What it is that keeps them, in the words of whoever has to settle it."""
    found = {one.reason for one in _kept(run).values()}
    return " and ".join(words for reason, words in _BY.items() if reason in found)


def at_rest(plan: Plan, run: Run) -> bool:
    """Whether nothing is left to do on the way back but what was left standing."""
    open_ = run.way == "back" and run.ended is None
    return open_ and bool(_kept(run)) and isinstance(Course(plan, ahead(plan, run)).next(run), Finished)


def settling(run: Run) -> str:
    """What settles it, and the command that tries those steps again."""
    kept = _kept(run).values()
    ways = [*dict.fromkeys(one.following for one in kept if one.following)]
    if any(one.reason == "theirs" for one in kept):
        ways.append("settle with whoever changed them what can be")
    text = "; ".join(ways)
    if "resume" in text:
        return text
    return f"{text}; then: migrate resume" if text else "migrate resume"


def _kept(run: Run) -> dict[str, Kept]:
    return {step: one for step, one in run.steps.items() if isinstance(one, Kept)}
