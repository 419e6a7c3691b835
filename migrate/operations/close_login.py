"""The old login can no longer log in. It still owns everything it owned."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.operations.login import Leaving, postgres
from migrate.operations.wish import Arguments, Put, Wish


def close_login(subject: Leaving, arguments: Arguments) -> Iterator[Wish]:
    """NOLOGIN, unless a database operator lists the login (it would take that back) or others still use it."""
    login = subject.login
    if login.operator or not subject.copied.retire:
        return
    yield Wish(
        target=postgres(login.owner),
        act=Put({"login": False}),
        summary=f"the old login {login.owner} can no longer log in; it keeps what it owns",
        blast=f"whoever still logs in as {login.owner} is refused; open sessions live on",
        guard=f"refused while any session of {login.owner} is open",
        needs=("postgres: ADMIN on " + login.owner,),
        rests_on=(subject.release.target, subject.copied.git),
        updates=True,
    )
