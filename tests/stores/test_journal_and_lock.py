"""The journal and the lock on a real disk, with real processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import UTC, datetime
from multiprocessing.synchronize import Event as Signal
from pathlib import Path

import pytest

from migrate.model.errors import Locked, Refused, Stopped
from migrate.stores.journal import Journal, whole
from migrate.stores.lock import Lock, Owner, held, take_from
from migrate.stores.runs import Runs

SPAWN = multiprocessing.get_context("spawn")


def now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


def owner(name: str = "a") -> Owner:
    return Owner(name, "ann", "migrate apply", "box", os.getpid(), "2026-01-01T00:00:00+00:00")


def test_writing_goes_on_in_place_of_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, now)
    journal.append("run.opened", {"run": "x"})
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"seq":1,"time":"20')
    again = Journal(path, now)
    again.append("run.closed", {"state": "done"})
    again.close()
    assert [event.type for event in whole(path).events] == ["run.opened", "run.closed"]


def test_a_changed_journal_is_not_written_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, now)
    journal.append("run.opened", {"run": "x"})
    journal.append("run.closed", {"state": "done"})
    journal.close()
    path.write_bytes(path.read_bytes().replace(b'"x"', b'"y"'))
    with pytest.raises(Stopped, match="line 1"):
        Journal(path, now)


def test_a_full_disk_stops_before_the_write_it_would_have_announced(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, now)
    journal.append("run.opened", {"run": "x"})
    before = path.read_bytes()
    import resource

    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, old[1]))
    try:
        with pytest.raises(Stopped, match="could not be written"):
            journal.append("step.intent", {"step": "x" * 100})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, ignored)
    journal.append("run.closed", {"state": "done"})
    journal.close()
    assert [event.type for event in whole(path).events] == ["run.opened", "run.closed"]


def _hold_it(folder: Path, taken: Signal) -> None:
    lock = Lock(folder, owner("other"))
    taken.set()
    signal.pause()
    lock.release()


def test_the_second_operator_is_told_who_and_a_dead_owner_frees_the_lock(tmp_path: Path) -> None:
    taken = SPAWN.Event()
    other = SPAWN.Process(target=_hold_it, args=(tmp_path, taken))
    other.start()
    try:
        assert taken.wait(30)
        with pytest.raises(Locked, match="ann on box"):
            Lock(tmp_path, owner())
        assert held(tmp_path) is not None
    finally:
        assert other.pid
        os.kill(other.pid, signal.SIGKILL)
        other.join()
    assert held(tmp_path) is None
    Lock(tmp_path, owner()).release()


def test_a_lock_is_broken_only_by_its_id_and_its_old_owner_notices(tmp_path: Path) -> None:
    lock = Lock(tmp_path, owner("first"))
    with pytest.raises(Refused, match="first"):
        take_from(tmp_path, "second")
    lock.insist()
    assert take_from(tmp_path, "first").who == "ann"
    with pytest.raises(Stopped, match="taken from this process"):
        lock.insist()
    other = Lock(tmp_path, owner("second"))
    lock.release()
    assert other.ours()
    other.release()


def test_nobody_can_break_what_nobody_holds(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nobody"):
        take_from(tmp_path, "any")


def test_a_journal_with_two_writers_keeps_the_chain_of_the_one_who_wrote_last(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    mine, theirs = Journal(path, now), Journal(path, now)
    theirs.append("run.opened", {"run": "x"})
    with pytest.raises(Stopped, match="somebody else"):
        mine.append("run.opened", {"run": "y"})
    assert [event.data for event in whole(path).events] == [{"run": "x"}]


def test_a_changed_schema_is_damage_and_not_a_later_version(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path, now).append("run.opened", {"run": "x"})
    for schema, error in ((b"migrate.journal/v12", Refused), (b"migrate.jourmal/v1", Stopped)):
        path.write_bytes(path.read_bytes().replace(b"migrate.journal/v1", schema))
        with pytest.raises(error):
            whole(path)
        path.write_bytes(path.read_bytes().replace(schema, b"migrate.journal/v1"))


def test_two_runs_of_one_plan_in_the_same_second_have_names_of_their_own(tmp_path: Path) -> None:
    """The first may have been killed before it wrote anything: its folder is there, and no run."""
    runs = Runs(tmp_path / "estate")
    for name in ("p-20260101T000000", "p-20260101T000000-2", "p-20260101T000000-3"):
        assert runs.fresh("p", now()) == name
        runs.create(name, b"{}")
