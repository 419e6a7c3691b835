"""A login that Vault issues can be revoked again, together with what it made."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Only a trial shows it, and a check makes none: it reads how the last one ended."""
    mount, role = question.about["database_mount"], question.about["dynamic_role"]
    trial = look(observer, f"vault:{mount}/trials/{role}")
    if not trial.exists or not trial.shows("left"):
        return Inconclusive(
            f"nobody has tried to issue and revoke a login of {role}",
            f"vault read {mount}/creds/{role}; as that login: create table migrate_trial (); then "
            f"vault lease revoke -prefix {mount}/creds/{role}; where no login is left, that passes the gate",
        )
    left = trial.texts("left")
    if left:
        return Fail(
            f"after revoking, {joined(left)} is still there",
            "the role's revocation_statements need rights that Vault's login has not: see the server's log",
        )
    return Pass("a login was issued, made a table, and was revoked without a trace")


CHECK = Check(
    "db.revoke-cycle",
    ("database_mount", "dynamic_role"),
    "an issued login can be revoked with all it owns",
    settled(ask),
)
