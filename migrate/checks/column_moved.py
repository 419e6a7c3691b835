"""The application has left the plaintext: it writes the ciphertext alone, and has for long enough."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Inconclusive, Pass, Question
from migrate.checks.looking import look, settled
from migrate.checks.sealed_columns import newest, noted, said, until
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """A row that is written so has no plaintext any more: whoever still reads that would have seen it empty."""
    about = question.about
    seen = look(observer, f"postgres:writes/{about['columns']}")
    sealed, plain = noted(seen, "sealed"), newest(noted(seen, "plain"), noted(seen, "both"))
    if sealed is None:
        return Inconclusive(
            f"no row of {about['table']} was written with the ciphertext alone yet",
            "deploy the version of the application that neither reads nor writes the plaintext",
        )
    if plain is not None and (plain >= sealed or until(plain, about["settled"]) > question.now):
        return Inconclusive(
            f"a row was written with plaintext at {said(plain)}",
            f"nobody does until {said(until(plain, about['settled']))}",
        )
    return Pass(f"rows are written with the ciphertext alone, last at {said(sealed)}, and with no plaintext")


CHECK = Check(
    "column.moved",
    ("columns", "table", "settled"),
    "the application no longer writes the plaintext",
    settled(ask),
    guards=True,
)
