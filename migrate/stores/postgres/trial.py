"""A login tried out: who one is, and as whom one acts. The password lives as long as the call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg

from migrate.model.json import Json
from migrate.stores.postgres.session import said


@dataclass(frozen=True, slots=True)
class Door:
    """Where and how to knock."""

    host: str
    port: int
    database: str
    sslmode: str
    ca: str | None


@dataclass(frozen=True, slots=True)
class Credential:
    """A login and its password."""

    user: str
    password: str = field(repr=False)


def tried(door: Door, credential: Credential) -> dict[str, Json]:
    """Whether it logs in: `{allowed, session, current}`, or why not. Nothing where the server does not answer."""
    try:
        with _entered(door, credential) as connection:
            row = connection.execute("select session_user::text, current_user::text").fetchone()
    except psycopg.Error as error:
        return {"allowed": False, "why": _said(error, credential)} if "FATAL" in str(error) else {}
    session, current = row or ("", "")
    return {"allowed": True, "session": session, "current": current}


_TABLE = "migrate_trial_of_an_issued_login"


def used(door: Door, credential: Credential) -> dict[str, Json]:
    """As whom it acts and to whom a table of its making belongs: `{current, owner}`, or why it is of no use.

    The table is never committed.
    """
    try:
        with _entered(door, credential) as connection, connection.transaction(force_rollback=True):
            connection.execute(f"create table {_TABLE} ()".encode())
            query = "select current_user::text, tableowner::text from pg_tables where tablename = %s"
            row = connection.execute(query, (_TABLE,)).fetchone()
    except psycopg.Error as error:
        return {"why": _said(error, credential)}
    current, owner = row or ("", "")
    return {"current": current, "owner": owner}


def _entered(door: Door, credential: Credential) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(
        host=door.host, port=door.port, dbname=door.database, user=credential.user, password=credential.password,
        sslmode=door.sslmode, sslrootcert=door.ca or "system" if door.sslmode.startswith("verify") else None,
        connect_timeout=10, application_name="migrate", autocommit=True,
    )  # fmt: skip


def _said(error: psycopg.Error, credential: Credential) -> str:
    return said(error).replace(credential.password, "***") if credential.password else said(error)
