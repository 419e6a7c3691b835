"""Values in KV that somebody changes while a run is under way: held, with both versions, up to the contract stage."""

from __future__ import annotations

import pytest

from migrate.cli.demo import example
from migrate.cli.main import run
from tests.harness.fixtures import Seated
from tests.harness.operator import SETTINGS, Operator
from tests.harness.truth import leaks, secrets

SECRET = "apps/reader-secret"
PATH = "secret/data/lab/static/apps/reader/DATABASE_URL"
ENTRY = "vault:kv/secret/lab/static/apps/reader/DATABASE_URL"
WORD = ("--waive", "kv.pinned", "--reason", "it was announced")
COPY = (f"cluster:ExternalSecret/{SECRET}", "--set", "refreshed=null")
"""What annotating it with force-sync does."""


@pytest.fixture(scope="module")
def at(seated: Seated) -> Operator:
    """A run of the example's easiest workload, kept before, after its commit, and after that is merged."""
    made = seated()
    made.begin(example(), SETTINGS)
    assert made.planned("--only", "apps/reader", phase="phase2").code == 0
    made.keep("planned")
    assert "is not merged yet" in made.apply().out
    made.keep("published")
    made.merge()
    assert "the contract stage" in made.run("resume").out
    made.keep("soaking")
    return made


def edited(one: Operator, *words: str) -> None:
    """What somebody else does in the world."""
    assert run(["practice", "edit", str(one.world), *words]) == 0


@pytest.mark.parametrize("point", ["planned", "published", "soaking"])
def test_a_version_that_came_in_between_is_held_and_named_with_the_one_that_was_planned(
    at: Operator, point: str
) -> None:
    at.again(point)
    edited(at, ENTRY, "--set", "value=changed-canary-1")

    said = at.apply() if point == "planned" else at.run("resume")

    assert said.code == 4
    assert f"held by kv.pinned: {PATH} is at version 2, written at" in said.out
    assert "the plan was made with version 1" in said.out
    assert at.status()["held"]["by"] == "kv.pinned"
    assert at.status()["stage"] == ("expand" if point == "planned" else "contract")
    assert leaks(at, secrets(at) | {"changed-canary-1"}) == []


def test_a_word_lets_this_version_through_and_no_later_one_and_the_way_back_needs_none(at: Operator) -> None:
    at.again("published")
    edited(at, ENTRY, "--set", "value=changed-canary-1")
    assert "held by kv.pinned" in at.run("resume").out
    edited(at, *COPY)
    assert "is not merged yet" in at.run("resume", *WORD).out
    at.merge()
    assert "the contract stage" in at.run("resume").out

    edited(at, ENTRY, "--set", "value=changed-canary-2")

    assert f"{PATH} is at version 3" in at.run("resume").out
    edited(at, *COPY)
    assert at.back().code == 0
    assert leaks(at, secrets(at) | {"changed-canary-1", "changed-canary-2"}) == []


def test_a_value_that_is_gone_is_held_and_one_that_is_back_is_another_version(at: Operator) -> None:
    at.again("published")
    edited(at, ENTRY, "--remove")
    assert f"version 1 of {PATH} was deleted at" in at.run("resume").out
    edited(at, ENTRY, "--set", "value=again")
    assert "is at version 2" in at.run("resume").out
