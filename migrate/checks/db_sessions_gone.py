"""Nobody uses the new login, so that it can go."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Pass, Question
from migrate.checks.looking import settled
from migrate.checks.quiet import quiet
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Sessions end with the pods that held them."""
    login = question.about["new_login"]
    return quiet(observer, login) or Pass(f"{login} has no session")


CHECK = Check("db.sessions-gone", ("new_login",), "nobody uses the new login", settled(ask), guards=True)
