"""What checks look at in a sealed table: both columns compared, and when they were last written. Only numbers."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg

from migrate.model.json import Json
from migrate.model.ports import Unreachable
from migrate.sealing.job import Comparison, added, compare
from migrate.sealing.ports import Cipher
from migrate.stores.postgres.sealed import Connection, moment, sealed_table, see_every_row, versions
from migrate.stores.postgres.session import Database, said, unreachable
from migrate.targets.columns import NOTED, Columns

_BATCH = 500
_WRITES = """
select exists (select from pg_trigger where tgrelid = to_regclass(%(table)s) and tgname = %(guard)s
    and tgenabled <> 'D'),
  pg_sequence_last_value(to_regclass(%(both)s)), pg_sequence_last_value(to_regclass(%(plain)s)),
  pg_sequence_last_value(to_regclass(%(sealed)s))
"""


def compared(database: Database, columns: Columns, key: str, cipher: Cipher) -> Comparison:
    """Every row decrypted and compared: first while all go on writing, then, while nobody may, what changed meanwhile.

    A row that changed counts twice, and what was wrong with it before counts still: asked again it does not. Raises
    Unreachable, Refused.
    """
    with database.session(columns.database) as connection:
        try:
            table = sealed_table(connection, columns, key)
            began = moment(connection)
            found = compare(table.pairs, cipher, _BATCH)
            with connection.transaction():
                connection.execute("set local lock_timeout = '5s'")
                connection.execute(f"lock table {columns.relation} in share mode".encode())
                return added(found, compare(table.changed_since(began), cipher, _BATCH))
        except psycopg.errors.LockNotAvailable as error:
            raise Unreachable(
                f"{columns.relation} could not be locked within 5 seconds: {said(error)}",
                following="end what writes to it for long, then again",
            ) from None
        except psycopg.Error as error:
            raise unreachable(error, {}) from None


def sampled(database: Database, columns: Columns, key: str, cipher: Cipher, rows: int) -> Comparison:
    """So many rows of each version of the key, decrypted with another Vault and compared.

    Of each: an older backup of Vault opens what older versions sealed, and not what the newest did. Raises
    Unreachable, Refused.
    """
    with database.session(columns.database) as connection:
        try:
            table = sealed_table(connection, columns, key)
            made = sorted(versions(connection, columns))
            pairs = [pair for version in made for pair in table.of_version(version, rows)]
        except psycopg.Error as error:
            raise unreachable(error, {}) from None
    return compare(lambda after, limit: (pairs, None), cipher, rows)


def shown(found: Comparison) -> dict[str, Json]:
    """The comparison as checks read it."""
    return {key: getattr(found, key) for key in ("rows", "equal", "differing", "missing", "alone", "unreadable")}


def counted(database: Database, columns: Columns) -> dict[str, Json]:
    """How many rows bear which version of the key, 0 for what is no ciphertext. Raises Unreachable."""
    with database.session(columns.database) as connection:
        try:
            see_every_row(connection)
            found = versions(connection, columns)
        except psycopg.Error as error:
            raise unreachable(error, {}) from None
    return {"rows": {str(version): count for version, count in sorted(found.items())}}


def writes(database: Database, columns: Columns) -> dict[str, Json]:
    """Whether the guard is there, and what it noted of the application's writes. Raises Unreachable."""
    with database.session(columns.database) as connection:
        try:
            return _writes(connection, columns)
        except psycopg.Error as error:
            raise unreachable(error, {}) from None


def _writes(connection: Connection, columns: Columns) -> dict[str, Json]:
    names = {one: f"{columns.schema}.{columns.guard}_{one}" for one in NOTED}
    row = connection.execute(_WRITES, {"table": columns.relation, "guard": columns.guard, **names}).fetchone()
    guarded, *moments = row or (False,)
    noted: dict[str, Json] = {one: _moment(at) for one, at in zip(NOTED, moments, strict=False) if at is not None}
    return {"guarded": guarded, **noted}


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
