"""The column can be sealed: a text, nothing is found by it, and it may be empty."""

from __future__ import annotations

import re

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.model.ports import Observer

_TEXT = re.compile(r"text|character varying(\(\d+\))?")


def ask(observer: Observer, question: Question) -> Answer:
    """As the catalogue has it now."""
    about = question.about
    seen = look(observer, f"postgres:plaintext/{about['columns']}")
    if not seen.flag("kept"):
        return Fail(f"there is no column {about['column']}", "correct transit.columns in migrate.yaml, then plan again")
    if not _TEXT.fullmatch(seen.text("type")):
        return Fail(
            f"{about['column']} is of type {seen.text('type')}, and what opens is a text",
            "turn it into a text first, or into a column of its own beside it",
        )
    if indexes := seen.texts("indexes"):
        return Fail(
            f"{about['column']} is in {joined(indexes)}, and the same value is another ciphertext each time",
            "search by a keyed hash in a column of its own, and drop the index",
        )
    if seen.flag("required"):
        return Fail(
            f"{about['column']} may not be empty, so the application cannot stop writing it",
            f"ALTER TABLE {about['table']} ALTER COLUMN {about['column'].rpartition('.')[2]} DROP NOT NULL",
        )
    return Pass(f"{about['column']} is a {seen.text('type')} that nothing is searched by, and may be empty")


CHECK = Check("column.shape", ("columns", "column", "table"), "the column can be sealed", settled(ask))
