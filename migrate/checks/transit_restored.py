"""A Vault restored from a backup decrypts what is in the table: else the drop would bet everything on one server."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import settled
from migrate.checks.sealed_columns import rows_of
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """The second Vault decrypts the same rows, and they are compared with the plaintext that is still there."""
    about = question.about
    seen = rows_of(observer, "restored", about)
    if not seen.exists:
        return Inconclusive(
            "no restored Vault is named",
            "restore a backup of Vault to a second server, name it under transit.restored in migrate.yaml, then resume",
        )
    where, rows = seen.text("address"), seen.number("rows")
    wrong = seen.number("unreadable") + seen.number("differing")
    if wrong:
        return Fail(
            f"the restored Vault at {where} does not open {wrong} of {rows} rows",
            "restore a newer backup: it must hold the version of the key that the rows bear; then migrate resume",
        )
    opened = seen.number("equal") + seen.number("alone")
    if not opened:
        return Inconclusive(f"there is no row for the restored Vault at {where} to open", "a row is written")
    return Pass(f"the restored Vault at {where} opens {opened} rows that were tried, and they say what they should")


CHECK = Check(
    "transit.restored",
    ("columns", "key", "key_column"),
    "a backup of Vault opens what the table holds",
    settled(ask),
    guards=True,
    prefix=True,
)
