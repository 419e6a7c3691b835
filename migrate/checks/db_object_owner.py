"""One role owns every object of the database, so that acting as it is enough."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.model.json import mapping
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Objects of another owner would be out of the new login's reach."""
    owner, database = question.about["owner"], question.about["database"]
    seen = look(observer, f"postgres:ownership/{database}")
    if not seen.exists:
        return Fail(f"there is no database {database}", "check the database's name in the release's settings")
    owners = mapping(seen.value.get("owners"))
    others = sorted(role for role, count in owners.items() if role != owner and count)
    if others:
        return Fail(
            f"{joined(others)} own objects of database {database} too",
            f'for each of them: REASSIGN OWNED BY "ROLE" TO "{owner}", as an administrator in database {database}',
        )
    return Pass(f"{owner} owns all {owners.get(owner, 0)} objects of database {database}")


CHECK = Check("db.object-owner", ("owner", "database"), "the old login owns every object of the database", settled(ask))
