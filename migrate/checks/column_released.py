"""The application writes no ciphertext any more, so that its column, its policy and its login may go."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Inconclusive, Pass, Question
from migrate.checks.looking import look, settled
from migrate.checks.sealed_columns import newest, noted, said, until
from migrate.model.ports import Observer

_QUIET = "900"
"""Seconds without any ciphertext written after which nobody is taken for writing it."""


def ask(observer: Observer, question: Question) -> Answer:
    """Plaintext alone, written later than any ciphertext, is the sign; else silence is waited for."""
    about = question.about
    seen = look(observer, f"postgres:writes/{about['columns']}")
    sealed, plain = newest(noted(seen, "both"), noted(seen, "sealed")), noted(seen, "plain")
    if sealed is None:
        return Pass(f"no row of {about['table']} was ever written with ciphertext by an application")
    if plain is not None and plain > sealed:
        return Pass(f"rows are written with the plaintext alone again, last at {said(plain)}")
    if (over := until(sealed, _QUIET)) <= question.now:
        return Pass(f"no ciphertext was written since {said(sealed)}")
    return Inconclusive(
        f"the application wrote ciphertext at {said(sealed)}",
        f"deploy the version that writes the plaintext alone; or nobody writes ciphertext until {said(over)}",
    )


CHECK = Check(
    "column.released",
    ("columns", "table"),
    "the application no longer writes the ciphertext",
    settled(ask),
    guards=True,
)
