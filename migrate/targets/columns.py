"""A column and the one that holds its ciphertext, as statements, and the guard that keeps the second from going stale.

The guard is a trigger: whoever writes one of the two without the other empties the other in that row, so neither is
ever older than its neighbour. Three sequences remember when a row was last written with both, with the plaintext alone
and with the ciphertext alone: they cost no row lock, and say how far the application is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migrate.model.change import Absent, Change, Doc
from migrate.model.json import digest, mapping
from migrate.model.target import Target

_WORD = r"[a-z_][a-z0-9_]{0,40}"
"""Names that need no quotes anywhere and leave room for our suffixes within 63 bytes."""

_NAME = re.compile(rf"{_WORD}(\.{_WORD}){{4}}")
_VERSION = re.compile(r"(.+)\.v([1-9]\d{0,8})")
KINDS = frozenset({"sealed", "sealing", "rewrapped", "plaintext"})
"""The sealed column with its guard, how far it is filled, whether all of it bears a version of the key or a newer one
(`NAME.vN`), and the plaintext beside it: one name, four targets."""


NOTED = ("both", "plain", "sealed")
"""Ways in which an application may write a row: each is noted with its time."""
JOB = "migrate.job"
"""The setting by which a session of ours tells the guard that it is no application."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The two columns by their place."""

    database: str
    schema: str
    table: str
    plain: str
    sealed: str

    @property
    def relation(self) -> str:
        """`schema.table`, as it stands in statements."""
        return f"{self.schema}.{self.table}"

    @property
    def guard(self) -> str:
        """How the guard is called: its trigger, its function, and the stem of its sequences."""
        return f"mig_{self.plain[:36]}_{digest([self.schema, self.table, self.plain])[:8]}"

    @property
    def name(self) -> str:
        """DATABASE.SCHEMA.TABLE.COLUMN.SEALED."""
        return f"{self.database}.{self.relation}.{self.plain}.{self.sealed}"

    def target(self, kind: str) -> Target:
        """The target of this kind at these columns."""
        return Target("postgres", kind, self.name)

    def rewrapped(self, version: int) -> Target:
        """The target that says whether every ciphertext bears this version of the key, or a newer one."""
        return Target("postgres", "rewrapped", f"{self.name}.v{version}")


def columns_of(target: Target) -> Columns:
    """The columns a target names. Raises ValueError where its name is none, or needs quotes."""
    versioned = _VERSION.fullmatch(target.name) if target.kind == "rewrapped" else None
    name = versioned[1] if versioned else target.name
    if not _NAME.fullmatch(name):
        raise ValueError(f"{target} names no columns: expected DATABASE.SCHEMA.TABLE.COLUMN.SEALED in small letters")
    return Columns(*name.split("."))


def version_wanted(target: Target) -> int:
    """The version of the key that a `rewrapped` target names. Raises ValueError where it names none."""
    if found := _VERSION.fullmatch(target.name):
        return int(found[2])
    raise ValueError(f"{target} names no version of a key: expected .vN at its end")


def statements(change: Change) -> Iterator[str]:
    """What leads from one state to the other. Nothing for rows: they are work for the job."""
    columns = columns_of(change.target)
    match change.target.kind, change.before, change.after:
        case "sealed", Absent(), Doc():
            yield from _added(columns)
        case "sealed", Doc(), Absent():
            yield from _dropped(columns, columns.sealed, columns.plain, "exist as ciphertext only")
        case "plaintext", Doc(), Doc(value) if mapping(value).get("kept") is False:
            yield from _dropped(columns, columns.plain, columns.sealed, "are not sealed", _insist_on_guard(columns))
        case _:
            return


def batches(change: Change) -> tuple[str, ...]:
    """What the job does with the rows of one batch, again until no row is left; empty for what statements do alone.

    Values go from the table to Vault and back in memory: they stand in none of these lines, nor in what is sent.
    """
    if change.target.kind not in {"sealing", "rewrapped"} or not isinstance(change.after, Doc):
        return ()
    columns, job = columns_of(change.target), mapping(change.after.value)
    engine, _, key = str(job["with"]).partition("/keys/")
    if change.target.kind == "sealing":
        verb, read, left = "encrypt", columns.plain, f"{columns.plain} IS NOT NULL AND {columns.sealed} IS NULL"
    else:
        older = f"{columns.sealed} bears a version of the key below {version_wanted(change.target)}"
        verb, read, left = "rewrap", columns.sealed, older
    by = job["key"]
    return (
        f"SELECT {by}, xmin, {read} FROM {columns.relation} WHERE {left} ORDER BY {by} LIMIT {job['batch']};",
        f"POST {engine}/{verb}/{key}",
        f"UPDATE {columns.relation} SET {columns.sealed} = its ciphertext, where {by} and xmin are what was read;",
    )


