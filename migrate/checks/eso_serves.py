"""Before the workload goes back to its old credential: that one works."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Question
from migrate.checks.looking import settled
from migrate.checks.old_way import old_way
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Asked on the way back, before the cutover is reverted."""
    return old_way(observer, question)


CHECK = Check(
    "eso.serves",
    ("secret", "secret_key", "external_secret", "old_login"),
    "the Secret exists, is synced from Vault, and the old login may log in",
    settled(ask),
    guards=True,
)
