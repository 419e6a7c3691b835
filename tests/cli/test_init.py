"""`migrate init` writes down what the tree says, once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from migrate.catalog import shelf
from migrate.cli.main import run
from migrate.model.config import Config
from migrate.planning.configuration import read_config


@pytest.fixture(autouse=True)
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    root = tmp_path / "estate"
    shutil.copytree(shelf("examples") / "tazlab", root, ignore=shutil.ignore_patterns("migrate.yaml"))
    return root


def test_the_file_says_what_the_tree_says(estate: Path) -> None:
    assert run(["init", "--estate", str(estate)]) == 0
    config = read_config((estate / "migrate.yaml").read_bytes())
    assert config.vault.address == "https://vault.quiet-otter.ts.net:8200"
    assert config.vault.kv == "secret"
    assert config.injector.namespace == "vault-injector"
    assert run(["scan", str(estate)]) == 0


def test_a_file_that_is_there_is_never_replaced(estate: Path) -> None:
    (estate / "migrate.yaml").write_text("prefix: ours-\n")
    assert run(["init", "--estate", str(estate)]) == 3
    assert (estate / "migrate.yaml").read_text() == "prefix: ours-\n"


def test_printing_writes_nothing(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--estate", str(estate), "--print"]) == 0
    assert read_config(capsys.readouterr().out.encode()).vault.kv == "secret"
    assert not (estate / "migrate.yaml").exists()


def test_an_empty_folder_gives_questions_only(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run(["init", "--estate", str(tmp_path / "empty")]) == 0
    assert read_config((tmp_path / "empty" / "migrate.yaml").read_bytes()) == read_config(None)


def test_a_hostile_name_stays_a_string(tmp_path: Path) -> None:
    root = tmp_path / "estate"
    root.mkdir()
    (root / "store.yaml").write_text(
        "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata:\n"
        '  name: "a\\nprefix: evil-"\nspec: {provider: {vault: {server: "x\\nprefix: evil-", path: "{}"}}}\n'
    )
    assert run(["init", "--estate", str(root)]) == 0
    config = read_config((root / "migrate.yaml").read_bytes())
    assert config.prefix == "mig-"
    assert config.vault.kv == "{}"


def test_every_question_of_the_file_is_a_setting_that_can_be_answered(estate: Path) -> None:
    assert run(["init", "--estate", str(estate)]) == 0
    written = (estate / "migrate.yaml").read_text()
    asked = [
        line[2:] for line in written.splitlines() if line.startswith("# ") and line[2:].partition(":")[0].islower()
    ]
    for question in (line for line in asked if "{" in line and not line.startswith("  ")):
        read_config(question.encode())
    assert any(line.startswith("adapters:") for line in asked)


def test_the_schema_names_every_setting_and_its_short_forms(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert set(schema["properties"]) == set(Config.model_fields)
    assert schema["additionalProperties"] is False
    assert {"type": "string"} in schema["properties"]["adapters"]["additionalProperties"]["anyOf"]
    assert {"type": "string"} in schema["$defs"]["Adapter"]["properties"]["env"]["anyOf"]
