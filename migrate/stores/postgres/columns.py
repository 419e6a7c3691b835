"""Columns behind the store protocol: added and dropped by statements, sealed by the job.

A step of sealing is one write to the engine and many small transactions here, each complete in itself. It ends with a
word after some seconds and is asked for again, so that whoever stops the run is heard.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from migrate.model.change import Absent, Change, Doc, State
from migrate.model.errors import Refused
from migrate.model.json import Json, mapping, text
from migrate.model.ports import Conflict, Denied, Move, Outcome, OutcomeUnknown, Partly, Snapshot, Unreachable, Written
from migrate.model.target import Target
from migrate.sealing.job import Clock, Ended, Paused, rewrap, seal, unseal
from migrate.sealing.pace import Pace
from migrate.sealing.ports import Cipher, Row
from migrate.stores.postgres.catalogue import MARK
from migrate.stores.postgres.sealed import Connection, SealedTable, left, old, sealed_table, see_every_row
from migrate.stores.postgres.session import Database, outcome_of, unreachable
from migrate.targets.columns import Columns, columns_of, index_ahead, version_wanted
from migrate.targets.compare import fingerprint
from migrate.targets.sql import script

Ciphers = Callable[[str], Cipher]
"""The key at a path, `MOUNT/keys/NAME`."""

SECONDS_IN_ONE_GO = 20.0
"""So long a write of the engine may take before whoever stops the run is heard."""

_COLUMN = """
select format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum),
  array(select i.indexrelid::regclass::text from pg_index i
    where i.indrelid = a.attrelid and a.attnum = any(i.indkey) order by 1),
  exists (select from pg_trigger t where t.tgrelid = a.attrelid and t.tgname = %(guard)s and t.tgenabled <> 'D'),
  a.attnotnull
from pg_attribute a
where a.attrelid = to_regclass(%(table)s) and a.attname = %(name)s and not a.attisdropped
"""


@dataclass(frozen=True, slots=True)
class _End:
    """Where the last go of a long write ended, in the table's key."""

    key: str
    key_type: str
    after: str


class ColumnStore:
    """The columns of one server's tables. `ciphers` gives the keys that sealing is done with.

    Remembers where long writes ended, so that the next go and the reads between do not walk through what is done. That
    only saves time: a process that knows nothing of it begins at the beginning and finds the same.
    """

    def __init__(self, database: Database, ciphers: Ciphers | None = None) -> None:
        self._database, self._ciphers = database, ciphers
        self._ends = dict[Target, _End]()

    def read(self, target: Target) -> Snapshot:
        """The column, or how far it is sealed. Raises Unreachable."""
        with self._database.session(columns_of(target).database) as connection:
            try:
                see_every_row(connection)
                if self._more(connection, target):
                    return _shown(target, Doc({"complete": False}), None)
                return _snapshot(connection, target)
            except psycopg.Error as error:
                raise unreachable(error, {}) from None

    def _more(self, connection: Connection, target: Target) -> bool:
        """Whether rows wait behind the end of the last go; where none does, the whole table has to be asked."""
        end = self._ends.get(target)
        if end is None or target.kind == "sealed":
            return False
        table = SealedTable(connection, columns_of(target), end.key, end.key_type)
        return bool(_waiting(table, target)(end.after, 1))

    def write(self, move: Move, seen: Snapshot) -> Outcome:
        """Run the statements of the change in one transaction, or seal until a go is over."""
        columns = columns_of(move.change.target)
        try:
            with self._database.session(columns.database) as connection:
                try:
                    see_every_row(connection)
                    if (job := _job(move.change)) and (unfinished := self._work(connection, job, move.change)):
                        return unfinished
                    _index_ahead(connection, move.change)
                    return Written() if _by_job_alone(move.change) else _write(connection, columns, move, seen)
                except psycopg.Error as error:
                    return outcome_of(error, f"to own {columns.relation}")
        except Unreachable as error:
            return OutcomeUnknown(error.happened)
        except Refused as error:
            return Denied(error.happened, error.following)

    def _work(self, connection: Connection, job: dict[str, Json], change: Change) -> Outcome | None:
        """Do what is rows' work in a change; None where nothing of it is left."""
        if self._ciphers is None:
            return Denied("no Vault is at hand to encrypt with")
        target = change.target
        table = sealed_table(connection, columns_of(target), text(job.get("key")))
        end = self._ends.pop(target, None)
        pace = Pace(_number(job, "batch"), _number(job, "rate"), SECONDS_IN_ONE_GO)
        found = _gone(table, self._ciphers(text(job.get("with"))), target, pace, end.after if end else None)
        connection.autocommit = False
        match found:
            case Ended():
                return _beyond_it(connection, target)
            case Paused(rows=0, overtaken=changed):
                return Denied(f"no row could be written: {changed} changed while they were worked on", "migrate resume")
            case Paused(rows, changed, after):
                self._ends[target] = _End(table.key, table.key_type, after)
                return Partly(f"{rows} rows" + (f", {changed} changed meanwhile" if changed else ""))


def _gone(table: SealedTable, cipher: Cipher, target: Target, pace: Pace, after: str | None) -> Ended | Paused:
    """One go at what is rows' work for this target."""
    clock = Clock(time.monotonic, time.sleep)
    match target.kind:
        case "sealing":
            return seal(table, cipher, pace, clock, after)
        case "rewrapped":
            return rewrap(table, cipher, version_wanted(target), pace, clock, after)
        case _:
            return unseal(table, cipher, pace, clock, after)


