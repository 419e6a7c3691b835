"""A key rotated, rows rewrapped and older versions retired in a practice world: there, back, and there again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrate.cli.demo import example
from tests.harness.fixtures import Seated
from tests.harness.operator import SETTINGS, Operator
from tests.harness.truth import disagreements, leaks, misdescribed, secrets, unsafe

COLUMN = "{database: notes, table: public.entries, column: body, workload: apps/memo}"
TITLE = "{database: notes, table: public.entries, column: title, workload: apps/memo}"


def sealed(seated: Seated) -> Operator:
    """An estate whose column phase 4 has sealed to the end."""
    one = seated()
    one.begin(example(), SETTINGS + f"transit: {{columns: [{COLUMN}], backups: 0s}}\n")
    assert one.planned(phase="phase4").code == 0
    assert one.apply().code == 4
    assert one.forward().code == 0
    return one


@pytest.fixture(scope="module")
def kept(seated: Seated) -> Operator:
    """Sealed once, for every test that begins there."""
    one = sealed(seated)
    one.keep("sealed")
    return one


@pytest.fixture
def one(kept: Operator) -> Operator:
    kept.again("sealed")
    return kept


def rotated(one: Operator, *words: str) -> Operator:
    said = one.planned(*words, phase="phase4-rotate")
    assert said.code == 0, said.err
    return one


def ciphertexts(one: Operator) -> list[str]:
    postgres = json.loads((one.world / "postgres.json").read_bytes())
    rows = postgres["databases"]["notes"]["tables"]["public.entries"]["rows"].values()
    return [row["body_sealed"] for row in rows]


def key(one: Operator) -> dict[str, Any]:
    paths = json.loads((one.world / "vault.json").read_bytes())["paths"]
    (found,) = (value["state"] for path, value in paths.items() if "/keys/" in path)
    return dict(found)


def sound(one: Operator) -> None:
    assert disagreements(one) == []
    assert misdescribed(one) == []
    assert unsafe(one) == []
    assert leaks(one, secrets(one)) == []


def test_it_goes_there_and_back_and_there_again(one: Operator) -> None:
    rotated(one)
    assert one.apply().code == 4  # the contract stage needs a word of its own
    assert all(text.startswith("vault:v2:") for text in ciphertexts(one))
    assert key(one)["min_decryption_version"] == 1
    sound(one)
    assert one.forward().code == 0
    assert key(one) | {"latest_version": 2, "min_decryption_version": 2, "min_available_version": 0} == key(one)
    assert one.run("verify").code == 0
    sound(one)

    said = one.back()

    assert said.code == 0, said.out + said.err
    assert "version 2 of transit/keys/mig-apps-memo stays" in said.out
    assert (key(one)["latest_version"], key(one)["min_decryption_version"]) == (2, 1)
    sound(one)
    rotated(one)
    assert one.apply().code == 4
    assert one.forward().code == 0
    assert (key(one)["latest_version"], key(one)["min_decryption_version"]) == (3, 3)
    assert all(text.startswith("vault:v3:") for text in ciphertexts(one))
    sound(one)


def test_the_plan_says_what_it_cannot_take_back(one: Operator) -> None:
    rotated(one)
    steps = {step["operation"]: step for step in json.loads(one.plan.read_bytes())["steps"]}
    assert list(steps) == ["rotate-key", "rewrap-rows", "retire-versions"]
    assert "stays, as every version does" in steps["rotate-key"]["remains"]
    assert [step["reversible"] for step in steps.values()] == [False, False, True]
    assert steps["retire-versions"]["inverse"]["requests"] == [
        {"method": "POST", "path": "transit/keys/mig-apps-memo/config", "body": {"min_decryption_version": 1}}
    ]


def test_nothing_is_retired_while_a_backup_holds_it(one: Operator) -> None:
    settings = one.estate / "migrate.yaml"
    settings.write_text(settings.read_text().replace("backups: 0s", "backups: 720h"))
    one.git("commit", "-qam", "backups are kept")
    rotated(one)
    one.apply()

    said = one.run("resume", "--approve", one.digest)

    assert said.code == 4
    assert "held by transit.backups" in said.out
    assert "kept 720h" in said.out
    assert key(one)["min_decryption_version"] == 1
    assert one.back().code == 0


def test_it_is_not_planned_where_nobody_has_said_how_long_backups_are_kept(seated: Seated) -> None:
    one = seated()
    one.begin(example(), SETTINGS + f"transit: {{columns: [{COLUMN}]}}\n")

    said = one.planned(phase="phase4-rotate")

    assert said.code == 3
    assert "transit.backups" in said.err


def test_a_row_of_an_older_version_that_comes_back_keeps_the_older_versions(one: Operator) -> None:
    [older, *_] = ciphertexts(one)
    rotated(one)
    one.apply()
    postgres = json.loads((one.world / "postgres.json").read_bytes())
    next(iter(postgres["databases"]["notes"]["tables"]["public.entries"]["rows"].values()))["body_sealed"] = older
    (one.world / "postgres.json").write_text(json.dumps(postgres))

    said = one.run("resume", "--approve", one.digest)

    assert said.code == 6
    assert "1 of version 1" in said.out
    assert key(one)["min_decryption_version"] == 1
    assert one.back().code == 0


def test_every_column_of_the_key_is_brought_along_and_one_that_is_not_sealed_is_not(seated: Seated) -> None:
    one = seated()
    one.begin(example(), SETTINGS + f"transit: {{columns: [{COLUMN}, {TITLE}], backups: 0s}}\n")
    for column in ("body", "title"):
        assert one.planned("--workload", f"notes.public.entries.{column}", phase="phase4").code == 0
        assert one.apply().code == 4
        if column == "body":
            assert one.forward().code == 0
            rotated(one, "--workload", "apps/memo")
            assert len(json.loads(one.plan.read_bytes())["steps"]) == 3
            assert one.planned("--workload", "notes.public.entries.title", phase="phase4").code == 0
        else:
            assert one.forward().code == 0

    rotated(one)

    plan = json.loads(one.plan.read_bytes())
    assert [step["operation"] for step in plan["steps"]] == [
        "rotate-key",
        "rewrap-rows",
        "rewrap-rows",
        "retire-versions",
    ]
    asked = [gate["id"] for gate in plan["gates"] if gate["id"].startswith("column.versions")]
    assert len(asked) == len(set(asked)) == 2
    assert one.apply().code == 4
    assert one.forward().code == 0
    sound(one)


def test_what_vault_rotates_meanwhile_by_itself_is_no_strangers_work(one: Operator) -> None:
    rotated(one)
    one.apply()
    one.practice("edit", "vault:transit/keys/mig-apps-memo", "--set", "latest_version=5")

    assert one.forward().code == 0
    assert key(one)["min_decryption_version"] == 2


def test_a_key_that_is_gone_is_said_before_anything_is_planned(one: Operator) -> None:
    one.practice("edit", "vault:transit/keys/mig-apps-memo", "--remove")

    said = one.planned(phase="phase4-rotate")

    assert said.code == 3
    assert "Vault has no key transit/keys/mig-apps-memo" in said.err


@pytest.mark.parametrize("fault", ["lost-answer", "lost-request"])
def test_a_rotation_whose_answer_is_lost_is_not_done_twice(one: Operator, fault: str) -> None:
    rotated(one)
    one.practice("fault", fault, "1")

    assert one.apply().code == 4

    assert key(one)["latest_version"] == 2
    sound(one)
