"""Phases of one's own: the documented example from outside the package, and what is refused of a folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from migrate.model.errors import Failed, Refused, Usage
from migrate.planning.own import own_phases
from migrate.planning.phases import phase_named
from tests.planning.estates import estate

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "how-to" / "own-phases"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example, where somebody else would keep it."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "mine"))


class Elsewhere:
    """The installed command, run in a folder that is neither this repository nor beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.estate = estate(folder / "estate", settings="database: {address: 'pg.example:5432'}\n")
        git = ("git", "-C", str(self.estate), "-c", "user.name=t", "-c", "user.email=t@example.test")
        for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-qm", "start")):
            subprocess.run((*git, *words), check=True)

    def type(self, *words: str) -> tuple[int, str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        done = subprocess.run(
            (Path(sys.executable).with_name("migrate"), *words), cwd=self.folder, capture_output=True, text=True,
            check=False, env={**environment, "MIGRATE_STATE": str(self.folder / "state")},
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr


def test_a_phase_with_an_operation_of_its_own_is_planned_applied_and_taken_back(folder: Path, tmp_path: Path) -> None:
    there, world = Elsewhere(tmp_path), ("--estate", "estate", "--world", "world")
    code, said = there.type("plan", "oncall", "--phases", "mine", *world, "-o", "p.json")
    assert code == 0, said
    plan = json.loads((tmp_path / "p.json").read_text())
    (step,) = plan["steps"]
    assert step["operation"] == "oncall-policy"
    assert "database/rotate-role/mig-boards" in str(step["after"])

    code, said = there.type("apply", "p.json", *world, "--approve", plan["digest"])
    assert code == 0, said
    shutil.rmtree(folder)  # the plan is enough from here on
    vault = (tmp_path / "world" / "vault.json").read_text()
    assert "mig-watch-grafana-oncall" in vault
    assert there.type("rollback", *world)[0] == 0
    assert "mig-watch-grafana-oncall" not in (tmp_path / "world" / "vault.json").read_text()
    assert there.type("plan", "phase1", *world)[0] == 0


def test_its_own_policy_and_phase_are_shown_like_any_other(folder: Path, tmp_path: Path) -> None:
    there = Elsewhere(tmp_path)
    assert "oncall Whoever is on call" in " ".join(there.type("phases", "--phases", "mine")[1].split())
    assert "oncall-policy" in there.type("phases", "show", "oncall", "--phases", "mine")[1]
    assert there.type("plan", "oncall", "--estate", "estate", "--phases", "mine", "-o", "p.json")[0] == 0
    said = there.type("policies", "show", "apply", "p.json", "--estate", "estate")[1]
    assert 'path "sys/policies/acl/mig-watch-grafana-oncall"' in said


def test_a_folder_is_never_found_by_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(Usage, match="no phase called oncall"):
        phase_named("oncall")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("oncall_policy.py", "raise RuntimeError('half written')", "cannot be loaded: RuntimeError: half written"),
        ("oncall_policy.py", "def another(subject, arguments): ...", "has no function oncall_policy"),
        ("oncall_policy.py", "def oncall_policy(subject, arguments): ...", "on which subject it works"),
        ("more.yaml", "schema: migrate.phase/v1", "name: Field required"),
    ],
)
def test_what_is_no_phase_and_no_operation_is_said_with_its_file(folder: Path, name: str, text: str, says: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(Failed, match=says) as caught:
        own_phases(folder)
    assert name in caught.value.happened


def test_names_of_this_tool_are_not_taken(folder: Path) -> None:
    (folder / "static_role.py").write_text("def static_role(subject, arguments): ...")
    with pytest.raises(Refused, match="operation static-role"):
        own_phases(folder)
    (folder / "static_role.py").unlink()
    text = (folder / "oncall.yaml").read_text()
    (folder / "phase1.yaml").write_text(text.replace("name: oncall", "name: phase1"))
    with pytest.raises(Refused, match="phase phase1"):
        own_phases(folder)


def test_a_folder_without_phases_is_no_folder_of_phases(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="holds no phase"):
        own_phases(tmp_path)
