"""Vault reaches the database and is let in: shown by its connection, before anything is rotated through it."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """A session of Vault's own login, whose password nobody else has; without one, Vault is asked to connect anew."""
    about = question.about
    address, login = about["address"], about["vault_login"]
    if not address:
        return Fail(
            "the address by which Vault reaches the database is unknown", "set database.address in migrate.yaml"
        )
    sessions = look(observer, f"postgres:sessions/{login}")
    if sessions.number("count"):
        clients = f" from {joined(sessions.texts('clients'))}" if sessions.shows("clients") else ""
        return Pass(f"Vault reaches {address}: it is logged in there as {login}{clients}")
    name = about["connection"]
    tried = look(observer, f"vault:{about['database_mount']}/reach/{name}")
    if not tried.exists:
        return Inconclusive(
            f"Vault has no connection {name} to {address} yet",
            "its step is taken: Vault tries the connection as it is written, and refuses it where that fails",
        )
    if not tried.flag("reached"):
        return Fail(
            f"Vault does not get into {address}: {tried.text('why')}",
            "open the route and pg_hba.conf for Vault, or correct database.address in migrate.yaml and plan again",
        )
    return Pass(f"Vault reaches {address}: asked to, it has just connected anew with {name}")


CHECK = Check(
    "db.reach-from-vault",
    ("address", "connection", "database_mount", "vault_login"),
    "Vault reaches the database and is let in",
    settled(ask),
)
