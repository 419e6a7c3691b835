"""What the run verbs say where something around them is not as it should be."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from migrate.cli.demo import prepare
from migrate.cli.main import run
from migrate.model.errors import Exit


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example estate, with its runs kept beside it."""
    monkeypatch.setenv("MIGRATE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return prepare(tmp_path)


def applied(estate: Path, world: Path) -> tuple[str, str]:
    """A run that waits for its merge: its plan's file and digest."""
    plan = str(estate.parent / "p.json")
    assert run(["plan", "phase1", "--estate", str(estate), "--world", str(world), "-o", plan]) == Exit.DONE
    digest = json.loads(Path(plan).read_text())["digest"]
    assert run(["apply", plan, *where(estate, world), "--approve", digest]) == Exit.HELD
    return plan, digest


def where(estate: Path, world: Path) -> list[str]:
    return ["--estate", str(estate), "--world", str(world)]


def test_a_world_that_is_gone_is_neither_made_anew_nor_called_an_outage(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = estate.parent / "world"
    applied(estate, world)
    shutil.move(world, estate.parent / "elsewhere")
    capsys.readouterr()
    assert run(["status", *where(estate, world)]) == Exit.DONE
    assert "there is no practice world" in capsys.readouterr().out
    assert run(["resume", *where(estate, world)]) == Exit.REFUSED
    assert run(["rollback", *where(estate, world)]) == Exit.REFUSED
    assert not world.exists()


def test_what_a_run_made_is_not_adopted_as_work_by_hand(
    estate: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = estate.parent / "world"
    plan, _ = applied(estate, world)
    monkeypatch.setenv("MIGRATE_STATE", str(estate.parent / "another laptop"))
    assert run(["baseline", plan, *where(estate, world)]) == Exit.REFUSED
    assert "migrate recover" in capsys.readouterr().err
    assert run(["recover", plan, *where(estate, world)]) == Exit.DONE
    assert run(["rollback", *where(estate, world)]) == Exit.DONE
    assert "whatever was written and taken back before" in capsys.readouterr().out


def test_status_begins_with_what_to_do_and_says_when_vault_is_sealed(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = estate.parent / "world"
    applied(estate, world)
    assert run(["practice", "fault", str(world), "sealed", "on"]) == Exit.DONE
    capsys.readouterr()
    assert run(["status", *where(estate, world)]) == Exit.DONE
    said = capsys.readouterr().out
    assert "Vault is SEALED" in said
    assert "next:    push branch migrate/phase1-" in said


def test_a_plan_of_brackets_is_no_plan(tmp_path: Path) -> None:
    plan = tmp_path / "p.json"
    plan.write_text("[" * 100_000)
    assert run(["show", str(plan)]) == Exit.FAILED


def test_a_plan_beside_an_open_run_says_that_it_stands_on_what_is_not_its_own(
    estate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = estate.parent / "world"
    applied(estate, world)
    monkeypatch.setenv("MIGRATE_STATE", str(estate.parent / "another laptop"))
    plan = estate.parent / "second.json"
    assert run(["plan", "phase1", *where(estate, world), "-o", str(plan)]) == Exit.DONE
    found = [one["text"] for one in json.loads(plan.read_text())["findings"] if one["code"] == "plan.stands-already"]
    assert any("vault:policy/mig-monitoring-grafana is there already" in text for text in found)


def test_a_word_given_before_its_time_opens_no_later_calls_contract_stage(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = estate.parent / "world"
    _, digest = applied(estate, world)
    assert run(["resume", *where(estate, world), "--approve", digest]) == Exit.HELD
    merge = ("git", "merge", "-q", "--no-edit", f"migrate/phase1-{digest[:4]}")
    subprocess.run(merge, cwd=estate, check=True, capture_output=True)
    capsys.readouterr()
    assert run(["resume", *where(estate, world)]) == Exit.HELD
    assert "a word of its own" in capsys.readouterr().out
    assert run(["resume", *where(estate, world), "--approve", digest]) == Exit.HELD
    assert "approved" in capsys.readouterr().err


def test_what_a_way_back_left_is_tried_again_by_resume_once_it_is_settled(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = estate.parent / "world"
    applied(estate, world)
    policy = "vault:policy/mig-monitoring-grafana"
    ours = json.loads((world / "vault.json").read_text())["paths"]["sys/policies/acl/mig-monitoring-grafana"]
    theirs = ("practice", "edit", str(world), policy, "--set")
    assert run([*theirs, 'policy=path "other" { capabilities = ["read"] }']) == Exit.DONE
    assert run(["rollback", *where(estate, world)]) == Exit.INCOMPLETE
    assert "held by somebody else's changes" in capsys.readouterr().out
    assert run(["resume", *where(estate, world)]) == Exit.INCOMPLETE
    assert run([*theirs, f"policy={ours['state']['policy']}"]) == Exit.DONE
    capsys.readouterr()
    assert run(["status", "--json", *where(estate, world)]) == Exit.DONE
    held = json.loads(capsys.readouterr().out)["runs"][0]["held"]
    assert (held["by"], held["next"].rpartition("; ")[2]) == ("somebody else's changes", "then: migrate resume")
    assert run(["resume", *where(estate, world)]) == Exit.DONE
    assert "what was left is tried again" in capsys.readouterr().err


def test_a_rollback_does_not_walk_over_what_a_person_holds(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = estate.parent / "world"
    applied(estate, world)
    assert run(["hold", "set", "do not touch", *where(estate, world)]) == Exit.DONE
    capsys.readouterr()
    assert run(["rollback", *where(estate, world)]) == Exit.HELD
    said = capsys.readouterr()
    assert "do not touch" in said.out
    assert "going back" not in said.err
    assert run(["hold", "clear", *where(estate, world)]) == Exit.DONE
    assert run(["rollback", *where(estate, world)]) == Exit.DONE


def test_no_work_by_hand_is_adopted_beside_an_open_run(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = estate.parent / "world"
    applied(estate, world)
    other = str(estate.parent / "other.json")
    assert run(["plan", "phase2", *where(estate, world), "-o", other]) == Exit.DONE
    capsys.readouterr()
    assert run(["baseline", other, *where(estate, world)]) == Exit.REFUSED
    assert "is open" in capsys.readouterr().err


def merged(estate: Path, branch: str) -> None:
    words = ("git", "merge", "-q", "--no-edit", branch)
    subprocess.run(words, cwd=estate, check=True, capture_output=True)


def test_a_branch_merged_after_the_rollback_is_seen_and_told_how_to_take_back(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = estate.parent / "world"
    _, digest = applied(estate, world)
    subprocess.run(("git", "branch", "pushed", f"migrate/phase1-{digest[:4]}"), cwd=estate, check=True)
    assert run(["rollback", *where(estate, world)]) == Exit.DONE
    assert "its branch, wherever it was pushed" in capsys.readouterr().out
    run(["verify", *where(estate, world)])
    assert "git.back-again" not in capsys.readouterr().out
    merged(estate, "pushed")
    assert run(["verify", *where(estate, world)]) == Exit.FAILED
    said = capsys.readouterr().out
    assert "git.back-again" in said
    assert "git revert commit" in said
    assert run(["status", *where(estate, world)]) == Exit.DONE
    assert "stands in main again, and what it needs is taken back" in capsys.readouterr().out


@pytest.mark.parametrize("state", ["runs", "INSIDE"])
def test_runs_are_kept_nowhere_that_moves_or_is_committed(
    estate: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], state: str
) -> None:
    monkeypatch.setenv("MIGRATE_STATE", state.replace("INSIDE", str(estate / "runs")))
    assert run(["status", "--estate", str(estate)]) == Exit.USAGE
    assert "MIGRATE_STATE" in capsys.readouterr().err


def test_where_runs_cannot_be_kept_nothing_is_begun(
    estate: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = estate.parent / "world"
    plan = estate.parent / "p.json"
    assert run(["plan", "phase1", *where(estate, world), "-o", str(plan)]) == Exit.DONE
    (estate.parent / "file").touch()
    monkeypatch.setenv("MIGRATE_STATE", str(estate.parent / "file/state"))
    digest = json.loads(plan.read_text())["digest"]
    assert run(["apply", str(plan), *where(estate, world), "--approve", digest]) == Exit.FAILED
    assert "set MIGRATE_STATE to a folder of yours" in capsys.readouterr().err


def test_whoever_holds_a_run_says_why(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = estate.parent / "world"
    applied(estate, world)
    assert run(["hold", "set", " ", *where(estate, world)]) == Exit.USAGE
    assert "the reason is empty" in capsys.readouterr().err
    for verb in ("pause", "skip", "abort"):
        assert run(["session", verb, "", "--estate", str(estate)]) == Exit.USAGE
        assert "the reason is empty" in capsys.readouterr().err


def test_without_a_run_status_says_how_to_begin_one_in_this_very_world(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, options = estate.parent / "world", " ".join(where(estate, estate.parent / "world"))
    assert run(["status", *where(estate, world)]) == Exit.DONE
    out = capsys.readouterr().out
    assert f"there is no practice world in {world}" in out
    assert f"next: migrate plan PHASE {options} -o FILE, then migrate apply FILE {options}\n" in out
    assert not world.exists()
    assert run(["plan", "phase1", *where(estate, world), "-o", str(estate.parent / "p.json")]) == Exit.DONE
    capsys.readouterr()
    assert run(["status", *where(estate, world)]) == Exit.DONE
    out = capsys.readouterr().out
    assert "there is no practice world" not in out
    assert "nothing here is a real server" in out


def test_without_a_run_on_servers_the_plan_is_rehearsed_first(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "--estate", str(estate)]) == Exit.DONE
    assert f"then migrate rehearse FILE --estate {estate}, then migrate apply FILE" in capsys.readouterr().out


def test_a_run_that_is_not_there_is_answered_with_those_that_are(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rollback", "NOPE", "--estate", str(estate)]) == Exit.FAILED
    err = capsys.readouterr().err
    assert f"next: migrate status --estate {estate}" in err
    assert "migrate apply" not in err


def test_a_hold_says_how_it_is_let_go_and_letting_go_says_how_to_go_on(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = estate.parent / "world"
    options = " ".join(where(estate, world))
    applied(estate, world)
    capsys.readouterr()
    assert run(["hold", "set", "lunch", *where(estate, world)]) == Exit.DONE
    assert f"next: migrate hold clear {options}, then migrate resume {options}" in capsys.readouterr().out
    assert run(["hold", "clear", *where(estate, world)]) == Exit.DONE
    assert f"next: migrate resume {options}" in capsys.readouterr().out


def test_a_lab_that_is_not_there_is_not_answered_with_starting_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as short:  # sockets of a lab take no long path
        monkeypatch.setenv("MIGRATE_LAB", short)
        assert run(["lab", "down", "--name", "nope"]) == Exit.FAILED
    err = capsys.readouterr().err
    assert "none has to be taken away" in err
    assert "migrate lab up" not in err


def test_a_demo_that_is_interrupted_names_what_it_leaves_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("MIGRATE_STATE", str(tmp_path / "state"))
    monkeypatch.setattr("migrate.cli.demo._take", interrupted)
    assert run(["demo", "--folder", str(tmp_path / "demo")]) == Exit.INTERRUPTED
    assert f"rm -r {tmp_path / 'demo'}" in capsys.readouterr().err
