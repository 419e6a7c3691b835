"""The old way works now, so that going back to it works."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Question
from migrate.checks.looking import settled
from migrate.checks.old_way import old_way
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Asked before anything leaves the old way."""
    return old_way(observer, question)


CHECK = Check(
    "kv.value-equal",
    ("secret", "secret_key", "external_secret", "old_login"),
    "the Secret still serves what Vault holds, and the old login may log in",
    settled(ask),
    guards=True,
    prefix=True,
)
