"""Phase 4 in a practice world: as far as there is a way back it is gone, and after the drop nothing is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrate.cli.demo import example
from tests.harness.fixtures import Seated
from tests.harness.operator import SETTINGS, Operator
from tests.harness.truth import disagreements, leaks, secrets, standing, unsafe
from tests.phases.test_there_and_back import TRANSIT

_WRITES = "postgres:writes/notes.public.entries.body.body_sealed"


@pytest.fixture
def one(seated: Seated) -> Operator:
    made = seated()
    made.begin(example(), SETTINGS + TRANSIT["tazlab"])
    said = made.planned(phase="phase4")
    assert said.code == 0, said.err
    return made


def table(one: Operator) -> dict[str, Any]:
    databases = json.loads((one.world / "postgres.json").read_bytes())["databases"]
    found: dict[str, Any] = databases["notes"]["tables"]["public.entries"]
    return found


def until(one: Operator, gate: str) -> None:
    """Go on, deploying what is asked for, until this gate waits."""
    said = one.apply()
    for _ in range(6):
        if f"held by {gate}" in said.out:
            return
        one.deploy(said)
        said = one.run("resume", "--approve", one.digest)
    raise AssertionError(said.out)


def sound(one: Operator) -> None:
    assert disagreements(one) == []
    assert unsafe(one) == []
    assert leaks(one, secrets(one)) == []


@pytest.mark.parametrize("writes", ["both", "sealed"])
def test_everything_comes_back_after_every_row_was_sealed(one: Operator, writes: str) -> None:
    before, rows = standing(one), table(one)["rows"]
    until(one, "column.moved")
    one.practice("edit", _WRITES, "--set", f"writes={writes}")
    sound(one)

    said = one.back()

    assert said.code == 0, said.out + said.err
    assert standing(one) == before
    assert table(one)["rows"] == rows
    assert "a key is never deleted" in said.out + said.err or "stays" in said.out
    sound(one)


def test_the_second_application_finds_the_key_and_goes_through(one: Operator) -> None:
    until(one, "column.moved")
    assert one.back().code == 0
    one.planned(phase="phase4")

    assert one.apply().code == 4
    assert one.forward().code == 0
    assert all(set(row) == {"body_sealed"} for row in table(one)["rows"].values())
    assert one.run("verify").code == 0
    sound(one)


def test_after_the_drop_the_way_back_is_refused_and_the_estate_is_free_for_the_next_plan(one: Operator) -> None:
    assert one.apply().code == 4
    assert one.forward().code == 0
    after = standing(one)

    said = one.run("rollback")

    assert said.code == 3
    assert "ciphertext only" in said.err
    assert "docs/how-to/transit.md" in said.err
    assert standing(one) == after
    assert (one.status()["state"], one.status()["reversibleUntil"]) == ("done", None)
    sound(one)
    assert one.planned(phase="phase1").code == 0
    assert one.apply().code == 4


@pytest.mark.parametrize("gate", ["column.moved", "transit.restored", "transit.restored.again"])
def test_nobody_waives_what_stands_before_the_loss_of_values(one: Operator, gate: str) -> None:
    until(one, "column.moved")

    said = one.run("resume", "--waive", gate, "--reason", "in a hurry")

    assert said.code == 3
    assert "cannot be waived" in said.err


def test_the_restored_vault_is_asked_again_right_before_the_drop(one: Operator) -> None:
    until(one, "column.moved")
    one.practice("edit", _WRITES, "--set", "writes=sealed")
    assert "needs a word of its own" in one.run("resume").out
    one.practice("fault", "restored", "on")

    said = one.run("resume", "--approve", one.digest)

    assert said.code == 6
    assert "stopped at transit.restored.again" in said.out
    assert "body" in table(one)["columns"]


def test_a_world_older_than_the_setting_says_what_to_do(seated: Seated) -> None:
    one = seated()
    one.begin(example(), SETTINGS)
    assert one.planned(phase="phase1").code == 0
    with (one.estate / "migrate.yaml").open("a") as file:
        file.write(TRANSIT["tazlab"])
    one.git("commit", "-qam", "a column to seal")

    said = one.planned(phase="phase4")

    assert said.code == 3
    assert "made before migrate.yaml named public.entries" in said.err
    assert "--world" in said.err


def test_rows_that_are_written_with_plaintext_alone_keep_the_backfill_waiting(one: Operator) -> None:
    one.apply()
    one.practice("edit", _WRITES, "--set", "writes=both")
    one.practice("edit", _WRITES, "--set", "writes=plain")

    said = one.run("resume")

    assert said.code == 4
    assert "plaintext alone" in said.out


def test_a_backup_of_vault_that_opens_nothing_keeps_the_plaintext(one: Operator) -> None:
    one.practice("fault", "restored", "on")
    until(one, "column.moved")
    one.practice("edit", _WRITES, "--set", "writes=sealed")

    said = one.run("resume", "--approve", one.digest)

    assert said.code == 6
    assert "restore a newer backup" in said.out
    assert "body" in table(one)["columns"]


def test_a_vault_that_is_sealed_leaves_every_row_as_it_was_and_the_run_goes_on_later(one: Operator) -> None:
    one.apply()
    one.practice("edit", _WRITES, "--set", "writes=both")
    one.practice("fault", "sealed", "on")

    said = one.run("resume")

    assert said.code in {4, 6}
    assert sum("body_sealed" in row for row in table(one)["rows"].values()) == 1
    one.practice("fault", "sealed", "off")
    assert one.forward().code == 0
    sound(one)
