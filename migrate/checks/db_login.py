"""The credential that the workload will read logs in to the database and acts as the old owner."""

from __future__ import annotations

from urllib.parse import urlencode

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """What is read here is what the agent will read: same login to Vault, same path."""
    about = question.about
    asked = urlencode(
        {
            "role": f"auth/{about['auth_mount']}/role/{about['jwt_role']}",
            "audience": about["audience"],
            "path": about["path"],
            "database": about["database"],
        }
    )
    login = look(observer, f"cluster:DatabaseLogin/{about['namespace']}/{about['account']}?{asked}")
    if not login.flag("allowed"):
        why = f": {login.text('why')}" if login.shows("why") else ""
        return Fail(
            f"the credential at {about['path']} does not log in{why}", "see the log of PostgreSQL for the reason"
        )
    session, current = login.text("session"), login.text("current")
    if current != about["owner"]:
        return Fail(
            f"logged in as {session}, but acts as {current}",
            f'ALTER ROLE "{session}" IN DATABASE "{about["database"]}" SET role = \'{about["owner"]}\'',
        )
    return Pass(f"the credential at {about['path']} logs in as {session} and acts as {current}")


CHECK = Check(
    "db.login",
    ("namespace", "account", "auth_mount", "jwt_role", "audience", "path", "database", "owner"),
    "the workload's credential works and acts as the owner",
    settled(ask),
)
