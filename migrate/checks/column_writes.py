"""The application writes both columns, so that what is filled in now stays as new as the plaintext."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import look, settled
from migrate.checks.sealed_columns import noted, said, until
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """The guard noted when a row was last written which way. One that is gone proves nothing."""
    about = question.about
    seen = look(observer, f"postgres:writes/{about['columns']}")
    if not seen.flag("guarded"):
        return Fail(
            f"the guard of {about['column']} is gone", "migrate rollback, then plan again: it comes back with it"
        )
    both, plain = noted(seen, "both"), noted(seen, "plain")
    if both is None:
        return Inconclusive(
            f"no row of {about['table']} was written with plaintext and ciphertext yet",
            "deploy the version of the application that reads both and writes both",
        )
    if plain is not None and plain >= both:
        return Inconclusive(
            f"a row was written with the plaintext alone at {said(plain)}",
            "find who does (an older pod, a job, a person), and deploy the version that writes both there too",
        )
    if plain is not None and (over := until(plain, about["quiet"])) > question.now:
        return Inconclusive(
            f"a row was written with the plaintext alone at {said(plain)}", f"nobody does until {said(over)}"
        )
    alone = f"the last with the plaintext alone at {said(plain)}" if plain else "none with the plaintext alone"
    return Pass(f"rows are written with both, last at {said(both)}; {alone}")


CHECK = Check(
    "column.writes", ("columns", "column", "table", "quiet"), "the application writes both columns", settled(ask)
)
