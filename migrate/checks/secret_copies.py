"""Nobody uses the old login, so that closing it hurts nobody."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Pass, Question
from migrate.checks.looking import settled
from migrate.checks.quiet import quiet
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Copies of the password that no reference shows would show here."""
    owner = question.about["owner"]
    return quiet(observer, owner) or Pass(f"{owner} has no session")


CHECK = Check("secret.copies", ("owner",), "nobody logs in with a copy of the old password", settled(ask), guards=True)
