"""What the commits of a plan say of themselves: for the person who reads the log, and for us when we come back."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from migrate.model.plan import Plan, Way
from migrate.model.ports import Move

_WIDTH = 72


@dataclass(frozen=True, slots=True)
class Wording:
    """How the operator wants it: `subject` with `{summary}`, `{plan}`, `{phase}` and `{step}` filled in."""

    subject: str
    plan: Plan
    name: str


def message(move: Move, wording: Wording) -> str:
    """The whole message: what and why, and the trailers by which the commit is known again."""
    step = wording.plan.step(move.step)
    head, text = _subject(move, wording), " ".join(move.summary.split())
    parts = [head] if head == text else [head, *_wrapped(text)]
    if step is not None and move.way == "forward":
        parts += _wrapped(f"What it touches: {step.blast}.")
    stage = f", stage {step.stage}" if step is not None else ""
    parts += _wrapped(f"{_ROLE[move.way]} step {move.step} of plan {move.plan}{stage}.")
    parts.append("\n".join(f"{key}: {value}" for key, value in trailers(move).items()))
    return "\n\n".join(parts) + "\n"


_ROLE: dict[Way, str] = {"forward": "This is", "back": "This takes back"}


def trailers(move: Move) -> dict[str, str]:
    """What the commit is known by."""
    return {
        "Migrate-Plan": move.plan,
        "Migrate-Digest": move.digest,
        "Migrate-Step": move.step,
        "Migrate-Way": move.way,
        "Migrate-Run": move.run,
    }


def _subject(move: Move, wording: Wording) -> str:
    text = wording.subject
    names = {"plan": wording.name, "phase": wording.plan.phase, "step": move.step, "summary": move.summary}
    for key, value in names.items():
        text = text.replace(f"{{{key}}}", " ".join(value.split()))
    return textwrap.shorten(text, _WIDTH, placeholder=" ...")


def _wrapped(text: str) -> list[str]:
    return ["\n".join(textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False))]
