"""Logins of PostgreSQL behind the store protocol.

There is no compare-and-swap for roles: the guard reads again inside the transaction that writes, and what commits
between the two would be missed. Passwords travel as SCRAM verifiers, so no statement, log or trace holds one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

from migrate.model.change import Absent, Change, Doc, State
from migrate.model.json import mapping, sequence
from migrate.model.ports import Conflict, Denied, Move, Outcome, OutcomeUnknown, Secrets, Snapshot, Unreachable, Written
from migrate.stores.postgres.catalogue import MARK, role_query, role_state
from migrate.stores.postgres.columns import Ciphers, ColumnStore
from migrate.stores.postgres.session import Database, outcome_of, unreachable
from migrate.targets.columns import KINDS
from migrate.targets.compare import fingerprint
from migrate.targets.sql import PASSWORD, script

_Connection = psycopg.Connection[tuple[Any, ...]]
_OPEN = """
select count(*), coalesce(string_agg(distinct coalesce(host(client_addr), 'a local socket'), ', '), '')
from pg_stat_activity where usename = %(name)s and pid <> pg_backend_pid()
"""


class PostgresStore:
    """The roles and columns of one server. `ciphers`: the keys that columns are sealed with."""

    def __init__(self, database: Database, ciphers: Ciphers | None = None) -> None:
        self._database, self._columns = database, ColumnStore(database, ciphers)

    def read(self, change: Change) -> Snapshot:
        """The login or column as the catalogue has it now. Raises Unreachable."""
        if change.target.kind in KINDS:
            return self._columns.read(change.target)
        with self._database.session() as connection:
            return _snapshot(connection, change)

    def write(self, move: Move, seen: Snapshot, secrets: Secrets) -> Outcome:
        """Run the statements of the change in one transaction, if the login still is what was seen."""
        if move.change.target.kind in KINDS:
            return self._columns.write(move, seen)
        try:
            with self._database.session(_where(move.change)) as connection:
                try:
                    return self._write(connection, move, seen, secrets)
                except psycopg.Error as error:
                    return outcome_of(error, _needs(move.change))
        except Unreachable as error:
            return OutcomeUnknown(error.happened)

    def _write(self, connection: _Connection, move: Move, seen: Snapshot, secrets: Secrets) -> Outcome:
        change = move.change
        connection.execute("set local lock_timeout = '10s'")
        if _snapshot(connection, change).version != seen.version:
            return Conflict(f"login {change.target.name} is not as it was a moment ago")
        if _closes(change) and (busy := _busy(connection, change.target.name)):
            return Denied(busy, "end them, then: migrate resume")
        version = connection.info.server_version // 10000
        statements = list(_statements(change, version, renew=bool(secrets.values)))
        verifier = _verifier(connection, change.target.name, secrets)
        if verifier is None and any(PASSWORD in one for one in statements):
            return Denied(f"no password was given for {change.target.name}")
        for statement in statements:
            connection.execute(_composed(statement, verifier))
        if isinstance(change.before, Absent):
            comment = sql.SQL("COMMENT ON ROLE {} IS {}")
            connection.execute(comment.format(sql.Identifier(change.target.name), sql.Literal(MARK + move.run)))
        connection.commit()
        return Written()

    def identity(self) -> str:
        """The system identifier, made when the cluster was. Raises Unreachable."""
        query = "select system_identifier::text from pg_control_system()"
        try:
            return str(self._database.ask(query)[0][0])
        except PermissionError as error:
            raise Unreachable(
                f"PostgreSQL does not tell which server it is: {error}",
                following="GRANT EXECUTE ON FUNCTION pg_control_system() TO the administrator's login",
            ) from None


def _snapshot(connection: _Connection, change: Change) -> Snapshot:
    query = role_query(connection.info.server_version // 10000)
    try:
        rows = connection.execute(query.encode(), {"name": change.target.name}).fetchall()
    except psycopg.Error as error:
        raise unreachable(error, {}) from None
    state, mark = role_state(rows)
    return Snapshot(state, f"{fingerprint(change.target, state)}/{mark or ''}", mark)


def _where(change: Change) -> str | None:
    """The database to be in: what a login owns can only be handed over from inside it."""
    for state in (change.after, change.before):
        if isinstance(state, Doc) and (named := sequence(mapping(state.value).get("connect"))):
            return str(named[0])
    return None


def _closes(change: Change) -> bool:
    """Whether nobody can log in as this any more afterwards."""
    return _opens(change.before) and not _opens(change.after)


def _opens(state: State) -> bool:
    return isinstance(state, Doc) and mapping(state.value).get("login") is True


def _busy(connection: _Connection, name: str) -> str:
    """Whose sessions stand in the way; empty where none do."""
    rows = connection.execute(_OPEN, {"name": name}).fetchall()
    count, clients = rows[0]
    return f"{name} has open sessions: {count}, from {clients}" if count else ""


def _statements(change: Change, version: int, *, renew: bool) -> Iterator[str]:
    if change.before == change.after and renew:
        yield f"ALTER ROLE {sql.Identifier(change.target.name).as_string()} {PASSWORD};"
    else:
        yield from script(change, version).statements


def _verifier(connection: _Connection, name: str, secrets: Secrets) -> str | None:
    """What PostgreSQL keeps of a password; the password itself stays here."""
    password = secrets.values.get("password")
    if password is None:
        return None
    return connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()


def _composed(statement: str, verifier: str | None) -> sql.Composed:
    before, placeholder, after = statement.partition(PASSWORD)
    parts: list[sql.Composable] = [sql.SQL(before)]
    if placeholder:
        parts += [sql.SQL("PASSWORD "), sql.Literal(verifier), sql.SQL(after)]
    return sql.Composed(parts)


def _needs(change: Change) -> str:
    name = change.target.name
    if isinstance(change.before, Absent):
        owners = [str(one) for state in (change.after,) for one in _member(state)]
        return "CREATEROLE" + "".join(f", ADMIN on {owner}" for owner in owners)
    return f"CREATEROLE and ADMIN on {name}"


def _member(state: State) -> list[object]:
    return list(sequence(mapping(state.value).get("memberOf"))) if isinstance(state, Doc) else []
