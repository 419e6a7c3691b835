"""`rollback.sh` and the exports do what they say with the programs they name, and with nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import jsonpatch
import pytest

from migrate.documents.reader import load_all
from migrate.model.plan import Plan
from migrate.planning.export import export
from migrate.planning.prove import apply_diff
from tests.planning.estates import GRAFANA, document, estate, planned

GIT_AT_HAND = shutil.which("git") is not None

STUBS = {
    "vault": 'echo "vault $*" >> "$LOG"; cat >> "$LOG" < /dev/null\n[ "$1" != read ] || [ -n "${VAULT_HAS:-}" ]\n',
    "kubectl": 'echo "kubectl $*" >> "$LOG"\n',
    "psql": 'echo "psql $*" >> "$LOG"\ncase "$*" in *"select 1"*) echo 1;; *) cat >> "$LOG";; esac\n',
}


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example", "-c", "commit.gpgsign=false")
    done = subprocess.run(("git", *identity, *words), cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def world(tmp_path: Path) -> tuple[Path, Plan, Path]:
    """A repository, its plan, and the exported script with stand-ins for the servers' programs."""
    if not GIT_AT_HAND:
        pytest.skip("git is not installed")
    folder = estate(tmp_path / "repo")
    git(folder, "init", "-q")
    git(folder, "config", "user.name", "t")
    git(folder, "config", "user.email", "t@example")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "start")
    plan = planned(folder)
    found = document(plan)
    script = tmp_path / "rollback.sh"
    script.write_bytes(export(plan, str(found["name"]), str(found["digest"]))["rollback.sh"])
    (tmp_path / "bin").mkdir()
    for name, body in STUBS.items():
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n" + body)
        (tmp_path / "bin" / name).chmod(0o755)
    return folder, plan, script


def commit_steps(folder: Path, plan: Plan, stages: set[str]) -> None:
    for step in plan.steps:
        if step.stage in stages and step.change.files:
            for edit in step.change.files:
                path = folder / edit.file
                data = apply_diff(path.read_bytes(), edit.diff)
                path.unlink() if edit.after is None else path.write_bytes(data)
            git(folder, "add", "-A")
            git(folder, "commit", "-q", "-m", step.id)


def roll_back(folder: Path, script: Path) -> tuple[int, str]:
    log = script.parent / "log"
    environment = os.environ | {
        "PATH": f"{script.parent / 'bin'}:{os.environ['PATH']}",
        "LOG": str(log),
        "ASSUME_YES": "1",
        "VAULT_HAS": "1",
    }
    done = subprocess.run(("sh", str(script)), cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, (log.read_text() if log.exists() else "") + done.stderr


@pytest.mark.parametrize("stages", [set[str](), {"cutover"}, {"cutover", "contract"}])
def test_it_restores_every_byte_from_any_stage(world: tuple[Path, Plan, Path], stages: set[str]) -> None:
    folder, plan, script = world
    before = git(folder, "rev-parse", "HEAD^{tree}")
    commit_steps(folder, plan, stages)
    code, _ = roll_back(folder, script)
    assert code == 0
    assert git(folder, "rev-parse", "HEAD^{tree}") == before
    assert git(folder, "status", "--porcelain") == ""


def test_running_it_twice_does_no_harm(world: tuple[Path, Plan, Path]) -> None:
    folder, plan, script = world
    commit_steps(folder, plan, {"cutover"})
    roll_back(folder, script)
    head = git(folder, "rev-parse", "HEAD")
    assert roll_back(folder, script)[0] == 0
    assert git(folder, "rev-parse", "HEAD") == head


def test_a_file_that_was_changed_since_is_left_alone_and_named(world: tuple[Path, Plan, Path]) -> None:
    folder, plan, script = world
    commit_steps(folder, plan, {"cutover"})
    changed = (folder / "grafana.yaml").read_text() + "# a later edit\n"
    (folder / "grafana.yaml").write_text(changed)
    code, said = roll_back(folder, script)
    assert code == 7
    assert "grafana.yaml was changed after the plan" in said
    assert (folder / "grafana.yaml").read_text() == changed


def test_servers_are_cleaned_in_reverse_and_after_the_pods_left(world: tuple[Path, Plan, Path]) -> None:
    folder, plan, script = world
    commit_steps(folder, plan, {"cutover"})
    _, log = roll_back(folder, script)
    order = [
        'ALTER ROLE "boards" LOGIN;',
        "vault write database/static-roles/mig-boards",
        "kubectl -n watch rollout restart deployment/stack-grafana",
        "kubectl -n watch rollout status deployment/stack-grafana",
        "vault delete auth/jwt-lab/role/mig-watch-grafana",
        "vault policy delete mig-watch-grafana",
        "vault delete database/static-roles/mig-boards",
        "vault delete database/config/mig-boards-pg",
        'DROP ROLE "boards_vault";',
        'DROP ROLE "boards_vault_admin";',
    ]
    places = [log.index(text) for text in order]
    assert places == sorted(places)


def test_it_uses_four_programs_and_posix_shell_only(world: tuple[Path, Plan, Path]) -> None:
    _, _, script = world
    text = script.read_text()
    assert text.startswith("#!/bin/sh\n")
    assert "set -eu" in text
    assert not re.search(r"\b(bash|jq|curl|python|migrate (apply|rollback))\b|\[\[", text)
    subprocess.run(("sh", "-n", str(script)), check=True)


def test_every_step_is_commented(world: tuple[Path, Plan, Path]) -> None:
    _, plan, script = world
    for step in plan.steps:
        assert f"# {step.id}: " in script.read_text()


def test_exported_patches_turn_the_file_there_and_back(tmp_path: Path) -> None:
    plan = planned(estate(tmp_path / "e"))
    files = export(plan, "n", "d")
    value = load_all(GRAFANA.encode())[0].value
    there = jsonpatch.apply_patch(value, json.loads(files["patches/watch-helmrelease-stack.forward.json"]))
    assert there != value
    back = jsonpatch.apply_patch(there, json.loads(files["patches/watch-helmrelease-stack.inverse.json"]))
    assert back == value


def test_exports_hold_policies_and_sql_with_the_password_as_a_variable(tmp_path: Path) -> None:
    files = export(planned(estate(tmp_path / "e")), "n", "d")
    assert b'path "database/static-creds/mig-boards"' in files["policies/mig-watch-grafana.hcl"]
    assert b"PASSWORD :'password'" in files["sql/02-boards_vault.sql"]
    assert b"DROP ROLE" in files["sql/02-boards_vault.inverse.sql"]


def test_every_patch_begins_with_a_test(tmp_path: Path) -> None:
    for pair in planned(estate(tmp_path / "e")).patches:
        assert pair.forward[0]["op"] == pair.inverse[0]["op"] == "test"
