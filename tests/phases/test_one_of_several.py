"""A plan of several workloads: each has its own state, and one can be taken back while the others go on."""

from __future__ import annotations

import json

import pytest

from migrate.cli.demo import example
from tests.harness.fixtures import Seated
from tests.harness.operator import SETTINGS, Operator
from tests.harness.truth import disagreements, leaks, misdescribed, secrets, standing, unsafe

ONE, OTHER = "auth/oauth2-proxy", "dex/dex"


@pytest.fixture
def one(seated: Seated) -> Operator:
    made = seated()
    made.begin(example(), SETTINGS)
    said = made.planned("--only", ONE, "--only", OTHER, phase="phase2")
    assert said.code == 0, said.err
    return made


def _changed(one: Operator, base: str) -> str:
    return one.git("diff", "--stat", base, "HEAD")


def _healthy(one: Operator) -> None:
    assert disagreements(one) == []
    assert misdescribed(one) == []
    assert unsafe(one) == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("rounds", [1, 2, 4])
def test_one_workload_goes_back_alone_and_the_others_go_on(one: Operator, rounds: int) -> None:
    base, before = one.git("rev-parse", "HEAD"), standing(one)
    assert one.apply().code == 4
    for _ in range(rounds):
        one.merge()
        one.run("resume", "--approve", one.digest)

    said = one.run("rollback", "--only", ONE)
    while said.code == 7:
        one.merge()
        said = one.run("rollback", "--only", ONE)
    assert said.code == 0, said.out + said.err
    assert f"taken back: {ONE}" in said.out
    assert "mig-auth-oauth2-proxy" not in json.dumps(standing(one).vault)
    assert "mig-dex-dex" in json.dumps(standing(one).vault)
    _healthy(one)

    assert one.forward().code == 0
    _healthy(one)
    assert "oauth2" not in _changed(one, base)
    assert "dex" in _changed(one, base)
    assert one.run("verify").code == 0

    assert one.back().code == 0
    assert standing(one) == before
    assert leaks(one, secrets(one)) == []


def test_a_workload_that_the_run_does_not_move_is_no_word_for_it(one: Operator) -> None:
    assert one.apply().code == 4
    said = one.run("rollback", "--only", "apps/nobody")
    assert said.code == 64
    assert ONE in said.err
