"""The two columns of a table as the job sees them. No statement holds a value: rows are guarded by their version.

`xmin` changes with every write of a row, so an update that names the one it read touches no row that changed since.
A ciphertext may stand in a server's log of statements; a plaintext never does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from migrate.model.errors import Refused
from migrate.sealing.ports import Pair, Row
from migrate.targets.columns import JOB, Columns

Connection = psycopg.Connection[tuple[Any, ...]]

# By the table's name: a bare one would mean the text beside it, and sort 10 before 9.
_BY_KEY = " t where {beyond} and {what} order by t.{key} limit %(limit)s"
# Two forms rather than `or ... is null`: a plan made for both reads the whole table for each batch.
_BEYOND = {True: "true", False: "t.{key} > %(after)s::{type}"}
# The version of the key that a ciphertext bears; 0 for what is none.
_BEARS = "coalesce(substring({sealed} from '^vault:v([0-9]{{1,9}}):')::int, 0)"
_UNSEALED = "select {key}::text, xmin::text, {plain}::text from {table}" + _BY_KEY
_OLDER = "select {key}::text, xmin::text, {sealed} from {table}" + _BY_KEY
_PAIRS = "select {key}::text, {plain}::text, {sealed} from {table}" + _BY_KEY
_PUT = """
update {table} t set {sealed} = new.sealed
from unnest(%(keys)s::text[]::{type}[], %(versions)s::text[], %(sealed)s::text[]) as new(key, version, sealed)
where t.{key} = new.key and t.xmin::text = new.version
"""
_VERSIONS = f"select {_BEARS}, count(*) from {{table}} where {{sealed}} is not null group by 1"
_OLD = f"select exists (select from {{table}} where {{sealed}} is not null and {_BEARS} < {{version}})"
_RESTORE = """
update {table} t set {plain} = opened.plain from opened
where t.{key} = opened.key::{type} and t.xmin::text = opened.version
"""
_LEFT = "select exists (select from {table} where {plain} is not null and {sealed} is null)"
_TYPE = """
select format_type(a.atttypid, a.atttypmod), exists (select from pg_attribute p
    where p.attrelid = a.attrelid and p.attname = %(plain)s and not p.attisdropped)
from pg_attribute a
where a.attrelid = to_regclass(%(table)s) and a.attname = %(key)s and a.attnotnull and not a.attisdropped
  and exists (select from pg_index i where i.indrelid = a.attrelid and i.indisunique and i.indisvalid
    and i.indpred is null and i.indnatts = 1 and i.indkey[0] = a.attnum)
