"""What took a Git step back is merged and applied."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Question
from migrate.checks.delivery import delivered
from migrate.checks.looking import settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Asked on the way back, before anything goes that the committed state still needs."""
    return delivered(observer, question, "Reverted", f"what takes {question.about['step']} back")


CHECK = Check(
    "gitops.reverted",
    ("step", "kustomization"),
    "the way back is merged and Flux has applied it",
    settled(ask),
    True,
    True,
)
