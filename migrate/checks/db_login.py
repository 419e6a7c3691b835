"""The credential that the workload will read logs in to the database and acts as the old owner."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import let_in, look, settled
from migrate.model.json import mapping
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """What is read here is what the agent will read: same login to Vault, same path."""
    about = question.about
    if about["account_comes"]:
        return _from_outside(observer, about)
    return logs_in(observer, about, about["path"], about["jwt_role"])


def logs_in(observer: Observer, about: Mapping[str, str], path: str, role: str) -> Answer:
    """Whether what the workload's account reads at the path, with that role, opens the database and acts as its owner.

    Raises Unreachable.
    """
    asked = urlencode(
        {
            "role": f"auth/{about['auth_mount']}/role/{role}",
            "audience": about["audience"],
            "path": path,
            "database": about["database"],
        }
    )
    login = look(observer, f"cluster:DatabaseLogin/{about['namespace']}/{about['account']}?{asked}")
    if not let_in(login):
        why = f": {login.text('why')}" if login.shows("why") else ""
        return Fail(f"the credential at {path} does not log in{why}", "see the log of PostgreSQL for the reason")
    session, current = login.text("session"), login.text("current")
    if current != about["owner"]:
        return Fail(
            f"logged in as {session}, but acts as {current}",
            f'ALTER ROLE "{session}" IN DATABASE "{about["database"]}" SET role = \'{about["owner"]}\'',
        )
    return Pass(f"the credential at {path} logs in as {session} and acts as {current}")


def _from_outside(observer: Observer, about: Mapping[str, str]) -> Answer:
    """The account is not there yet: that Vault could set the password, and as whom the login acts, is what shows."""
    role = look(observer, f"vault:{about['database_mount']}/static-roles/{about['static_role']}")
    rotated, login = role.text("last_vault_rotation"), role.text("username")
    acts = mapping(look(observer, f"postgres:role/{login}").value.get("actsAs"))
    if acts.get(about["database"]) != about["owner"]:
        return Fail(
            f"{login} does not act as {about['owner']} in database {about['database']}",
            f'ALTER ROLE "{login}" IN DATABASE "{about["database"]}" SET role = \'{about["owner"]}\'',
        )
    return Pass(
        f"ServiceAccount {about['namespace']}/{about['account']} comes with the cutover; Vault logged in and set the "
        f"password of {login} at {rotated}, and that login acts as {about['owner']}"
    )


CHECK = Check(
    "db.login",
    (
        *("namespace", "account", "account_comes", "auth_mount", "jwt_role", "audience"),
        *("path", "database", "database_mount", "static_role", "owner"),
    ),
    "the workload's credential works and acts as the owner",
    settled(ask),
)