def _waiting(table: SealedTable, target: Target) -> Callable[[str | None, int], list[Row]]:
    """The next rows that wait for the job, after a key."""
    if target.kind == "rewrapped":
        return partial(table.older, version_wanted(target))
    return table.unsealed


def _beyond_it(connection: Connection, target: Target) -> Outcome | None:
    """What the job cannot do anything about, once it found nothing more to do."""
    columns = columns_of(target)
    if target.kind != "rewrapped" or not old(connection, columns, version_wanted(target)):
        return None
    return Denied(
        f"some rows of {columns.relation} hold in {columns.sealed} what is no ciphertext of Transit",
        f"find them (WHERE {columns.sealed} !~ '^vault:v[0-9]+:'), correct them, then: migrate resume",
    )


def _by_job_alone(change: Change) -> bool:
    return change.target.kind in {"sealing", "rewrapped"}


def _job(change: Change) -> dict[str, Json]:
    """How to work on rows, where the change needs that: sealing, and opening before a sealed column goes."""
    match change.target.kind, change.before, change.after:
        case "sealing" | "rewrapped", _, Doc(value):
            return mapping(value)
        case "sealed", Doc(value), Absent():
            return mapping(value)
        case _:
            return {}


def _number(job: dict[str, Json], name: str) -> int:
    value = job.get(name)
    return value if isinstance(value, int) and value > 0 else 1


_INVALID = "select 1 from pg_index where indexrelid = to_regclass(%(name)s) and not indisvalid"


def _index_ahead(connection: Connection, change: Change) -> None:
    """Have what a drop asks under its lock in an index before that lock is wanted."""
    if (wanted := index_ahead(change)) is None:
        return
    name, statement = wanted
    connection.commit()
    connection.autocommit = True
    connection.execute("set lock_timeout = '5s'")
    if connection.execute(_INVALID, {"name": name}).fetchone():  # somebody was killed while it was made
        connection.execute(f"drop index concurrently if exists {name}".encode())
    # A partitioned table has none that is made beside writers: it is then gone through under the lock.
    with suppress(psycopg.errors.FeatureNotSupported):
        connection.execute(statement.encode())
    connection.autocommit = False


def _write(connection: Connection, columns: Columns, move: Move, seen: Snapshot) -> Outcome:
    change = move.change
    # Behind a waiting lock everybody else queues up too: rather try again than stop an application.
    connection.execute("set local lock_timeout = '5s'")
    if _snapshot(connection, change.target).version != seen.version:
        return Conflict(f"{change.target.name} is not as it was a moment ago")
    for statement in script(change).statements:
        connection.execute(statement.encode())
    if isinstance(change.before, Absent):
        comment = psycopg.sql.SQL("COMMENT ON COLUMN {} IS {}")
        place = psycopg.sql.Identifier(columns.schema, columns.table, columns.sealed)
        connection.execute(comment.format(place, psycopg.sql.Literal(MARK + move.run)))
    connection.commit()
    return Written()


def _snapshot(connection: Connection, target: Target) -> Snapshot:
    columns = columns_of(target)
    match target.kind:
        case "sealed":
            state, mark = _sealed(_looked(connection, columns, columns.sealed))
        case "plaintext":
            state, mark = _plaintext(_looked(connection, columns, columns.plain)), None
        case "rewrapped":
            state, mark = Doc({"complete": _rewrapped(connection, columns, version_wanted(target))}), None
        case _:
            state, mark = Doc({"complete": _complete(connection, columns)}), None
    return _shown(target, state, mark)


def _shown(target: Target, state: State, mark: str | None) -> Snapshot:
    return Snapshot(state, f"{fingerprint(target, state)}/{mark or ''}", mark)


def _looked(connection: Connection, columns: Columns, name: str) -> tuple[Any, ...] | None:
    asked = {"table": columns.relation, "name": name, "guard": columns.guard}
    return connection.execute(_COLUMN, asked).fetchone()


def _sealed(row: tuple[Any, ...] | None) -> tuple[State, str | None]:
    if row is None:
        return Absent(), None
    kind, comment, _, guarded, _ = row
    mark = comment.removeprefix(MARK) if comment and comment.startswith(MARK) else None
    return Doc({"type": kind, "guarded": guarded}), mark


def _plaintext(row: tuple[Any, ...] | None) -> State:
    """That it is not there is a state of it: it was dropped."""
    if row is None:
        return Doc({"kept": False})
    kind, _, indexes, _, required = row
    return Doc({"kept": True, "type": kind, "indexes": indexes, "required": required})


def _rewrapped(connection: Connection, columns: Columns, version: int) -> bool:
    """Whether no row bears an older version of the key. Without the sealed column none was made with any."""
    return _looked(connection, columns, columns.sealed) is not None and not old(connection, columns, version)


def _complete(connection: Connection, columns: Columns) -> bool:
    """Whether no row waits for its ciphertext. Without the sealed column all do; without the plaintext none."""
    if _looked(connection, columns, columns.sealed) is None:
        return False
    return _looked(connection, columns, columns.plain) is None or not left(connection, columns)
