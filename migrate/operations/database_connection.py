"""The database connection in Vault: which server, as whom, and for which one role."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.change import Input
from migrate.model.json import Json
from migrate.operations.login import LoginSubject, postgres
from migrate.operations.wish import Arguments, Put, Wish, number, text

UNSET = "ADDRESS-UNKNOWN"
"""Stands where the address would: a name that resolves nowhere, in case anybody runs an export as it is."""


def database_connection(subject: LoginSubject, arguments: Arguments) -> Iterator[Wish]:
    """The connection. Its address is the one *Vault* uses; a name inside the cluster is never taken for it."""
    target, login = subject.connection, postgres(subject.vault_login)
    address = subject.vault.database_address or UNSET
    role = subject.dynamic_role if arguments.get("dynamic") is True else subject.static_role
    url = f"postgresql://{{{{username}}}}:{{{{password}}}}@{address}/{subject.login.database}"
    connection: dict[str, Json] = {
        "plugin_name": "postgresql-database-plugin",
        "allowed_roles": [role.short],
        "connection_url": f"{url}?sslmode={subject.vault.sslmode}",
        "username": subject.vault_login,
        "password_authentication": "scram-sha-256",
        "max_open_connections": number(arguments, "connections"),
        "max_connection_lifetime": text(arguments, "lifetime"),
        "verify_connection": True,
    }
    if subject.vault.database_ca and subject.vault.sslmode.startswith("verify"):
        connection["tls_ca"] = subject.vault.database_ca
    yield Wish(
        target=target,
        act=Put(connection, (Input("password", f"the one generated for {login}", login),)),
        summary=f"connection {target.short} to database {subject.login.database} at {address}",
        blast="nobody uses it yet; Vault opens one connection to prove it",
        guard="refused if it exists: writing over a connection whose password Vault rotated would break it",
        needs=(f"vault: create, delete on {target.path}",),
        rests_on=(login,),
    )
