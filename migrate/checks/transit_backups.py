"""No backup is left that holds ciphertext of older versions of the key: restored, it would not open."""

from __future__ import annotations

from datetime import timedelta

from migrate.checks.answer import Answer, Check, Inconclusive, Pass, Question
from migrate.checks.looking import settled
from migrate.checks.sealed_columns import said
from migrate.model.duration import spoken
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """By how long backups are kept, as the estate's settings declare it: nobody can look into all of them."""
    kept, version = int(question.about["backups"]), question.about["version"]
    if question.since is None:
        return Inconclusive("when every row bore the new version is not known yet", "migrate resume rewraps the rest")
    gone = question.since + timedelta(seconds=kept)
    if gone > question.now:
        return Inconclusive(
            f"backups from before {said(question.since)} hold versions before {version}, and are kept {spoken(kept)}",
            f"the last of them is gone at {said(gone)} (transit.backups in migrate.yaml, when this was planned)",
        )
    return Pass(f"every backup that is kept was made after {said(question.since)}, when every row bore {version}")


CHECK = Check("transit.backups", ("backups", "version"), "no backup holds what would not open any more", settled(ask))
