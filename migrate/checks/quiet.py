"""Whether a login is unused."""

from __future__ import annotations

from migrate.checks.answer import Inconclusive
from migrate.checks.looking import joined, look
from migrate.model.ports import Observer


def quiet(observer: Observer, login: str) -> Inconclusive | None:
    """Why it is not: it has sessions now. None where it has none."""
    sessions = look(observer, f"postgres:sessions/{login}")
    count = sessions.number("count")
    if not count:
        return None
    clients = f", from {joined(sessions.texts('clients'))}" if sessions.shows("clients") else ""
    return Inconclusive(
        f"{login} has {count} sessions{clients}", "they end; find out whose they are in pg_stat_activity"
    )