def _added(columns: Columns) -> Iterator[str]:
    # Without a default this touches no row, however many there are.
    yield f"ALTER TABLE {columns.relation} ADD COLUMN {columns.sealed} text;"
    stem = f"{columns.schema}.{columns.guard}"
    for one in NOTED:
        yield f"CREATE SEQUENCE {stem}_{one} MINVALUE 0 START 0;"
    yield _function(columns, stem)
    for one in (f"FUNCTION {stem}()", *(f"SEQUENCE {stem}_{one}" for one in NOTED)):
        yield _owned(one, columns)
    yield f"REVOKE ALL ON FUNCTION {stem}() FROM PUBLIC;"
    # Asked before the function is called, so that the job's own rows cost no call.
    application = f"WHEN (current_setting('{JOB}', true) IS DISTINCT FROM 'on')"
    yield (
        f"CREATE TRIGGER {columns.guard} BEFORE INSERT OR UPDATE ON {columns.relation} FOR EACH ROW {application} "
        f"EXECUTE FUNCTION {stem}();"
    )


def _function(columns: Columns, stem: str) -> str:
    plain, sealed = columns.plain, columns.sealed
    noted = {one: f"PERFORM setval('{stem}_{one}', moment);" for one in NOTED}
    return f"""\
CREATE FUNCTION {stem}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  moment bigint := extract(epoch FROM clock_timestamp());
  plain text := NEW.{plain};
  sealed text := NEW.{sealed};
  plainly boolean := plain IS NOT NULL;
  sealing boolean := sealed IS NOT NULL;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    plainly := plain IS DISTINCT FROM OLD.{plain};
    sealing := sealed IS DISTINCT FROM OLD.{sealed};
  END IF;
  IF plainly AND NOT sealing THEN NEW.{sealed} := NULL; sealed := NULL; END IF;
  -- A ciphertext that is merely taken away says nothing of the value: the plaintext is sealed again.
  IF sealing AND NOT plainly AND sealed IS NOT NULL THEN NEW.{plain} := NULL; plain := NULL; END IF;
  IF plainly OR sealing THEN
    IF plain IS NOT NULL AND sealed IS NOT NULL THEN {noted["both"]}
    ELSIF plainly AND plain IS NOT NULL THEN {noted["plain"]}
    ELSIF sealing AND sealed IS NOT NULL THEN {noted["sealed"]}
    END IF;
  END IF;
  RETURN NEW;
END $$;"""


def _owned(what: str, columns: Columns) -> str:
    """Objects belong to whoever owns the table, so that no other role owns anything in the database."""
    owner = f"(SELECT relowner::regrole::text FROM pg_class WHERE oid = '{columns.relation}'::regclass)"
    return f"DO $$ BEGIN EXECUTE 'ALTER {what} OWNER TO ' || {owner}; END $$;"


def _unguarded(columns: Columns) -> Iterator[str]:
    stem = f"{columns.schema}.{columns.guard}"
    yield f"DROP TRIGGER IF EXISTS {columns.guard} ON {columns.relation};"
    yield f"DROP FUNCTION IF EXISTS {stem}();"
    yield from (f"DROP SEQUENCE IF EXISTS {stem}_{one};" for one in NOTED)


def index_ahead(change: Change) -> tuple[str, str] | None:
    """An index of the rows that dropping a column would lose, and the statement that makes it while everybody writes.

    Such rows are few or none, so with it the question under the lock is answered at once, however big the table is.
    It hurts nobody where it is left behind, and goes with either column. None where the change drops nothing.
    """
    columns = columns_of(change.target)
    match change.target.kind, change.before, change.after:
        case "sealed", Doc(), Absent():
            name, lost = f"{columns.guard}_alone", _lost(columns.sealed, columns.plain)
        case "plaintext", Doc(), Doc(value) if mapping(value).get("kept") is False:
            name, lost = f"{columns.guard}_unsealed", _lost(columns.plain, columns.sealed)
        case _:
            return None
    return f"{columns.schema}.{name}", (
        f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {columns.relation} ((true)) WHERE {lost}"
    )


def _lost(gone: str, stays: str) -> str:
    return f"{gone} IS NOT NULL AND {stays} IS NULL"


def _insist_on_guard(columns: Columns) -> str:
    """Without the guard a ciphertext may be older than the plaintext beside it, and the newer value would go."""
    guard = f"tgrelid = '{columns.relation}'::regclass AND tgname = '{columns.guard}' AND tgenabled <> 'D'"
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_trigger WHERE {guard}) THEN RAISE EXCEPTION "
        f"'the guard of {columns.relation} is gone or disabled' USING ERRCODE = 'check_violation'; END IF; END $$;"
    )


def _dropped(columns: Columns, gone: str, stays: str, why: str, *asked: str) -> Iterator[str]:
    # Everybody queues behind whoever waits for this lock.
    yield "SET LOCAL lock_timeout = '5s';"
    # The question and the drop see the same rows: nobody writes between them.
    yield f"LOCK TABLE {columns.relation} IN ACCESS EXCLUSIVE MODE;"
    yield from asked
    # Where there is an index of just these rows (`index_ahead`) no table is gone through under the lock.
    yield "SET LOCAL enable_seqscan = off;"
    yield (
        f"DO $$ BEGIN IF EXISTS (SELECT FROM {columns.relation} WHERE {_lost(gone, stays)}) THEN "
        f"RAISE EXCEPTION 'some rows of {columns.relation} {why}' USING ERRCODE = 'check_violation'; END IF; END $$;"
    )
    yield from _unguarded(columns)
    yield f"ALTER TABLE {columns.relation} DROP COLUMN {gone};"
