"""A login tried out: who one is, and as whom one acts. Passwords and keys live in memory, as long as the call."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from migrate.model.json import Json
from migrate.model.ports import Unreachable
from migrate.stores.postgres.session import refuses, said


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
    """Whether it logs in: `{allowed, session, current}`, or why not; `why` alone where the server cannot say now."""
    try:
        with _entered(door, credential) as connection:
            row = connection.execute("select session_user::text, current_user::text").fetchone()
    except psycopg.Error as error:
        return ({"allowed": False} if refuses(error) else {}) | {"why": _said(error, credential)}
    session, current = row or ("", "")
    return {"allowed": True, "session": session, "current": current}


_TABLE = "migrate_trial_of_an_issued_login"


def used(door: Door, credential: Credential) -> dict[str, Json]:
    """As whom it acts and to whom a table of its making belongs: `{current, owner}`, or why it is of no use.

    The table is never committed. Raises Unreachable where the server cannot say now.
    """
    try:
        with _entered(door, credential) as connection, connection.transaction(force_rollback=True):
            connection.execute(f"create table {_TABLE} ()".encode())
            query = "select current_user::text, tableowner::text from pg_tables where tablename = %s"
            row = connection.execute(query, (_TABLE,)).fetchone()
    except psycopg.Error as error:
        if not refuses(error):
            why = f"PostgreSQL at {door.host}:{door.port} cannot say now: {_said(error, credential)}"
            raise Unreachable(why, following="it answers again") from None
        return {"why": _said(error, credential)}
    current, owner = row or ("", "")
    return {"current": current, "owner": owner}


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate with its key, and the authorities that the server's own must come from; all in PEM."""

    user: str
    pair: str = field(repr=False)
    authorities: str


def tried_with_certificate(door: Door, name: str, shown: Shown) -> dict[str, Json]:
    """The same with a certificate, by verify-full to a server that must bear `name`, at the door's address."""
    try:
        with ExitStack() as held:
            pair, trusted = (held.enter_context(_in_memory(text)) for text in (shown.pair, shown.authorities))
            connection = held.enter_context(
                psycopg.connect(
                    host=name, hostaddr=socket.gethostbyname(door.host), port=door.port, dbname=door.database,
                    user=shown.user, sslmode="verify-full", sslcert=pair, sslkey=pair, sslrootcert=trusted,
                    connect_timeout=10, application_name="migrate", autocommit=True,
                )
            )  # fmt: skip
            row = connection.execute("select session_user::text, current_user::text").fetchone()
    except OSError:
        return {}  # the name of the address leads nowhere
    except psycopg.Error as error:
        # What libpq says itself has no state: that the server asks for a password is an answer, too.
        answered = refuses(error) or any(words in str(error) for words in _OF_TLS)
        return ({"allowed": False} if answered else {}) | {"why": said(error)}
    session, current = row or ("", "")
    return {"allowed": True, "session": session, "current": current}


_OF_TLS = ("certificate", "password", "alert", "does not support SSL")


@contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """A path to the text, for libpq in this process: it takes files only, and a key must not lie on a disk."""
    descriptor = os.memfd_create("migrate")
    try:
        os.fchmod(descriptor, 0o600)
        os.write(descriptor, text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _entered(door: Door, credential: Credential) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(
        host=door.host, port=door.port, dbname=door.database, user=credential.user, password=credential.password,
        sslmode=door.sslmode, sslrootcert=door.ca or "system" if door.sslmode.startswith("verify") else None,
        connect_timeout=10, application_name="migrate", autocommit=True,
    )  # fmt: skip


def _said(error: psycopg.Error, credential: Credential) -> str:
    return said(error).replace(credential.password, "***") if credential.password else said(error)
