"""A column sealed on a real PostgreSQL with a real Vault: killed, disturbed, compared, dropped, and taken back."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migrate.engine.settle import Applied, Final, NotApplied, Nothing, retract, settle
from migrate.model.change import Change, Doc, inverted
from migrate.model.errors import Refused
from migrate.model.ports import Conflict, Denied, Move, Partly, Secrets, Unreachable, Written
from migrate.sealing.job import Clock, Ended, compare, rewrap, seal
from migrate.sealing.pace import Pace
from migrate.sealing.ports import Pair, Row, Unreadable
from migrate.stores.postgres.comparing import compared, counted, sampled, writes
from migrate.stores.postgres.sealed import SealedTable, sealed_table, versions
from migrate.stores.postgres.session import Database
from migrate.stores.postgres.store import PostgresStore
from migrate.stores.vault.transit import Key
from migrate.targets.columns import index_ahead
from tests.contract.sealing import CANARY, Sealed, sealed
from tests.contract.servers import ADMIN, OLD, Servers

pytestmark = [pytest.mark.lab(level="vault"), pytest.mark.timeout(300)]

AT_ONCE = Pace(50, 10**9, 3600)
CLOCK = Clock(time.monotonic, lambda seconds: None)


@pytest.fixture
def notes(servers: Servers) -> Iterator[Sealed]:
    with sealed(servers, 500) as made:
        yield made


def whole(notes: Sealed) -> bool:
    """Whether every row decrypts to its plaintext."""
    return compared(notes.database, notes.columns, "id", notes.cipher).whole


def at(connection: psycopg.Connection[tuple[object, ...]], notes: Sealed) -> SealedTable:
    return sealed_table(connection, notes.columns, "id")


def paged(notes: Sealed) -> Callable[[str | None, int], tuple[list[Pair], str | None]]:
    """Pairs of rows, a page at a time, each over a connection of its own."""

    def pairs(after: str | None, limit: int) -> tuple[list[Pair], str | None]:
        with notes.database.session(notes.columns.database) as connection:
            return at(connection, notes).pairs(after, limit)

    return pairs


def ciphertexts(notes: Sealed) -> dict[object, object]:
    """What stands in the sealed column, by key."""
    return {row[0]: row[1] for row in notes.sql("select id, body_sealed from entries where body_sealed is not null")}


@pytest.mark.parametrize("step", ["make_key", "add_column", "fill", "drop"])
def test_what_a_step_writes_reads_back_as_applied(notes: Sealed, step: str) -> None:
    for one in ("make_key", "add_column", "fill", "drop"):
        change = getattr(notes, one)()
        if one == step:
            _reads_back(notes, change)
            return
        notes.write(change)


def _reads_back(notes: Sealed, change: Change) -> None:
    assert isinstance(settle(change, notes.read(change).state), NotApplied)
    assert isinstance(notes.write(change), Written)
    assert isinstance(settle(change, notes.read(change).state), Applied)


def test_a_column_taken_back_leaves_the_table_as_it_was(notes: Sealed) -> None:
    def shape() -> list[tuple[object, ...]]:
        return notes.sql(
            "select relname::text, relkind::text from pg_class where relnamespace = 'public'::regnamespace union all "
            "select attname::text, atttypid::regtype::text from pg_attribute where attrelid = 'entries'::regclass and "
            "not attisdropped union all select tgname::text, '' from pg_trigger where tgrelid = 'entries'::regclass "
            "union all select proname::text, '' from pg_proc where pronamespace = 'public'::regnamespace order by 1, 2"
        )

    before, rows = shape(), notes.sql("select * from entries order by id")
    notes.ready()
    notes.write(notes.fill())

    assert isinstance(notes.back(notes.add_column()), Written)

    assert shape() == before
    assert notes.sql("select * from entries order by id") == rows


def test_more_values_than_a_server_takes_at_once_come_back_in_their_order(notes: Sealed) -> None:
    notes.write(notes.make_key())
    values = [f"entry {number}" for number in range(601)]
    sealed = notes.cipher.encrypt(values)
    assert notes.cipher.decrypt(sealed) == values
    assert notes.cipher.decrypt(notes.cipher.rewrap(sealed)) == values


def test_a_key_is_not_exported_not_deleted_and_stays_when_all_is_taken_back(notes: Sealed) -> None:
    change = notes.make_key()
    notes.write(change)

    assert isinstance(retract(change, notes.read(change).state, notes.read(change).state), Nothing)
    assert not notes.vault.ask("delete", notes.key.path).ok
    assert not notes.vault.ask("get", f"{notes.mount}/export/encryption-key/mig-notes").ok
    assert not notes.vault.ask("get", f"{notes.mount}/backup/mig-notes").ok


def test_a_rotated_key_is_still_as_the_step_made_it(notes: Sealed) -> None:
    change = notes.make_key()
    notes.write(change)
    notes.vault.ask("post", f"{notes.key.path}/rotate")

    assert isinstance(settle(change, notes.read(change).state), Applied)


def test_every_row_is_sealed_and_opens_to_what_it_was(notes: Sealed) -> None:
    notes.ready()

    assert isinstance(notes.write(notes.fill()), Written)

    assert whole(notes)
    assert notes.sql("select count(*) from entries where body is null and body_sealed is not null") == [(0,)]
    assert notes.sql("select count(*) from entries where body_sealed like 'vault:v1:%'") == [(501,)]


def test_whoever_writes_the_plaintext_alone_empties_the_ciphertext(notes: Sealed) -> None:
    notes.ready()
    notes.write(notes.fill())

    notes.sql("update entries set body = 'newer' where id = 7")
    notes.sql("update entries set other = 'elsewhere' where id = 8")
    notes.sql("update entries set body = null where id = 9")

    assert notes.sql("select id from entries where body is not null and body_sealed is null") == [(7,)]
    assert notes.sql("select body_sealed from entries where id = 9") == [(None,)]
    seen = writes(notes.database, notes.columns)
    assert seen["guarded"] is True
    assert "plain" in seen
    assert "both" not in seen
    assert isinstance(settle(notes.fill(), notes.read(notes.fill()).state), NotApplied)


def test_whoever_writes_both_is_noted_and_kept(notes: Sealed) -> None:
    notes.ready()
    [ciphertext] = notes.cipher.encrypt(["by the application"])

    notes.sql(f"update entries set body = 'by the application', body_sealed = '{ciphertext}' where id = 7")
    notes.sql(f"insert into entries (body, body_sealed) values ('by the application', '{ciphertext}')")

    assert notes.sql("select count(*) from entries where body_sealed is not null") == [(2,)]
    assert set(writes(notes.database, notes.columns)) == {"guarded", "both"}


def test_a_ciphertext_without_plaintext_is_never_emptied(notes: Sealed) -> None:
    """An application that stopped writing the plaintext before anybody dropped it loses nothing."""
    notes.ready()
    [ciphertext] = notes.cipher.encrypt(["only here"])

    notes.sql(f"update entries set body = null, body_sealed = '{ciphertext}' where id = 7")

    found = compared(notes.database, notes.columns, "id", notes.cipher)
    assert found.alone == 1


def test_whoever_writes_the_ciphertext_alone_empties_the_plaintext_and_is_noted(notes: Sealed) -> None:
    notes.ready()
    [ciphertext] = notes.cipher.encrypt(["newer"])

    notes.sql(f"update entries set body_sealed = '{ciphertext}' where id = 7")
    notes.sql("update entries set body_sealed = null where id = 8")

    assert notes.sql("select body from entries where id = 7") == [(None,)]
    assert notes.sql("select count(*) from entries where id = 8 and body is not null") == [(1,)]
    assert set(writes(notes.database, notes.columns)) == {"guarded", "sealed"}


def test_what_exists_as_ciphertext_only_is_opened_before_its_column_goes(notes: Sealed, servers: Servers) -> None:
    log = Path(servers.ca).parents[1] / "pg.log"
    began = len(log.read_bytes())
    notes.ready()
    notes.write(notes.fill())
    value = "reopened-canary-77e2 \t\\N\nä"
    [ciphertext] = notes.cipher.encrypt([value])
    notes.sql(f"insert into entries (body_sealed) select '{ciphertext}' from generate_series(1, 120)")

    assert isinstance(notes.back(notes.add_column()), Written)

    with psycopg.connect(servers.dsn, dbname=notes.columns.database, options="-c log_statement=none") as connection:
        found = connection.execute("select count(*) from entries where body = %s", [value]).fetchone()
    assert found == (120,)
    assert b"reopened-canary" not in log.read_bytes()[began:]


def test_a_sealed_column_with_a_value_nobody_opens_does_not_go(notes: Sealed) -> None:
    notes.ready()
    notes.sql("insert into entries (body_sealed) values ('vault:v1:AAAA')")

    said = notes.back(notes.add_column())

    assert isinstance(said, Denied)
    assert notes.sql("select count(*) from entries where body_sealed = 'vault:v1:AAAA'") == [(1,)]


def test_a_row_that_changes_while_it_is_encrypted_is_sealed_as_it_is_now(notes: Sealed) -> None:
    notes.ready()
    inner = notes.cipher

    class Interrupted:
        """A key whose every answer takes so long that somebody writes meanwhile."""

        left = 20

        def encrypt(self, values: Sequence[str]) -> list[str]:
            if self.left:
                self.left -= 1
                notes.sql(f"update entries set body = 'changed {self.left}' where id = {self.left * 20 + 1}")
            return inner.encrypt(values)

        decrypt, rewrap = inner.decrypt, inner.rewrap

    with notes.database.session(notes.columns.database) as connection:
        done = seal(at(connection, notes), Interrupted(), AT_ONCE, CLOCK)

    assert isinstance(done, Ended)
    assert done.overtaken > 0
    assert whole(notes)


def test_killed_at_any_instant_it_goes_on_where_it_was(notes: Sealed) -> None:
    notes.ready()
    chance = random.Random(7)
    for _ in range(25):
        child = os.fork()
        if child == 0:
            try:
                notes.write(notes.fill(batch=7))
            finally:
                os._exit(0)
        time.sleep(chance.uniform(0.0, 0.12))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    sealed_before = ciphertexts(notes)

    assert isinstance(notes.write(notes.fill()), Written)

    after = ciphertexts(notes)
    assert after.items() >= sealed_before.items()
    assert len(after) == 501
    assert whole(notes)


def test_a_go_that_is_over_says_how_far_it_came_and_is_not_done(notes: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    notes.ready()
    monkeypatch.setattr("migrate.stores.postgres.columns.SECONDS_IN_ONE_GO", 0.0)

    said = notes.write(notes.fill(batch=100))

    assert said == Partly("100 rows")
    assert isinstance(settle(notes.fill(), notes.read(notes.fill()).state), NotApplied)


def test_it_is_never_faster_than_it_may_be(notes: Sealed) -> None:
    notes.ready()
    slept: list[float] = []

    with notes.database.session(notes.columns.database) as connection:
        seal(at(connection, notes), notes.cipher, Pace(50, 100, 3600), Clock(lambda: 0.0, slept.append))

    assert slept[:3] == [0.5, 1.0, 1.5]


def test_the_drop_refuses_while_a_row_is_not_sealed(notes: Sealed) -> None:
    notes.ready()
    notes.write(notes.fill())
    notes.sql("insert into entries (body) values ('late')")

    said = notes.write(notes.drop())

    assert isinstance(said, Denied)
    assert "not sealed" in said.why
    assert notes.sql("select count(*) from entries where body = 'late'") == [(1,)]


def test_the_drop_refuses_where_the_guard_was_disabled(notes: Sealed) -> None:
    notes.ready()
    notes.write(notes.fill())
    notes.sql(f"alter table entries disable trigger {notes.columns.guard}")
    assert not isinstance(notes.write(notes.drop()), Written)
    assert notes.sql("select count(*) from entries where body is not null") != [(0,)]
    notes.sql(f"alter table entries enable trigger {notes.columns.guard}")
    assert notes.write(notes.drop()) == Written()


def test_after_the_drop_everything_reads_and_nothing_it_stands_on_is_taken_back(notes: Sealed) -> None:
    notes.ready()
    notes.write(notes.fill())
    notes.write(notes.drop())

    [(ciphertext,)] = notes.sql("select body_sealed from entries where id = 1")
    assert notes.cipher.decrypt([str(ciphertext)]) == [f"{CANARY}-é\n-1"]
    notes.sql("insert into entries (body_sealed) values ('vault:v1:later')")
    drop = notes.drop()
    assert isinstance(retract(drop, notes.read(drop).state, notes.read(drop).state), Final)


def test_a_comparison_finds_what_differs_what_is_missing_and_what_no_key_opens(notes: Sealed) -> None:
    notes.ready()
    notes.write(notes.fill())
    [other] = notes.cipher.encrypt(["something else"])
    for number, text in enumerate((f"'{other}'", "null", "'vault:v1:AAAA'"), 1):
        notes.sql(f"set migrate.job = 'on'; update entries set body_sealed = {text} where id = {number}")

    found = compared(notes.database, notes.columns, "id", notes.cipher)

    assert (found.differing, found.missing, found.unreadable) == (1, 1, 1)
    assert found.equal == found.rows - 3


def test_everybody_writes_while_it_is_compared_and_what_they_wrote_is_compared_under_a_lock(notes: Sealed) -> None:
    notes.ready()
    notes.write(notes.fill())
    written, refused = list[str](), list[str]()

    class Watching(Key):
        """A key that tries to write the table whenever it is asked."""

        def decrypt(self, sealed: Sequence[str]) -> list[str | Unreadable]:
            try:
                notes.sql(
                    "set lock_timeout = '50ms'; set migrate.job = 'on'; "
                    "update entries set body = 'sneaked in' where id = 3"  # past the guard, behind what was compared
                )
                written.append("written")
            except psycopg.errors.LockNotAvailable:
                refused.append("refused")
            return super().decrypt(sealed)

    found = compared(notes.database, notes.columns, "id", Watching(notes.vault, notes.key.path))

    assert written
    assert refused
    assert (found.differing, found.rows) == (1, 503)


def test_a_row_written_by_a_transaction_that_was_under_way_is_compared_too(notes: Sealed, servers: Servers) -> None:
    notes.ready()
    notes.write(notes.fill())
    with psycopg.connect(servers.dsn, dbname=notes.columns.database) as older:
        older.execute("set migrate.job = 'on'")
        older.execute("update entries set body = 'before it began' where id = 3")

        class Committing(Key):
            """A key that sees the other transaction end."""

            def decrypt(self, sealed: Sequence[str]) -> list[str | Unreadable]:
                older.commit()
                return super().decrypt(sealed)

        found = compared(notes.database, notes.columns, "id", Committing(notes.vault, notes.key.path))

    assert found.differing == 1


@pytest.mark.parametrize("gone", ["plaintext", "sealed"])
def test_what_a_drop_asks_under_its_lock_is_answered_by_an_index_that_goes_with_it(
    notes: Sealed, servers: Servers, gone: str
) -> None:
    notes.ready()
    notes.write(notes.fill())
    change = notes.drop() if gone == "plaintext" else inverted(notes.add_column())
    found = index_ahead(change)
    assert found is not None
    name, statement = found
    notes.sql(statement)
    lost = statement.partition("WHERE ")[2]

    asked = f"explain (costs off) select from entries where {lost}".encode()
    with psycopg.connect(servers.dsn, dbname=notes.columns.database, options="-c enable_seqscan=off") as connection:
        told = connection.execute(asked).fetchall()

    assert name.rpartition(".")[2] in str(told)
    assert isinstance(notes.write(change), Written)
    assert notes.sql("select indexrelid::regclass::text from pg_index where indrelid = 'entries'::regclass") == [
        ("entries_pkey",)
    ]


def test_an_index_that_was_never_finished_is_made_anew(notes: Sealed) -> None:
    notes.ready()
    notes.write(notes.fill())
    found = index_ahead(notes.drop())
    assert found is not None
    notes.sql(found[1])
    notes.sql(f"update pg_index set indisvalid = false where indexrelid = '{found[0]}'::regclass")

    assert isinstance(notes.write(notes.drop()), Written)


def test_a_table_that_somebody_holds_is_not_waited_for_with_everybody_behind_us(
    notes: Sealed, servers: Servers
) -> None:
    notes.ready()
    notes.write(notes.fill())
    with psycopg.connect(servers.dsn, dbname=notes.columns.database) as holder:
        holder.execute("lock table entries in row exclusive mode")

        said = notes.write(notes.drop())

    assert isinstance(said, Conflict)
    assert "lock timeout" in said.why
    assert isinstance(notes.write(notes.drop()), Written)


def test_a_backup_of_vault_is_tried_with_rows_of_every_version_of_the_key(notes: Sealed) -> None:
    notes.ready()
    notes.write(notes.fill())
    notes.vault.ask("post", f"{notes.key.path}/rotate")
    [newest] = notes.cipher.encrypt([str(notes.sql("select body from entries where id = 400")[0][0])])
    assert newest.startswith("vault:v2:")
    notes.sql(f"set migrate.job = 'on'; update entries set body_sealed = '{newest}' where id = 400")

    class Older(Key):
        """The key as a backup from before its rotation has it."""

        def decrypt(self, sealed: Sequence[str]) -> list[str | Unreadable]:
            opened = iter(super().decrypt([one for one in sealed if one.startswith("vault:v1:")]))
            return [next(opened) if one.startswith("vault:v1:") else Unreadable() for one in sealed]

    found = sampled(notes.database, notes.columns, "id", Older(notes.vault, notes.key.path), 5)

    assert (found.rows, found.equal, found.unreadable) == (6, 5, 1)


def test_a_column_that_is_not_there_is_no_server_that_is_away(notes: Sealed) -> None:
    notes.ready()
    with pytest.raises(Unreachable) as found:
        sampled(notes.database, replace(notes.columns, sealed="nowhere"), "id", notes.cipher, 5)
    assert "refuses" in found.value.happened
    assert "the column is there" in str(found.value.following)


def test_rewrapped_rows_open_and_older_ones_are_counted(notes: Sealed) -> None:
    notes.ready()
    notes.write(notes.fill())
    notes.vault.ask("post", f"{notes.key.path}/rotate")
    with notes.database.session(notes.columns.database) as connection:
        assert versions(connection, notes.columns) == {1: 501}

        rewrap(at(connection, notes), notes.cipher, 2, AT_ONCE, CLOCK)

        assert versions(connection, notes.columns) == {2: 501}
    assert whole(notes)


def test_rows_that_row_security_hides_are_not_lost(notes: Sealed, servers: Servers) -> None:
    login = f"owner_{notes.columns.database}"
    servers.sql(f"create role {login} login password '{OLD}'")
    try:
        notes.sql(f"alter table entries owner to {login}; grant create on schema public to {login}")
        notes.sql("alter table entries enable row level security; alter table entries force row level security")
        notes.sql("create policy first on entries using (id < 100)")
        dsn = servers.dsn.replace(f"admin:{ADMIN}@", f"{login}:{OLD}@")
        store = PostgresStore(Database(lambda: dsn), lambda path: notes.cipher)
        notes.write(notes.make_key())
        for change in (notes.add_column(), notes.fill(), notes.drop()):
            with suppress(Unreachable):
                seen = store.read(change)
                move = Move("run-1", "phase4-0000", "0" * 64, "step", "forward", "", change)
                store.write(move, seen, Secrets())
        assert notes.sql("select count(*) from entries where body is not null") == [(501,)]
    finally:
        notes.sql(f"reassign owned by {login} to admin; drop owned by {login}")
        servers.sql(f"drop role {login}")


def test_a_table_without_such_a_key_is_refused(notes: Sealed) -> None:
    notes.ready()
    with notes.database.session(notes.columns.database) as connection, pytest.raises(Refused) as caught:
        sealed_table(connection, notes.columns, "other")
    assert "transit.columns[].key" in caught.value.following


@pytest.mark.parametrize("of", ["text", "uuid", "int4"])
def test_keys_of_any_type_are_gone_through_in_their_own_order(servers: Servers, of: str) -> None:
    made: dict[str, str] = {"text": "'k' || n", "uuid": "gen_random_uuid()", "int4": "n - 50"}
    with sealed(servers, 0) as notes:
        notes.sql(f"drop table entries; create table entries (id {of} primary key, body text)")
        notes.sql(f"insert into entries select {made[of]}, 'x' || n from generate_series(1, 120) n")
        notes.ready()
        with notes.database.session(notes.columns.database) as connection:
            table = at(connection, notes)
            seen, rows = [], table.unsealed(None, 7)
            while rows:
                seen += [row.key for row in rows]
                rows = table.unsealed(rows[-1].key, 7)
        assert seen == [str(row[0]) for row in notes.sql("select id from entries order by id")]
        assert isinstance(notes.write(notes.fill(batch=7)), Written)
        assert whole(notes)
        found = compare(paged(notes), notes.cipher, 7)
        assert (found.rows, found.equal) == (120, 120)


def test_no_plaintext_reaches_a_log_a_word_or_a_value_that_is_printed(notes: Sealed, servers: Servers) -> None:
    log = Path(servers.ca).parents[1] / "pg.log"
    log_was = len(log.read_bytes())
    notes.ready()
    said = [notes.write(notes.fill())]
    with notes.database.session(notes.columns.database) as connection:
        rows = at(connection, notes).pairs(None, 10)
        said += [str(rows), repr(Row("1", "2", CANARY))]  # type: ignore[list-item]
    assert compare(lambda after, limit: (rows[0], None), notes.cipher, 10).whole
    assert CANARY not in repr(said)
    assert CANARY.encode() not in log.read_bytes()[log_was:]


# --- a rotated key ---------------------------------------------------------------------------------------------------


@pytest.fixture
def rotated(notes: Sealed) -> Sealed:
    """Every row sealed with version 1, and the key rotated by its step."""
    notes.ready()
    notes.write(notes.fill())
    assert isinstance(notes.write(notes.rotate(2)), Written)
    return notes


@pytest.mark.parametrize("step", ["rotate", "rewrap", "retire"])
def test_what_a_step_of_a_rotation_writes_reads_back_as_applied(notes: Sealed, step: str) -> None:
    notes.ready()
    notes.write(notes.fill())
    for one in ("rotate", "rewrap", "retire"):
        change = getattr(notes, one)(2)
        if one == step:
            _reads_back(notes, change)
            return
        notes.write(change)


def test_a_rotation_is_done_where_vault_went_further_by_itself(rotated: Sealed) -> None:
    rotated.vault.ask("post", f"{rotated.key.path}/rotate")

    assert isinstance(settle(rotated.rotate(2), rotated.read(rotated.rotate(2)).state), Applied)
    assert isinstance(rotated.write(rotated.rewrap(2)), Written)
    assert counted(rotated.database, rotated.columns) == {"rows": {"3": 501}}


def test_retired_versions_do_not_open_until_it_is_taken_back(rotated: Sealed) -> None:
    before = ciphertexts(rotated)
    rotated.write(rotated.rewrap(2))
    rotated.write(rotated.retire(2))
    older = [str(text) for text in before.values()][:3]
    assert rotated.cipher.decrypt(older) == [Unreadable()] * 3
    assert whole(rotated)

    assert isinstance(rotated.back(rotated.retire(2)), Written)

    assert all(isinstance(one, str) for one in rotated.cipher.decrypt(older))
    for change in (rotated.rotate(2), rotated.rewrap(2)):
        seen = rotated.read(change).state
        assert isinstance(retract(change, seen, seen), Nothing)
    assert rotated.read(rotated.rotate(2)).state == Doc({"latest_version": 2})


def test_killed_at_any_instant_while_rewrapping_it_goes_on_where_it_was(rotated: Sealed) -> None:
    chance, plain = random.Random(11), rotated.sql("select id, body from entries order by id")
    for _ in range(25):
        child = os.fork()
        if child == 0:
            try:
                rotated.write(rotated.rewrap(2, batch=7))
            finally:
                os._exit(0)
        time.sleep(chance.uniform(0.0, 0.12))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert whole(rotated)
    done = {key: text for key, text in ciphertexts(rotated).items() if str(text).startswith("vault:v2:")}

    assert isinstance(rotated.write(rotated.rewrap(2)), Written)

    assert ciphertexts(rotated).items() >= done.items()
    assert counted(rotated.database, rotated.columns) == {"rows": {"2": 501}}
    assert rotated.sql("select id, body from entries order by id") == plain
    assert whole(rotated)


def test_rows_are_rewrapped_and_compared_after_the_plaintext_was_dropped(notes: Sealed) -> None:
    notes.ready()
    notes.write(notes.fill())
    notes.write(notes.drop())
    notes.write(notes.rotate(2))

    assert isinstance(notes.write(notes.rewrap(2)), Written)

    found = compared(notes.database, notes.columns, "id", notes.cipher)
    assert (found.rows, found.alone, found.unreadable) == (502, 501, 0)


def test_what_is_no_ciphertext_stops_the_end_of_a_rewrap_and_not_its_rows(rotated: Sealed) -> None:
    rotated.sql("set migrate.job = 'on'; update entries set body_sealed = 'by hand' where id = 7")

    said = rotated.write(rotated.rewrap(2))

    assert isinstance(said, Denied)
    assert "no ciphertext of Transit" in said.why
    assert counted(rotated.database, rotated.columns) == {"rows": {"0": 1, "2": 500}}


@pytest.mark.parametrize("step", ["fill", "rewrap"])
def test_the_next_go_begins_where_the_last_one_ended(notes: Sealed, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    notes.ready()
    if step == "rewrap":
        notes.write(notes.fill())
        notes.write(notes.rotate(2))
    monkeypatch.setattr("migrate.stores.postgres.columns.SECONDS_IN_ONE_GO", 0.0)
    change, asked = (notes.fill() if step == "fill" else notes.rewrap(2)), list[str | None]()
    method = "unsealed" if step == "fill" else "older"
    real = getattr(SealedTable, method)

    def noted(self: SealedTable, *about: Any) -> list[Row]:
        asked.append(about[-2])
        return list(real(self, *about))

    monkeypatch.setattr(SealedTable, method, noted)
    store = PostgresStore(notes.database, lambda path: notes.cipher)
    goes = 0
    while isinstance(settle(change, (seen := store.read(change)).state), NotApplied):
        goes += 1
        store.write(Move("run-1", "phase4-0000", "0" * 64, "step", "forward", "", change), seen, Secrets())

    assert goes > 9
    assert asked.count(None) <= 2  # the first go, and the look at everything before the end
