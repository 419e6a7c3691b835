"""Vault's own login in the database: no superuser, and able to change the password of one other login only."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.change import Input
from migrate.model.json import Json
from migrate.operations.login import LoginSubject, postgres
from migrate.operations.wish import Arguments, Put, Wish

GENERATED = "generated when this step runs, kept in memory until Vault holds it, never written down"


def vault_login(subject: LoginSubject, arguments: Arguments) -> Iterator[Wish]:
    """The login that the connection in Vault uses.

    Its password is random and known to Vault alone, so `rotate-root` has nothing to add: it would only lock Vault
    out of a database that comes back from a backup.
    """
    login: dict[str, Json] = {
        "login": True,
        "createrole": True,
        "superuser": False,
        "connect": [subject.login.database],
    }
    if arguments.get("dynamic") is True:
        # Dropping what an ephemeral login owned means acting as the owner, and ending its sessions first.
        login["memberOf"] = [subject.login.owner, "pg_signal_backend"]
        login["adminOf"] = [subject.login.owner]
    yield Wish(
        target=postgres(subject.vault_login),
        act=Put(login, (Input("password", GENERATED),)),
        summary=f"login {subject.vault_login}, with which Vault sets passwords (no superuser)",
        blast="nobody uses it yet",
        guard="refused if a role of this name exists",
        needs=("postgres: CREATEROLE and GRANT on the database",),
    )
