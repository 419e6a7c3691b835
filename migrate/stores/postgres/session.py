"""One connection to PostgreSQL as its administrator, and what can go wrong with it, sorted by what to do next.

The DSN holds a password: it reaches libpq and nothing else. Errors quote the server's own first line, never a
statement, since a statement may carry a verifier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from migrate.model.errors import Refused
from migrate.model.ports import Conflict, Denied, Outcome, OutcomeUnknown, Unreachable

_PATIENCE = {"connect_timeout": 10, "application_name": "migrate", "target_session_attrs": "primary"}
"""A standby takes no writes, and knows of no session but its own: from there an old login looks deserted."""
_LOST = ("08", "57P", "58")
"""Classes of SQLSTATE after which nobody knows whether the transaction was committed."""
_OVERTAKEN = frozenset({"40001", "40P01", "55P03", "42710", "XX000"})
"""Somebody else was at the same role: serialization, deadlock, lock not to be had, exists by now, and `tuple
concurrently updated`, which PostgreSQL reports as an internal error."""
_FORBIDDEN = "42501"
_NOT_NOW = ("53", "25006", "57014")
"""Nothing was written, and nobody refused: no connection, memory or disk left, a server that only reads for now, and a
statement that somebody or a timeout ended."""


_ABREAST = 8
"""So many connections at once: a preflight of many workloads must not take those that applications need."""


class Database:
    """A server, as its administrator. `dsn` is asked for anew for every connection and kept nowhere."""

    def __init__(self, dsn: Callable[[], str]) -> None:
        self._dsn, self._room = dsn, BoundedSemaphore(_ABREAST)

    @contextmanager
    def session(self, database: str | None = None) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """A connection in one transaction, rolled back unless the caller commits. Raises Unreachable, Refused."""
        settings = _parsed(self._dsn()) | ({"dbname": database} if database else {}) | _PATIENCE
        with self._room:
            try:
                connection = psycopg.connect(**settings)
            except psycopg.Error as error:
                raise unreachable(error, settings) from None
            try:
                yield connection
            finally:
                connection.close()

    def version(self) -> int:
        """Its major version. Raises Unreachable."""
        with self.session() as connection:
            return connection.info.server_version // 10000

    def ask(self, query: str, values: Mapping[str, object] = {}, database: str | None = None) -> list[tuple[Any, ...]]:
        """Rows of one query. Raises Unreachable where no answer came, PermissionError where it is not allowed."""
        with self.session(database) as connection:
            try:
                return connection.execute(query.encode(), values).fetchall()
            except psycopg.errors.InsufficientPrivilege as error:
                raise PermissionError(said(error)) from None
            except psycopg.Error as error:
                raise unreachable(error, {}) from None


def _parsed(dsn: str) -> dict[str, Any]:
    try:
        return dict(conninfo_to_dict(dsn))
    except psycopg.Error:
        # libpq quotes the part that it does not understand, which may be the password.
        raise Refused(
            "the DSN of PostgreSQL's administrator is none",
            truth="expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE or key=value pairs; it is not shown here",
            undone="nothing was asked",
            following="correct what database.admin in migrate.yaml names",
        ) from None


def unreachable(error: psycopg.Error, settings: Mapping[str, Any]) -> Unreachable:
    """PostgreSQL did not answer, or not with what was asked for, in words without the DSN."""
    where, state = f" at {settings.get('host', 'the local socket')}" if settings else "", error.sqlstate or ""
    if "hot standby mode" in str(error):
        return Unreachable(
            f"PostgreSQL{where} is a standby: it takes no writes, and shows no sessions but its own",
            following="name the primary in what database.admin of migrate.yaml names, or have this one promoted",
        )
    if not state or state.startswith(_LOST):
        return Unreachable(f"PostgreSQL{where} does not answer: {said(error)}", following="it answers again")
    following = next((text for start, text in _REFUSALS.items() if state.startswith(start)), "see to what it says")
    return Unreachable(f"PostgreSQL{where} refuses: {said(error)}", following=following)


_REFUSALS = {
    _FORBIDDEN: "give the administrator's login that right (where row security hides rows: BYPASSRLS)",
    "28": "correct the login that database.admin in migrate.yaml names, or the host-based rules",
    "3D000": "name a database that is there",
    "42P01": "the table is there: look whether the step that makes it was taken back",
    "42703": "the column is there: look whether the step that makes it was taken back",
}
"""What settles a refusal, by the beginning of its SQLSTATE (appendix A of PostgreSQL's manual)."""


def said(error: psycopg.Error) -> str:
    """The server's own first line."""
    text = error.diag.message_primary or str(error).strip()
    lines = [line for line in text.splitlines() if not line.startswith("\t")]  # libpq's guesses are set in
    return lines[-1] if lines else type(error).__name__


_OF_ONE_LOGIN = (
    *("authentication failed", "no pg_hba.conf entry", "pg_hba.conf rejects", "not permitted to log in"),
    *("does not exist", "permission denied", "not currently accepting connections", "no password supplied"),
)
"""libpq gives no state for a connection that failed, so these are PostgreSQL's words."""


def refuses(error: psycopg.Error) -> bool:
    """Whether it is this login or statement that the server will not have. Not, where it takes nobody now: it starts,
    stops, has no connection left, or is no PostgreSQL."""
    if error.sqlstate:
        return not error.sqlstate.startswith((*_LOST, "53"))  # 53: no connection, memory or disk left
    return any(words in str(error) for words in _OF_ONE_LOGIN)


def outcome_of(error: psycopg.Error, needs: str) -> Outcome:
    """What a failed write means. `needs` names the permission, for the case that it is missing."""
    state = error.sqlstate or ""
    if not state or state.startswith(_LOST):
        return OutcomeUnknown(f"PostgreSQL's answer was lost: {said(error)}")
    if state.startswith(_NOT_NOW):
        return OutcomeUnknown(f"PostgreSQL cannot do it now: {said(error)}")
    if state in _OVERTAKEN:
        return Conflict(said(error))
    if state == _FORBIDDEN:
        return Denied(f"PostgreSQL: {said(error)}", f"the administrator's login needs {needs}", right=True)
    return Denied(f"PostgreSQL: {said(error)}")
