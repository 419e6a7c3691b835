"""A login that Vault issues can be revoked again, whatever it made."""

from __future__ import annotations

from urllib.parse import urlencode

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import joined, look, permitted, settled
from migrate.model.ports import Observer

_PROVES = "a login of the role is issued, acts as the owner, and leaves nothing when it is revoked"


def ask(observer: Observer, question: Question) -> Answer:
    """One whole life of a login: issued as the workload will be, used for a table that is not kept, revoked."""
    about = question.about
    asked = urlencode(
        {
            "role": f"auth/{about['auth_mount']}/role/{about['jwt_role']}",
            "audience": about["audience"],
            "path": about["path"],
            "database": about["database"],
        }
    )
    trial = look(observer, f"cluster:RevokeCycle/{about['namespace']}/{about['account']}?{asked}")
    permitted(trial, _PROVES)
    if not trial.flag("issued"):
        return Fail(
            f"no login is issued at {about['path']}: {trial.text('why')}", "see the log of Vault and PostgreSQL"
        )
    if left := trial.texts("left"):
        return Fail(
            f"after revoking, {joined(left)} is still there",
            "the role's revocation_statements need rights that Vault's login has not: see PostgreSQL's log, then drop "
            "it by hand",
        )
    if trial.shows("why"):
        return Fail(
            f"a login was issued at {about['path']} and is of no use: {trial.text('why')}", "see PostgreSQL's log"
        )
    acting = {trial.text("current"), trial.text("owner")}
    if acting != {about["owner"]}:
        return Fail(
            f"a login of {about['dynamic_role']} acts as {trial.text('current')}, and what it makes belongs to "
            f"{trial.text('owner')}, not to {about['owner']}",
            "its creation_statements must set the role in the database: restore the role, then try again",
        )
    return Pass(f"a login was issued, acted as {about['owner']}, made a table, and was revoked without a trace")


CHECK = Check(
    "db.revoke-cycle",
    (
        *("namespace", "account", "auth_mount", "jwt_role", "audience"),
        *("path", "database", "dynamic_role", "owner"),
    ),
    "an issued login can be revoked with all it owns",
    settled(ask),
)
