"""The password that the agent wrote before works now, so that going back to it works."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Question
from migrate.checks.db_login import logs_in
from migrate.checks.looking import settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Asked before anything leaves that way, and before the workload goes back to it: as the account that reads it."""
    about = question.about
    return logs_in(observer, about, about["served_path"], about["served_role"])


CHECK = Check(
    "vault.serves",
    ("namespace", "account", "auth_mount", "audience", "served_path", "served_role", "database", "owner"),
    "the password that the agent wrote before still opens the database",
    settled(ask),
    guards=True,
    prefix=True,
)
