"""The server's version is the one the SQL of the plan is written for."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """From 16 on whoever sets a password needs ADMIN on that very login; before, such a grant may not be written."""
    written_for = question.about["server_version"]
    version = look(observer, "postgres:server/settings").number("version")
    if not written_for:
        return Pass(f"PostgreSQL {version}; the plan's SQL is for any version")
    if (int(written_for) >= 16) != (version >= 16):
        return Fail(
            f"the server is PostgreSQL {version}, the plan's SQL is for {written_for}",
            f"set database.version: {version} in migrate.yaml and plan again",
        )
    return Pass(f"PostgreSQL {version}, as the plan's SQL expects")


CHECK = Check("db.pg16-admin", ("server_version",), "the SQL is written for the version the server has", settled(ask))
