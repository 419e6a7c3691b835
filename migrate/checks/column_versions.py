"""No row bears an older version of the key: what is counted, not what was written."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Every row by the version that stands in its ciphertext."""
    about = question.about
    seen = look(observer, f"postgres:versions/{about['columns']}")
    if not seen.exists:
        return Fail(f"there is no column to count in {about['table']}", "see who dropped it; nothing may be retired")
    rows = {int(version): count for version, count in seen.counts("rows").items()}
    if not rows:
        return Inconclusive(f"no row of {about['table']} has a ciphertext", "rows are there again, or migrate rollback")
    if old := [version for version in sorted(rows) if version < int(about["version"])]:
        each = ", ".join(f"{rows[version]} of {f'version {version}' if version else 'none'}" for version in old)
        return Fail(
            f"rows of {about['table']} are older than version {about['version']} of the key: {each}",
            "find who wrote them (a restore, a cache of ciphertexts); then migrate rollback, and plan it again",
        )
    return Pass(f"all {sum(rows.values())} sealed rows of {about['table']} bear version {min(rows)} or newer")


CHECK = Check(
    "column.versions",
    ("columns", "table", "version"),
    "nothing older than the newest version of the key is left",
    settled(ask),
    guards=True,
    prefix=True,
)
