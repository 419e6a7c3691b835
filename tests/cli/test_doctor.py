"""Settings are shown with what says so; servers are only asked when that is wanted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrate.cli.main import run
from migrate.planning.configuration import read_config
from migrate.planning.origins import names, variable


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    (tmp_path / "migrate.yaml").write_text("vault: {address: 'https://file.test', kv: secret}\n")
    return tmp_path


def sources(estate: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[object, str]]:
    assert run(["doctor", "--estate", str(estate), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "migrate.doctor/v1"
    assert document["checks"] == []
    return {one["name"]: (one["value"], one["source"]) for one in document["settings"]}


def test_each_setting_is_shown_with_its_source(
    estate: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIGRATE_VAULT_ADDRESS", "https://variable.test")

    found = sources(estate, capsys)

    assert found["vault.address"] == ("https://variable.test", "MIGRATE_VAULT_ADDRESS")
    assert found["vault.kv"] == ("secret", "migrate.yaml")
    assert found["vault.database"] == ("database", "default")


def test_every_setting_of_one_value_can_be_said_by_a_variable() -> None:
    known = {"vault.auth.method": "jwt", "prefix": "other-", "database.sslmode": "require", "database.version": "16",
             "database.hba": "by-hand", "transit.backups": "1h",
             "soak.cutover": "1h", "soak.contract": "1h", "soak.retention": "1h"}  # fmt: skip
    for name in names():
        value = known.get(name, "False" if name.startswith("trials.") else "something")
        config = read_config(None, {variable(name): value}).model_dump(mode="json")
        for key in name.split("."):
            config = config[key]
        assert str(config) == value


def test_a_variable_goes_before_the_file_and_beside_it() -> None:
    config = read_config(b"vault: {kv: secret}\n", {"MIGRATE_VAULT_ADDRESS": "https://x.test"})
    assert (config.vault.kv, config.vault.address) == ("secret", "https://x.test")


def test_without_a_cluster_the_settings_are_shown_and_what_is_missing_is_a_finding(
    estate: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(estate / "none"))

    assert run(["doctor", "--live", "--estate", str(estate), "--json"]) == 1

    document = json.loads(capsys.readouterr().out)
    assert document["settings"]
    (missing,) = document["servers"]
    assert "no cluster" in missing["wrong"]
    assert "kubectl config get-contexts" in missing["following"]
    assert document["checks"] == []
