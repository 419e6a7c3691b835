"""What every store promises for every kind of target, asked of the practice world and of real servers alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest

from migrate.engine.settle import Applied, NotApplied, settle
from migrate.model.change import Absent, Doc
from migrate.model.json import mapping
from migrate.model.ports import Conflict, Denied, Secrets, Written
from migrate.targets.compare import covers, moved
from tests.contract.bench import KINDS, PASSWORD, Bench, named
from tests.contract.servers import OLD, Servers

MARKED = {"vault-login", "new-login"}
"""Kinds that can carry the run's mark on a real server."""


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_written_reads_back_as_applied(bench: Bench, kind: str) -> None:
    step = bench.stand(kind)
    assert isinstance(settle(step.change, bench.read(step).state), NotApplied)

    left = bench.take(step)

    assert isinstance(settle(step.change, left.state), Applied)
    assert left.mark == "run-1" if kind in MARKED else left.mark in {None, "run-1"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_inverse_leaves_the_state_before(bench: Bench, kind: str) -> None:
    step = bench.stand(kind)
    last = bench.take(step)

    assert isinstance(bench.back(step, last), Written)

    assert isinstance(bench.read(step).state, Absent)
    assert isinstance(settle(step.change, bench.read(step).state), NotApplied)


@pytest.mark.parametrize("kind", KINDS)
def test_somebody_elses_edit_after_we_looked_is_a_conflict_and_stays(bench: Bench, kind: str) -> None:
    step = bench.stand(kind)
    seen = bench.read(step)
    assert isinstance(bench.write(step, run="run-of-somebody-else"), Written)
    theirs = bench.read(step)
    bench.left.append((step, theirs))

    assert isinstance(bench.write(step, seen=seen), Conflict)

    assert not moved(step.change.target, theirs.state, bench.read(step).state)
    assert bench.read(step).mark == theirs.mark


@pytest.mark.parametrize("kind", KINDS)
def test_two_readings_of_one_state_have_one_version(bench: Bench, kind: str) -> None:
    step = bench.stand(kind)
    bench.take(step)

    assert bench.read(step).version == bench.read(step).version


def test_a_longer_rotation_is_written_and_taken_back_without_rotating(bench: Bench) -> None:
    step = bench.stand("longer-rotation")
    before = bench.read(step)

    last = bench.take(step)
    assert isinstance(settle(step.change, last.state), Applied)
    assert isinstance(bench.back(step, last), Written)
    bench.left.pop()

    after = bench.read(step)
    assert covers(step.change.target, after.state, step.change.before)
    assert _rotated(after.state) == _rotated(before.state)


def _rotated(state: object) -> object:
    return mapping(state.value).get("last_vault_rotation") if isinstance(state, Doc) else None


@pytest.mark.lab(level="vault")
def test_the_old_login_is_closed_and_opened_again(real: Bench) -> None:
    step = real.step("close-login")
    before = real.read(step)

    last = real.take(step)
    assert isinstance(settle(step.change, last.state), Applied)
    assert isinstance(real.back(step, last), Written)
    real.left.pop()

    assert not moved(step.change.target, before.state, real.read(step).state)
    assert real.read(step).mark is None


def test_a_login_in_use_is_not_closed(bench: Bench, request: pytest.FixtureRequest) -> None:
    step = bench.step("close-login")
    with in_use(bench, request, step.change.target.name):
        outcome = bench.write(step)

    assert isinstance(outcome, Denied)
    assert "has open sessions" in outcome.why
    assert isinstance(settle(step.change, bench.read(step).state), NotApplied)


@contextmanager
def in_use(bench: Bench, request: pytest.FixtureRequest, login: str) -> Iterator[None]:
    """In the practice world its workload is there; on a server somebody logs in."""
    if request.node.callspec.params["bench"] == "practice":
        yield
        return
    servers: Servers = request.getfixturevalue("servers")
    with psycopg.connect(servers.dsn, user=login, password=OLD, dbname=named(bench.plan)[1]):
        yield


def test_a_login_of_ours_gets_a_new_password_and_nothing_else(bench: Bench) -> None:
    step = bench.stand("vault-login")
    left = bench.take(step)
    same = replace(step, change=replace(step.change, before=step.change.after))

    assert isinstance(bench.write(same), Written)

    assert not moved(step.change.target, left.state, bench.read(step).state)


def test_each_store_says_which_server_it_is(bench: Bench) -> None:
    for store in bench.stores.values():
        assert store.identity()
        assert store.identity() == store.identity()


def test_passwords_are_not_shown_by_what_carries_them() -> None:
    assert PASSWORD not in repr(Secrets({"password": PASSWORD}))
