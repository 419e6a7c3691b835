"""The sealed column may go: what it holds is in the plaintext, or will be opened into it first."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import settled
from migrate.checks.sealed_columns import rows_of
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Rows that are not sealed yet lose nothing; a ciphertext that says something else might be the newer value."""
    about = question.about
    seen = rows_of(observer, "comparison", about)
    if differing := seen.number("differing"):
        return Fail(
            f"{differing} rows of {about['table']} say one thing as plaintext and another as ciphertext",
            "find out which of the two is right for each (docs/how-to/transit.md), then migrate rollback",
        )
    return Pass(
        f"of {seen.number('rows')} rows of {about['table']} none differs; {seen.number('alone')} have the ciphertext "
        "alone and are opened first"
    )


CHECK = Check(
    "column.returns",
    ("columns", "key", "key_column", "table"),
    "taking the ciphertext back loses no value",
    settled(ask),
    guards=True,
    locks=True,
)
