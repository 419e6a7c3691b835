"""What a Git step committed is merged and applied."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Question
from migrate.checks.delivery import delivered
from migrate.checks.looking import settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Asked before anything that rests on it."""
    return delivered(observer, question, "Applied", f"what {question.about['step']} committed")


CHECK = Check(
    "gitops.applied",
    ("step", "kustomization"),
    "the commit is merged and Flux has applied it",
    settled(ask),
    True,
    True,
)
