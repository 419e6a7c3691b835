"""plan, show, explain and phases as people type them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from migrate.cli.main import run
from migrate.model.config import Config
from migrate.model.errors import Failed
from migrate.planning.configuration import read_config
from migrate.planning.misconfigured import example
from tests.planning.estates import GRAFANA, estate


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return estate(tmp_path / "estate")


def test_plan_without_a_file_shows_a_summary(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "phase1", "--estate", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "expand.static-role.mig-boards" in shown
    assert "cannot be undone entirely" in shown


def test_detailed_exit_code_says_that_steps_are_pending(folder: Path) -> None:
    assert run(["plan", "phase1", "--estate", str(folder), "--detailed-exitcode"]) == 2


def test_plan_finds_the_repository_one_stands_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".git").mkdir()
    (folder / "deeper").mkdir()
    monkeypatch.chdir(folder / "deeper")
    assert run(["plan", "phase1"]) == 0
    assert "watch/stack-grafana" in capsys.readouterr().out


def test_a_dash_writes_the_plan_to_stdout(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "phase1", "--estate", str(folder), "-o", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "migrate.plan/v1"


def test_a_plan_is_written_into_a_folder_that_is_not_there_yet(folder: Path, tmp_path: Path) -> None:
    assert run(["plan", "phase1", "--estate", str(folder), "-o", str(tmp_path / "plans/p.json")]) == 0
    assert (tmp_path / "plans/p.json").is_file()


def test_show_puts_the_way_back_beside_each_step(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.json"
    assert run(["plan", "phase1", "--estate", str(folder), "-o", str(file)]) == 0
    assert run(["show", str(file)]) == 0
    shown = capsys.readouterr().out
    assert shown.count("      undo:") == shown.count("      do:") == 12
    for word in ("=== expand ===", "=== contract ===", "blast radius:", "remains:", "unknown offline"):
        assert word in shown
    assert run(["show", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(file.read_text())


def test_show_refuses_a_changed_plan(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "p.json"
    run(["plan", "phase1", "--estate", str(folder), "-o", str(file)])
    file.write_text(file.read_text().replace("DROP ROLE", "DROP TABLE"))
    assert run(["show", str(file)]) == 3
    assert "inverse" in capsys.readouterr().err


def test_explain_names_the_lines_that_caused_a_step(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.json"
    run(["plan", "phase1", "--estate", str(folder), "-o", str(file)])
    capsys.readouterr()
    assert run(["explain", str(file), "expand.vault-policy.mig-watch-grafana"]) == 0
    shown = capsys.readouterr().out
    assert "phases/phase1.yaml:" in shown
    assert "- operation: vault-policy" in shown
    assert "policies/database-static.hcl:2" in shown
    assert 'path "${path}" {' in shown
    assert "secret watch/boards-login (secrets.yaml" in shown


def test_explain_takes_a_part_of_an_id_and_lists_what_there_is(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.json"
    run(["plan", "phase1", "--estate", str(folder), "-o", str(file)])
    assert run(["explain", str(file), "jwt-role"]) == 0
    assert run(["explain", str(file), "external-secret"]) == 64
    assert "orphan-external-secret" in capsys.readouterr().err


def test_phases_are_listed_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["phases"]) == 0
    assert "phase1" in capsys.readouterr().out
    assert run(["phases", "show", "phase1"]) == 0
    assert "new-login" in capsys.readouterr().out
    assert run(["phases", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "migrate.phases/v1"


def test_an_unknown_phase_is_a_typing_error_that_names_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "phase9"]) == 64
    assert "phase1" in capsys.readouterr().err


def test_a_wrong_estate_is_no_bug(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "phase1", "--estate", str(estate(tmp_path / "e", grafana=None))]) == 1
    broken = estate(tmp_path / "f", grafana=GRAFANA.replace("GF_DATABASE_USER: boards", "GF_DATABASE_USER: ${WHO}"))
    assert run(["plan", "phase1", "--estate", str(broken)]) == 3
    assert run(["plan", "phase1", "--estate", str(tmp_path / "nowhere")]) == 1
    assert "fault in this tool" not in capsys.readouterr().err


def test_a_wrong_setting_is_named_and_not_quoted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = estate(tmp_path / "e", settings="database:\n  passwd: hunter2\n")
    assert run(["plan", "phase1", "--estate", str(folder)]) == 1
    said = capsys.readouterr().err
    assert "database.passwd" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("vault: {adress: x}", "vault.adress: there is no such key; perhaps address"),
        ("soak: {cutover: soon}", "soak.cutover: expected something like 72h"),
        ("overrides: [{secret: a/b, verdict: no-idea}]", "overrides.0.verdict: expected ready, adapt, code, keep or"),
        ("overrides: [{secret: a/b, verdict: keep}]", "overrides.0.reason: it is missing"),
        ("database: {version: new}", "database.version: expected a whole number"),
        ("trials: {oldLogin: 7}", "trials.oldLogin: expected true or false"),
        ("vault: here", "vault: expected a section with keys of its own"),
        ("adapters: {img: {}}", "adapters.img: an adapter says env, config or shell"),
        ("adapters: {img: {shel: true}}", "adapters.img.shel: there is no such key; perhaps shell"),
    ],
)
def test_a_wrong_setting_is_told_what_belongs_there(settings: str, said: str) -> None:
    with pytest.raises(Failed) as caught:
        read_config(settings.encode())
    assert said in caught.value.happened


def test_every_pattern_of_the_settings_has_an_example_that_fits() -> None:
    definitions = Config.model_json_schema()["$defs"].values()
    for properties in (one.get("properties", {}) for one in [*definitions, Config.model_json_schema()]):
        for key, shape in properties.items():
            for one in [shape, *shape.get("anyOf", ())]:
                if "pattern" in one:
                    assert re.search(one["pattern"], example(key)), key


def test_planning_offline_imports_no_client(folder: Path) -> None:
    code = (
        "import sys; from migrate.cli.main import run; "
        f"assert run(['plan', 'phase1', '--estate', {str(folder)!r}]) == 0; "
        "assert not {'hvac', 'kubernetes', 'psycopg'} & set(sys.modules)"
    )
    subprocess.run((sys.executable, "-c", code), check=True, capture_output=True)
