"""A login that Vault issues can be revoked again, together with what it made."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Only a trial shows it, and a check makes none: it reads how the last one ended."""
    about = question.about
    mount, role = about["database_mount"], about["dynamic_role"]
    trial = look(observer, f"vault:{mount}/trials/{role}")
    if not trial.exists or not trial.shows("left"):
        return Inconclusive(
            f"nobody has tried to issue and revoke a login of {role}",
            f"vault read {mount}/creds/{role}; as that login: select current_user; create table migrate_trial (); then "
            f"vault lease revoke -prefix {mount}/creds/{role}; where no login is left, that passes the gate",
        )
    if trial.text("current") != about["owner"]:
        return Fail(
            f"a login of {role} acts as {trial.text('current')}, not as {about['owner']}",
            "its creation_statements must set the role in the database: restore the role, then try again",
        )
    left = trial.texts("left")
    if left:
        return Fail(
            f"after revoking, {joined(left)} is still there",
            "the role's revocation_statements need rights that Vault's login has not: see the server's log",
        )
    return Pass(f"a login was issued, acted as {about['owner']}, made a table, and was revoked without a trace")


CHECK = Check(
    "db.revoke-cycle",
    ("database_mount", "dynamic_role", "owner"),
    "an issued login can be revoked with all it owns",
    settled(ask),
)
