"""The login that was left can no longer log in. It keeps everything it owned."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.operations.login import Leaving, postgres
from migrate.operations.wish import Arguments, Put, Wish


def close_login(subject: Leaving, arguments: Arguments) -> Iterator[Wish]:
    """NOLOGIN, unless a database operator lists the login (it would take that back) or others still use it."""
    old = subject.left
    if subject.listed_by or not all(copied.retire for copied in subject.copies):
        return
    yield Wish(
        target=postgres(old),
        act=Put({"login": False}),
        summary=f"the old login {old} can no longer log in; it keeps what it owns",
        blast=f"whoever still logs in as {old} is refused; open sessions live on",
        guard=f"refused while any session of {old} is open",
        needs=("postgres: ADMIN on " + old,),
        rests_on=(subject.release.target, *(copied.git for copied in subject.copies)),
        updates=True,
    )
