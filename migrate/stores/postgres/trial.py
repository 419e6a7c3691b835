"""A login tried out: who one is, and as whom one acts. The password lives as long as the call."""

from __future__ import annotations

from dataclasses import dataclass, field

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
        with psycopg.connect(
            host=door.host, port=door.port, dbname=door.database, user=credential.user, password=credential.password,
            sslmode=door.sslmode, sslrootcert=door.ca or "system" if door.sslmode.startswith("verify") else None,
            connect_timeout=10, application_name="migrate", autocommit=True,
        ) as connection:  # fmt: skip
            row = connection.execute("select session_user::text, current_user::text").fetchone()
    except psycopg.Error as error:
        why = said(error).replace(credential.password, "***") if credential.password else said(error)
        return {"allowed": False, "why": why} if "FATAL" in str(error) else {}
    session, current = row or ("", "")
    return {"allowed": True, "session": session, "current": current}
