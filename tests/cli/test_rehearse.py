"""A rehearsal before there is a lab: what it refuses, what it proves and what not, and that nothing of it stays."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from migrate.catalog import shelf
from migrate.cli.main import run
from migrate.cli.rehearsed import VARIABLE, Rehearsal
from migrate.cli.rehearsing import estate as estates
from migrate.cli.rehearsing import evidence
from migrate.cli.rehearsing.newcomer import prepared
from migrate.cli.rehearsing.subject import subject
from migrate.cli.show import read_plan
from migrate.engine.admission import admit
from migrate.lab import companions, observing, processes
from migrate.lab.git import git
from migrate.model.change import Absent, Change, Doc
from migrate.model.errors import Refused
from migrate.model.json import Json
from migrate.model.plan import Fact, Gate
from migrate.model.ports import Move, Outcome, Secrets, Snapshot
from migrate.model.target import parse_target
from migrate.stores.runs import runs_of
from tests.engine.plans import a_plan, a_step

LAB = Rehearsal({"vault": "lab-vault"}, "https://vault.lab", "ca", "token", "admin", 5)


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Phase 1 of a copy of the example, made from Git alone, with everything it asks for first."""
    monkeypatch.setenv("MIGRATE_STATE", str(tmp_path / "state"))
    estate = prepared(shelf("examples") / "tazlab", tmp_path)
    file = tmp_path / "plan.json"
    assert run(["plan", "phase1", "--estate", str(estate), "-o", str(file)]) == 0
    return file


def test_a_mark_tells_what_scan_says_of_the_deployed_branch(tmp_path: Path) -> None:
    repository = prepared(shelf("examples") / "more" / "migrated", tmp_path)
    found = estates.scanned(str(repository), tmp_path / "scanned")
    assert found == {"externalSecrets": 0, "ready": 0, "adapt": 0, "code": 0, "keep": 0, "orphan": 0, "served": 1}


def test_a_newcomers_copy_is_planned_with_nothing_left_to_settle(plan: Path) -> None:
    loaded = read_plan(plan)
    admit(loaded.plan, loaded.name, practice=False, rehearsal=True)
    with pytest.raises(Refused, match="Git alone"):
        admit(loaded.plan, loaded.name, practice=False)


