"""Every row decrypted and compared; what changes meanwhile once more, while nobody may write the table."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import settled
from migrate.checks.sealed_columns import rows_of
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """All of them, each time: what is dropped after this is not to be had again."""
    about = question.about
    seen = rows_of(observer, "comparison", about)
    counts = {key: seen.number(key) for key in ("differing", "missing", "unreadable")}
    if wrong := [f"{count} {key}" for key, count in counts.items() if count]:
        return Fail(
            f"of {seen.number('rows')} rows of {about['table']}: {', '.join(wrong)}",
            "go no further: find who wrote these (docs/how-to/transit.md), then migrate resume",
        )
    alone = f", {seen.number('alone')} have the ciphertext alone and open" if seen.number("alone") else ""
    return Pass(
        f"all {seen.number('rows')} rows of {about['table']} were decrypted: none differs, none is missing{alone}"
    )


CHECK = Check(
    "column.compared",
    ("columns", "key", "key_column", "table"),
    "ciphertext and plaintext say the same",
    settled(ask),
    guards=True,
    prefix=True,
    locks=True,
)
