"""`migrate predict` as it is typed: exit codes, the one document, clear errors for what is no pod."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from migrate.cli.main import run
from tests.injector.pods import pod

_ENV = ["--injector-env", "AGENT_INJECT_VAULT_ADDR=https://v:8200"]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    file = tmp_path / "pod.json"
    file.write_text(json.dumps(pod({"agent-inject-secret-db": "secret/data/x"})), encoding="utf-8")
    return file


def test_an_injected_pod_exits_0_with_the_contracts_fields(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", str(written), *_ENV, "--lint", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["schema", "allowed", "message", "pod", "agentConfig", "lint", "serverRefusals"]
    assert found["schema"] == "migrate.predict/v1"
    assert list(found["lint"][0]) == ["code", "severity", "text", "fix"]
    assert found["agentConfig"]["vault-agent"]["vault"] == {"address": "https://v:8200"}


def test_a_refused_pod_exits_3(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", str(written), *_ENV, "--json", "--namespace", "kube-system"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["allowed"] is False
    assert found["message"].endswith("system namespaces: kube-system")
    assert found["pod"] is None


def test_standard_input_and_a_person_are_served(
    written: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(written.read_bytes())))
    assert run(["predict", "-", "--lint"]) == 0
    shown: Any = capsys.readouterr()
    assert "/vault/secrets/db" in shown.out
    assert "secret.kv2-default-template" in shown.out
    assert "AGENT_INJECT_VAULT_ADDR" in shown.err


@pytest.mark.parametrize(
    "text", ["", "[1]", "{", '{"kind":"Service"}', "a: [", "kind: Pod\n---\nkind: Pod\n", '{"a": NaN}']
)
def test_what_is_no_pod_is_an_error_and_no_stack_trace(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.json"
    file.write_text(text, encoding="utf-8")
    assert run(["predict", str(file), "--json"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "not done" in shown.err


@pytest.mark.parametrize("setting", ["NOPE=1", "AGENT_INJECT_NOPE=1", "AGENT_INJECT_RUN_AS_SAME_USER=maybe", "X"])
def test_a_setting_the_injector_does_not_know_or_would_not_start_with_is_a_usage_error(
    setting: str, written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["predict", str(written), "--injector-env", setting]) == 64
    assert setting.split("=", maxsplit=1)[0] in capsys.readouterr().err


def test_a_lone_surrogate_is_no_fault_of_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "pod.json"
    file.write_text(json.dumps(pod({"role": "\ud800"})), encoding="utf-8")
    assert run(["predict", str(file), *_ENV, "--json"]) == 0
    assert "\ufffd" in capsys.readouterr().out