"""


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table's plaintext and sealed columns. `Table` of the job, over a connection where each statement commits.

    `plain`: whether the plaintext is there still; where it was dropped it reads as empty in every row.
    """

    connection: Connection
    columns: Columns
    key: str
    key_type: str
    plain: bool = True

    def unsealed(self, after: str | None, limit: int) -> list[Row]:
        """The next rows with plaintext and without ciphertext."""
        return list(self._rows(_UNSEALED, "{plain} is not null and {sealed} is null", after, limit))

    def older(self, version: int, after: str | None, limit: int) -> list[Row]:
        """The next rows whose ciphertext was made with an older version of the key."""
        older = f"{_BEARS} between 1 and {int(version) - 1}"
        return list(self._rows(_OLDER, older, after, limit))

    def put(self, rows: Sequence[Row], sealed: Sequence[str]) -> int:
        """Store ciphertexts in those rows that are still as they were read, in one transaction; how many were."""
        values = {"keys": [row.key for row in rows], "versions": [row.version for row in rows], "sealed": list(sealed)}
        return self.connection.execute(self._query(_PUT), values).rowcount

    def alone(self, after: str | None, limit: int) -> list[Row]:
        """The next rows with ciphertext and without plaintext."""
        return list(self._rows(_OLDER, "{sealed} is not null and {plain} is null", after, limit))

    def restore(self, rows: Sequence[Row], plain: Sequence[str]) -> int:
        """Store plaintexts in those rows that are still as they were read, in one transaction; how many were.

        They travel as COPY data, which no setting of a server writes to its log; parameters of a statement it might.
        """
        with self.connection.transaction():
            self.connection.execute("create temporary table opened (key text, version text, plain text) on commit drop")
            with self.connection.cursor().copy("copy opened from stdin") as copying:
                for row, value in zip(rows, plain, strict=True):
                    copying.write_row((row.key, row.version, value))
            return self.connection.execute(self._query(_RESTORE)).rowcount

    def pairs(self, after: str | None, limit: int) -> tuple[list[Pair], str | None]:
        """The next rows as they stand, and the last key of them; None at the end."""
        return self._pages("true", after, limit)

    def _pages(self, what: str, after: str | None, limit: int) -> tuple[list[Pair], str | None]:
        found = self._read(_PAIRS, what, after, limit)
        return [Pair(plain, sealed) for _, plain, sealed in found], found[-1][0] if len(found) == limit else None

    def changed_since(self, moment: str) -> Callable[[str | None, int], tuple[list[Pair], str | None]]:
        """Pages of the rows, as `pairs` has them, that anybody wrote since the moment, or was writing then."""
        # By age, since transaction numbers come round; what is older than half of them is taken for new, not for old.
        new = f"age(xmin) <= age('{int(moment)}'::xid)"

        def pages(after: str | None, limit: int) -> tuple[list[Pair], str | None]:
            return self._pages(new, after, limit)

        return pages

    def of_version(self, version: int, limit: int) -> list[Pair]:
        """Some rows whose ciphertext was made with this version of the key; 0 for what is no ciphertext."""
        found = self._read(_PAIRS, f"{{sealed}} is not null and {_BEARS} = {int(version)}", None, limit)
        return [Pair(plain, sealed) for _, plain, sealed in found]

    def _rows(self, query: str, what: str, after: str | None, limit: int) -> Iterator[Row]:
        for key, version, value in self._read(query, what, after, limit):
            yield Row(key, version, value)

    def _read(self, query: str, what: str, after: str | None, limit: int) -> list[tuple[Any, ...]]:
        values = {"after": after, "limit": limit}
        text = query.replace("{what}", what).replace("{beyond}", _BEYOND[after is None])
        return self.connection.execute(self._query(text), values).fetchall()

    def _query(self, text: str) -> sql.Composed:
        return _composed(text if self.plain else text.replace("{plain}", "null"), self.columns, self.key, self.key_type)


def sealed_table(connection: Connection, columns: Columns, key: str) -> SealedTable:
    """The table for the job, each batch a transaction of its own. Raises Refused where its key column is none."""
    see_every_row(connection)
    row = connection.execute(_TYPE, {"table": columns.relation, "key": key, "plain": columns.plain}).fetchone()
    connection.rollback()
    if row is None:
        raise Refused(
            f"{key} is no key of {columns.relation}: a column of its own unique index that is never null",
            undone="no row was touched",
            following="name one with transit.columns[].key in migrate.yaml, then plan again",
        )
    connection.autocommit = True
    connection.execute(f"set {JOB} = 'on'".encode())
    return SealedTable(connection, columns, key, str(row[0]), plain=bool(row[1]))


def see_every_row(connection: Connection) -> None:
    """Where row security hides rows from this login its queries fail from here on: a hidden row would be lost."""
    connection.execute("set row_security = off")
    connection.commit()


def moment(connection: Connection) -> str:
    """The oldest transaction that is under way: whatever is written from now on is not older than that."""
    query = "select (txid_snapshot_xmin(txid_current_snapshot()) % 4294967296)::text"
    row = connection.execute(query.encode()).fetchone()
    return str(row[0]) if row else "0"


def left(connection: Connection, columns: Columns) -> bool:
    """Whether any row has plaintext and no ciphertext."""
    row = connection.execute(_composed(_LEFT, columns)).fetchone()
    return bool(row and row[0])


def old(connection: Connection, columns: Columns, version: int) -> bool:
    """Whether any row's ciphertext was made with an older version of the key, or is none."""
    query = _OLD.replace("{version}", str(int(version)))
    row = connection.execute(_composed(query, columns)).fetchone()
    return bool(row and row[0])


def versions(connection: Connection, columns: Columns) -> dict[int, int]:
    """How many rows by version of the key; 0 stands for what is no ciphertext."""
    return {int(version): int(count) for version, count in connection.execute(_composed(_VERSIONS, columns))}


def _composed(text: str, columns: Columns, key: str = "", key_type: str = "") -> sql.Composed:
    return sql.SQL(text).format(
        table=sql.Identifier(columns.schema, columns.table),
        plain=sql.Identifier(columns.plain),
        sealed=sql.Identifier(columns.sealed),
        key=sql.Identifier(key or "id"),
        type=sql.SQL(key_type),
    )
