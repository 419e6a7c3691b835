"""A real PostgreSQL that takes no writes for now: nothing is believed done or refused, and nobody is believed gone.

A standby, a server that only reads, one that is full, and one that its administrator ends under a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Timer

import psycopg
import pytest
import trustme

from migrate.model.change import Absent, Change, Doc, Exact
from migrate.model.ports import Move, Outcome, OutcomeUnknown, Secrets, Snapshot, Unreachable, Written
from migrate.model.target import parse_target
from migrate.stores.postgres.observer import PostgresObserver
from migrate.stores.postgres.session import Database
from migrate.stores.postgres.store import PostgresStore
from tests.contract.servers import ADMIN, postgres, program, serving

_LOGIN = Doc({"login": True, "memberOf": [], "connect": ["postgres"]})
CHANGE = Change(parse_target("postgres:role/newcomer"), Absent(), _LOGIN, Exact())
PASSWORD = "written-canary-77c2"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The data of a server that has ended, and its port."""
    if program("initdb", "postgresql-") is None:
        pytest.skip("no PostgreSQL here (make lab)")
    folder = tmp_path_factory.mktemp("pg")
    folder.chmod(0o755)
    pair = trustme.CA().issue_cert("127.0.0.1")
    pair.private_key_pem.write_to_path(folder / "vault-key.pem")
    pair.cert_chain_pems[0].write_to_path(folder / "vault-cert.pem")
    with postgres(folder, str(folder / "vault-ca.pem")) as (dsn, port):
        _sql(Database(lambda: dsn), "create role leaving login")
    return folder / "postgres", port


@pytest.fixture
def database(made: tuple[Path, int]) -> Iterator[Database]:
    with serving(*made) as dsn:
        yield Database(lambda: dsn)


def _sql(database: Database, *statements: str) -> None:
    with psycopg.connect(database._dsn(), autocommit=True) as connection:
        for one in statements:
            connection.execute(one.encode())


def written(database: Database, seen: Snapshot | None = None) -> Outcome:
    store = PostgresStore(database)
    move = Move("run", "plan", "0" * 64, "step", "forward", "a login", CHANGE)
    return store.write(move, seen or store.read(CHANGE), Secrets({"password": PASSWORD}))


def test_a_standby_is_named_and_nobody_is_called_gone_on_its_word(made: tuple[Path, int]) -> None:
    data, port = made
    (data / "standby.signal").touch(mode=0o644)
    try:
        with serving(data, port) as dsn:
            with psycopg.connect(dsn) as connection:
                assert connection.execute("select pg_is_in_recovery()").fetchone() == (True,)
            database = Database(lambda: dsn)
            for name in ("sessions/leaving", "role/leaving", "server/hba", "server/settings", "server/revoked"):
                with pytest.raises(Unreachable, match="is a standby") as caught:
                    PostgresObserver(database).observe(parse_target(f"postgres:{name}"))
                assert "database.admin" in caught.value.following
                assert ADMIN not in f"{caught.value!r}{caught.value.following}"
            outcome = written(database, Snapshot(Absent()))
            assert isinstance(outcome, OutcomeUnknown)
            assert "standby" in outcome.why
    finally:
        (data / "standby.signal").unlink()


def _only_reads(database: Database, held: ExitStack) -> None:
    _sql(database, "alter system set default_transaction_read_only = on", "select pg_reload_conf()")
    held.callback(_sql, database, "set default_transaction_read_only = off", "alter system reset all", _RELOAD)


def _is_full(database: Database, held: ExitStack) -> None:
    """Every place is taken, those of administrators too."""
    while True:
        try:
            held.enter_context(psycopg.connect(database._dsn()))
        except psycopg.OperationalError as error:
            assert "too many clients" in str(error)  # noqa: PT017  how it says so is the point
            return


_RELOAD = "select pg_reload_conf()"


def _ends_sessions(database: Database, held: ExitStack) -> None:
    _locked(database, held, "select pg_terminate_backend(pid)")


def _cancels(database: Database, held: ExitStack) -> None:
    _locked(database, held, "select pg_cancel_backend(pid)")


def _locked(database: Database, held: ExitStack, does: str) -> None:
    """The write waits for a lock, and meanwhile somebody does this to it."""
    holder = held.enter_context(psycopg.connect(database._dsn()))
    holder.execute("lock table pg_authid in share row exclusive mode")
    of_ours = f"{does} from pg_stat_activity where application_name = 'migrate' and wait_event_type = 'Lock'"
    strikes = Timer(1.5, lambda: _sql(database, of_ours))
    strikes.start()
    held.callback(strikes.join)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (_only_reads, "read-only"),
        (_is_full, "too many clients"),
        (_ends_sessions, "terminating connection"),
        (_cancels, "canceling statement"),
    ],
)
def test_a_write_that_it_cannot_do_now_is_neither_done_nor_refused_and_is_done_later(
    trouble: Callable[[Database, ExitStack], None], words: str, database: Database
) -> None:
    seen = PostgresStore(database).read(CHANGE)
    with ExitStack() as held:
        trouble(database, held)
        outcome = written(database, seen)
        assert isinstance(outcome, OutcomeUnknown), outcome
        assert words in outcome.why
        assert PASSWORD not in outcome.why
    assert isinstance(PostgresStore(database).read(CHANGE).state, Absent)
    assert isinstance(written(database), Written)
    _sql(database, "drop owned by newcomer", "drop role newcomer")
