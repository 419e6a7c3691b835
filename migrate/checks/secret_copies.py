"""Nobody uses the old login, so that closing it hurts nobody."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Pass, Question
from migrate.checks.looking import settled
from migrate.checks.quiet import quiet
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Copies of the password that no reference shows would show here."""
    old = question.about["old_login"]
    return quiet(observer, old) or Pass(f"{old} has no session")


CHECK = Check(
    "secret.copies",
    ("old_login",),
    "nobody logs in with a copy of the old password",
    settled(ask),
    guards=True,
    prefix=True,
)
