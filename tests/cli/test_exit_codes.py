"""What programs rely on: every exit code of the run verbs, the JSON lines, and that nothing prompts with --json."""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrate.views.run import SCHEMA
from tests.harness.boundaries import Deed
from tests.harness.fixtures import Seated
from tests.harness.journey import Journey
from tests.harness.operator import Operator, Said


def at(journey: Journey, leg: str) -> Operator:
    """The operator, with everything as it was when this command was typed."""
    journey.operator.again(leg)
    return journey.operator


def summary(said: Said) -> dict[str, Any]:
    """The last line, after the first and the last were looked at."""
    first, last = said.lines[0], said.lines[-1]
    assert (first["type"], first["schema"]) == ("start", SCHEMA)
    assert first["tool"].startswith("migrate ")
    assert all(isinstance(line["type"], str) for line in said.lines)
    assert [line["type"] for line in said.lines].count("summary") == 1
    assert (last["type"], last["ok"], last["exit"]) == ("summary", said.code == 0, said.code)
    return last


def test_0_and_its_summary(journey: Journey) -> None:
    said = at(journey, "close").run("resume", "--json")
    assert said.code == 0
    assert summary(said)["residue"] == []


def test_1_a_check_fails_before_anything_was_written(journey: Journey) -> None:
    one = at(journey, "apply")
    one.practice("edit", "postgres:role/grafana", "--set", "login=false")
    said = one.run("apply", str(one.plan), "--approve", one.digest, "--json")
    assert said.code in {1, 3}, said.err
    assert "expand" not in "".join(line.get("step", "") for line in said.lines if line["type"] == "step.intent")
    assert not summary(said)["ok"]


def test_3_without_approval_and_nothing_prompts(journey: Journey) -> None:
    one = at(journey, "apply")
    for words in (("--json",), ()):
        said = one.run("apply", str(one.plan), *words)
        assert said.code == 3
        assert one.digest in said.err
    assert summary(one.run("apply", str(one.plan), "--json"))["error"]["next"].endswith(one.digest)
    assert one.status() == {}


def test_3_a_stale_plan_names_what_moved_and_how_to_plan_again(journey: Journey) -> None:
    one = at(journey, "apply")
    changed = one.estate / "infrastructure/monitoring/prometheus-stack.yaml"
    changed.write_text(changed.read_text() + "# an edit by somebody\n")
    one.git("commit", "--quiet", "--all", "-m", "an edit")
    said = one.apply()
    assert said.code == 3
    assert "prometheus-stack.yaml" in said.err
    assert "migrate plan phase1" in said.err


def test_3_a_gate_that_protects_data_is_not_waived(journey: Journey) -> None:
    said = at(journey, "remove").run("resume", "--waive", "secret.copies", "--reason", "hurry", "--json")
    assert said.code == 3
    summary(said)


def test_4_says_for_what_it_waits_and_what_to_do(journey: Journey) -> None:
    one = at(journey, "apply")
    said = one.run("apply", str(one.plan), "--approve", one.digest, "--json")
    assert said.code == 4
    held = summary(said)["held"]
    assert f"migrate/{one.name}" in held["next"]


def test_5_the_other_operator_is_named(journey: Journey) -> None:
    one, leg = at(journey, "orphan"), journey.leg("orphan")
    said = one.root / "said"
    record = leg.points.index("write") + 1
    one.run(*leg.words, deed=Deed(record, meanwhile=one.elsewhere("rollback", "--json"), said=str(said)))
    text, _, code = said.read_text().rpartition("\n")
    assert int(code) == 5
    last = json.loads([line for line in text.splitlines() if line.startswith("{")][-1])
    assert (last["type"], last["exit"]) == ("summary", 5)
    assert "process" in last["error"]["happened"]


def test_6_a_check_fails_after_something_was_written(journey: Journey) -> None:
    one = at(journey, "soak")
    one.practice("edit", "postgres:sessions/grafana", "--set", "client=10.0.0.9", "--set", "database=grafana")
    one.practice("edit", "postgres:role/grafana_vault", "--set", "login=false")
    said = one.run("resume", "--json")
    assert said.code in {4, 6}, said.err
    assert not summary(said)["ok"]


def test_7_a_rollback_that_is_not_complete(journey: Journey) -> None:
    said = at(journey, "back").run("rollback", "--json")
    assert said.code == 7
    assert "-rollback" in summary(said)["held"]["next"]


@pytest.mark.parametrize(
    "words",
    [
        ("resume", "--waive", "no.such.gate", "--reason", "x"),
        ("resume", "--waive", "quiet"),
        ("resume", "--approve", "0" * 64),
        ("rollback", "--no-such-option"),
    ],
)
def test_64_what_was_typed_means_nothing(journey: Journey, words: tuple[str, ...]) -> None:
    assert at(journey, "soak").run(*words).code == 64


def test_130_stops_between_two_steps(journey: Journey) -> None:
    one = at(journey, "apply")
    said = one.run(*journey.leg("apply").words, "--json", deed=Deed(40, signal=2))
    assert said.code == 130
    assert summary(said)["interrupted"]


def test_status_json_has_the_shape_that_was_promised(journey: Journey) -> None:
    for leg in journey.legs:
        one = at(journey, leg.name)
        document = json.loads(one.run("status", "--json").out)
        assert list(document) == ["schema", "estate", "world", "runs"]
        assert document["schema"] == "migrate.status/v1"
        assert (document["estate"], document["world"]) == (str(one.estate), str(one.world))
        for run in document["runs"]:
            assert list(run) == ["run", "plan", "phase", "state", "stage", "steps", "held", "reversibleUntil"]
            assert run["state"] in {"open", "held", "stopped", "done", "rolled-back"}
            assert set(run["steps"]) == {"done", "total"}
            assert run["held"] is None or set(run["held"]) == {"by", "reason", "since", "next"}


def test_no_run_is_an_empty_list_and_exit_0(seated: Seated) -> None:
    one = seated()
    one.estate.mkdir(parents=True)
    said = one.run("status", "--json")
    assert (said.code, json.loads(said.out)["runs"]) == (0, [])
