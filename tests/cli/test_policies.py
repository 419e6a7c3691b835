"""`migrate policies` and `migrate least-privilege`, as they are typed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from migrate.cli.main import run
from migrate.grants.reading import read_policy
from migrate.model.json import Json, items, mapping
from tests.planning.estates import SECRETS, estate

OURS = "watch/boards-grafana"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return estate(tmp_path / "estate")


def plan_file(place: Path) -> Path:
    path = place.parent / "p.json"
    assert run(["plan", "phase1", "--estate", str(place), "-o", str(path)]) == 0
    return path


def test_an_over_grant_is_found_with_its_line_and_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mig-boards.hcl"
    file.write_text('# all of it\npath "secret/data/boards*" { capabilities = ["read"] }\n')

    assert run(["policies", "check", str(file)]) == 1
    assert "line 2  policy.glob: secret/data/boards*" in capsys.readouterr().out
    assert run(["policies", "check", str(file), "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["checked"]
    assert [one["code"] for one in found["findings"]] == ["policy.glob"]


def test_what_is_no_policy_is_a_finding_and_what_is_no_file_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mig-boards.hcl"
    file.write_text('path "secret/data/boards*" { capabilities = ["raed"] }')
    assert run(["policies", "check", str(file)]) == 1
    said = capsys.readouterr().out
    assert "policy.unreadable" in said
    assert "policy.glob" in said
    file.write_text('path "a" {')
    assert run(["policies", "check", str(file)]) == 1
    assert "policy.unreadable" in capsys.readouterr().out
    assert run(["policies", "check", str(tmp_path / "none.hcl")]) == 1
    assert "none.hcl" in capsys.readouterr().err
    assert run(["policies", "check", str(file), "--live"]) == 64


def test_the_policies_that_travel_with_the_tool_have_no_findings() -> None:
    assert run(["policies", "check"]) == 0


def test_an_export_holds_the_policy_of_its_run_and_no_finding(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, export = plan_file(place), tmp_path / "export"
    name = json.loads(plan.read_text())["name"]
    assert run(["plan", "phase1", "--estate", str(place), "--export", str(export)]) == 0
    exported = export / "policies" / f"migrate-apply-{name}.hcl"
    capsys.readouterr()
    assert run(["policies", "show", "apply", str(plan), "--estate", str(place)]) == 0

    assert capsys.readouterr().out.rstrip("\n") == exported.read_text().rstrip("\n")
    files = sorted(str(path) for path in exported.parent.iterdir())
    assert run(["policies", "check", "--estate", str(place), *files]) == 0


def test_the_policy_of_a_run_names_what_its_plan_writes_and_the_values_it_compares(place: Path, tmp_path: Path) -> None:
    assert run(["plan", "phase1", "--estate", str(place), "--export", str(tmp_path / "x")]) == 0
    (file,) = (tmp_path / "x" / "policies").glob("migrate-apply-*.hcl")
    rules = {rule.path: rule.capabilities for rule in read_policy(file.stem, file.read_text()).rules}

    assert "delete" in rules["database/config/mig-boards-pg"]
    assert rules["kv/data/apps/boards/DB"] == {"read"}
    assert not [path for path in rules if "*" in path or "+" in path]
    assert not [path for path in rules if "rotate" in path]


def test_the_policy_for_planning_has_the_estates_own_mounts(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policies", "show", "plan", "--estate", str(place)]) == 0
    assert 'path "auth/jwt-lab/role/mig-*"' in capsys.readouterr().out
    assert run(["policies", "show", "apply", "--estate", str(place)]) == 64


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Json]:
    capsys.readouterr()
    assert run(["least-privilege", *words, "--json"]) == 0
    return mapping(json.loads(capsys.readouterr().out))


def test_what_a_workload_could_read_and_can_read_now_is_told_path_by_path(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = SECRETS.replace("boards-login", "other").replace("boards/DB", "other/KEY")
    (place / "other.yaml").write_text(more)
    with (place / "kustomization.yaml").open("a") as listed:
        listed.write("  - other.yaml\n")
    plan = plan_file(place)

    found = told(capsys, str(plan), "--estate", str(place))

    (row,) = [one for one in items(found["workloads"]) if one["moved"]]
    paths = {str(one["path"]): (one["couldRead"], one["uses"], one["canRead"]) for one in items(row["paths"])}
    assert paths == {
        "database/static-creds/mig-boards": (False, False, True),
        "kv/data/apps/boards/DB": (True, True, False),
        "kv/data/apps/other/KEY": (True, False, False),
    }
    assert mapping(found["totals"])["couldRead"] == 2
    assert run(["least-privilege", str(plan), "--estate", str(place), "--format", "markdown"]) == 0
    assert "`kv/data/apps/other/KEY` | could | no more |" in capsys.readouterr().out


def test_nothing_is_said_to_have_moved_before_a_run(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "--estate", str(place))
    assert items(found["workloads"])
    assert not [one for one in items(found["workloads"]) if one["moved"]]


def test_in_a_world_the_policy_is_the_one_that_is_there(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git = ("git", "-C", str(place), "-c", "user.name=t", "-c", "user.email=t@example.test")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-qm", "start")):
        subprocess.run((*git, *words), check=True)
    world, plan = str(place.parent / "world"), place.parent / "p.json"
    assert run(["plan", "phase1", "--estate", str(place), "--world", world, "-o", str(plan)]) == 0

    (row,) = [one for one in items(told(capsys, str(plan), "--estate", str(place), "--world", world)["workloads"])
              if one["moved"]]  # fmt: skip

    assert row["says"] == "vault"
    assert not [one for one in items(row["paths"]) if one["canRead"]]
