"""No database operator looks after the login that Vault will rotate."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Two owners of one password take it from each other: outages of a day were seen."""
    login = question.about["new_login"]
    listed = look(observer, f"cluster:DatabaseOperator/{login}").texts("listedBy")
    if listed:
        return Fail(f"{joined(listed)} manages login {login} too", f"take {login} out of its list of users")
    return Pass(f"no database operator lists {login}")


CHECK = Check(
    "db.operator-managed", ("new_login",), "no database operator writes the new login's password", settled(ask), True
)