def test_without_a_full_lab_it_refuses_with_what_is_missing_and_keeps_nothing(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no-cache"))
    monkeypatch.setenv("MIGRATE_LAB", str(tmp_path / "labs"))
    assert run(["rehearse", str(plan), "--estate", str(tmp_path / "estate"), "--json"]) == 3
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert (lines[0]["schema"], lines[0]["verb"]) == ("migrate.run/v1", "rehearse")
    assert (lines[-1]["type"], lines[-1]["ok"], lines[-1]["exit"]) == ("summary", False, 3)
    assert "not built" in err
    assert not (tmp_path / "labs").exists()


def test_a_plan_of_a_practice_world_is_not_rehearsed(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="practice world") as said:
        admit(a_plan(), "phase1-0000", practice=False, rehearsal=True)
    assert said.value.following.startswith("migrate plan ")
    assert "give the same --world" not in said.value.following  # this verb has no such option


def test_dynamic_logins_are_refused_before_anything_is_looked_for_on_this_machine(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no-cache"))
    words = ("--credential", "dynamic", "--estate", str(tmp_path / "estate"))
    assert run(["plan", "phase1", *words, "-o", str(plan)]) == 0
    assert run(["rehearse", str(plan), "--estate", str(tmp_path / "estate")]) == 3
    assert "phase1 is not rehearsed: it waits for" in capsys.readouterr().err


def test_a_command_of_a_rehearsal_writes_to_its_lab_and_to_nothing_else() -> None:
    with pytest.raises(Refused, match="is not the rehearsal's lab"):
        LAB.standing_in({"vault": Somebody("production")}, a_plan())
    plan = replace(a_plan(), places=(("vault", "production"),))
    standing_in = LAB.standing_in({"vault": Somebody("lab-vault")}, plan)
    assert standing_in["vault"].identity() == "production"


def test_a_command_whose_rehearsal_is_over_does_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone.json"))
    assert run(["status", "--estate", str(tmp_path)]) == 1
    assert "is over" in capsys.readouterr().err


def test_the_clone_is_the_estate_as_the_plan_knows_it_and_what_waits_is_merged_and_pushed(
    plan: Path, tmp_path: Path
) -> None:
    source, commit = tmp_path / "estate", read_plan(plan).plan.commit
    (source / "later.yaml").write_text("later: true\n")
    clone = estates.cloned(source / "clusters", commit, tmp_path / "clone")
    assert clone == tmp_path / "clone" / "clusters"
    assert not (tmp_path / "clone" / "later.yaml").exists()
    with pytest.raises(Refused, match="cannot be had"):
        estates.cloned(source, "0" * 40, tmp_path / "another")

    git("clone", "--quiet", "--bare", str(source), str(tmp_path / "served.git"))
    copy, branch = estates.working_copy(str(tmp_path / "served.git"), tmp_path / "copy")
    git("-C", str(copy), "checkout", "--quiet", "-b", "migrate/one")
    git("-C", str(copy), "commit", "--quiet", "--allow-empty", "-m", "One")
    git("-C", str(copy), "checkout", "--quiet", branch)
    assert estates.merge(copy, branch) == ("migrate/one",)
    assert git("-C", str(tmp_path / "served.git"), "log", "-1", "--format=%s", branch) == "One"
    assert estates.merge(copy, branch) == ()


def test_soaks_are_short_and_facts_of_servers_are_left_to_the_real_apply() -> None:
    target = parse_target("vault:policy/one")
    facts = (Fact(target, "blob:1", "", "one.yaml"), Fact(target, "2", ""))
    gates = (Gate("a.b", "forward", "soak", "", "0s", "24h"), Gate("c.d", "forward", "soak", "", "0s", "0s"))
    played = LAB.played(replace(a_plan(gates=gates), facts=facts))
    assert [gate.soak for gate in played.gates] == ["5s", "0s"]
    assert [fact.file for fact in played.facts] == ["one.yaml"]


def test_where_a_plan_names_the_databases_authority_the_labs_stands_for_it(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("the lab's")
    step = a_step("expand.one", "vault:database/config/one", "expand")
    said = Doc({"tls_ca": "the estate's", "username": "vault"})
    plan = a_plan(replace(step, change=replace(step.change, after=said)))
    (played,) = replace(LAB, ca=str(tmp_path / "ca.crt")).played(plan).steps
    assert played.change.after == Doc({"tls_ca": "the lab's", "username": "vault"})
    assert played.change.before == Absent()


def test_of_a_workload_with_a_new_login_no_value_of_vault_is_compared(plan: Path) -> None:
    (watched,) = subject(read_plan(plan).plan).workloads
    assert (watched.container, watched.secrets, watched.values) == (
        "grafana",
        ("monitoring/lab-db-pguser-grafana",),
        (),
    )


def test_the_observer_imports_nothing_of_ours() -> None:
    for file in Path(observing.__file__).parent.glob("*.py"):
        tree = ast.parse(file.read_text())
        found = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        found |= {str(node.module) for node in froms if not node.level}
        assert {name.partition(".")[0] for name in found} <= set(sys.stdlib_module_names)
        assert {node.level for node in froms} <= {0, 1}


def test_what_was_kept_is_found_by_status_and_by_the_plans_digest(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    estate, loaded = tmp_path / "estate", read_plan(plan)
    runs = runs_of(estate, os.environ)
    document: dict[str, Json] = {"schema": evidence.SCHEMA, "name": loaded.name, "digest": loaded.digest, "ok": True}
    folder = evidence.keep(runs, document, None, tmp_path / "no-states", datetime.now(UTC))
    assert [one.file.parent for one in evidence.of_plan(runs, loaded.digest)] == [folder]
    assert [*evidence.of_plan(runs, "another")] == []
    capsys.readouterr()
    assert run(["status", "--estate", str(estate)]) == 0
    assert f"{loaded.name}: passed" in capsys.readouterr().out


def test_whoever_is_killed_leaves_a_warden_that_takes_the_lab_away(tmp_path: Path) -> None:
    """A lab that is half there: a folder, and a process that carries its mark."""
    home = Path(tempfile.mkdtemp(prefix="mlw-"))  # a lab's path must be short
    folder, clone = home / "gone", tmp_path / "clone"
    folder.mkdir(parents=True)
    clone.mkdir()
    environment = {**os.environ, **companions.path(), "MIGRATE_LAB": str(home)}
    server = subprocess.Popen(["sleep", "600"], env={**environment, processes.MARK: str(folder)})
    warden = subprocess.Popen(
        [*companions.module("migrate.lab.warden"), "--name", "gone", "--folder", str(clone)],
        env=environment,
        stdin=subprocess.PIPE,
    )
    try:
        while server.pid not in {one.pid for one in processes.marked(folder)}:
            time.sleep(0.05)  # it has not become itself yet
        assert warden.stdin is not None
        warden.stdin.close()
        assert warden.wait(timeout=60) == 0
        assert server.wait(timeout=60) < 0
        assert not folder.exists()
        assert not clone.exists()
    finally:
        warden.kill()
        server.kill()
        warden.wait()
        server.wait()
        shutil.rmtree(home)


class Somebody:
    """A server that says who it is, and takes nothing."""

    def __init__(self, name: str) -> None:
        self._name = name

    def identity(self) -> str:
        return self._name

    def read(self, change: Change) -> Snapshot:
        raise AssertionError(f"{change.target} was read of somebody else's server")

    def write(self, move: Move, seen: Snapshot, secrets: Secrets) -> Outcome:
        raise AssertionError(f"{move.step} was written to somebody else's server")
