"""Nobody uses the login whose password Vault is about to change."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Writing a static role rotates at once."""
    login = question.about["new_login"]
    count = look(observer, f"postgres:sessions/{login}").number("count")
    if count:
        return Fail(
            f"{login} has {count} sessions, and writing the static role changes its password",
            f"find out who uses {login} (pg_stat_activity) and end that first",
        )
    return Pass(f"{login} has no sessions")


CHECK = Check(
    "db.static-takeover", ("new_login",), "nobody uses the login yet that Vault takes over", settled(ask), True
)
