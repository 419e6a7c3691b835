"""The longer rotation period, once a natural rotation was lived through."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.duration import seconds, spoken
from migrate.operations.login import LoginSubject
from migrate.operations.static_role import role_state
from migrate.operations.wish import Arguments, Put, Wish, text


def longer_rotation(subject: LoginSubject, arguments: Arguments) -> Iterator[Wish]:
    """An update, which does not rotate. Taking it back shortens the period: agents then still sleep out the old
    time to live and would serve a dead password, so the pods are replaced at once."""
    target, period = subject.static_role, seconds(text(arguments, "period"))
    yield Wish(
        target=target,
        act=Put(role_state(subject, period)),
        summary=f"static role {target.short} rotated every {spoken(period)} from now on",
        blast=f"none at once; every rotation restarts {subject.release.container}",
        guard="refused unless the role is as this plan wrote it",
        needs=(f"vault: update on {target.path}",),
        rests_on=(subject.static_role, subject.release.target),
        updates=True,
        replaces=(subject.release.workload,),
    )
