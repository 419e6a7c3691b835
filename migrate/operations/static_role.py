"""A static role: Vault rotates the password of the one new login."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.duration import seconds, spoken
from migrate.model.json import Json
from migrate.operations.login import LoginSubject, postgres
from migrate.operations.wish import Arguments, Put, Wish, text

ROTATION = "ALTER ROLE \"{{name}}\" WITH PASSWORD '{{password}}';"


def static_role(subject: LoginSubject, arguments: Arguments) -> Iterator[Wish]:
    """The role, with a short period first so that a natural rotation is lived through while everybody watches."""
    target, period = subject.static_role, seconds(text(arguments, "period"))
    yield Wish(
        target=target,
        act=Put(role_state(subject, period)),
        summary=f"static role {target.short} on {subject.new_login}, rotated every {spoken(period)}",
        blast=f"rotates the password of {subject.new_login} at once, which nobody uses yet",
        guard="refused if it exists: this request creates or updates, and only creating may rotate",
        needs=(f"vault: create, update, delete on {target.path}",),
        rests_on=(subject.connection, postgres(subject.new_login)),
        remains=f"writing the role rotated the password of {subject.new_login}; deleting the role leaves it so",
        compensated_by=postgres(subject.new_login),
    )


def role_state(subject: LoginSubject, period: int) -> Json:
    """The role as Vault reads it back."""
    return {
        "db_name": subject.connection.short,
        "username": subject.new_login,
        "rotation_period": period,
        "rotation_statements": [ROTATION],
    }
