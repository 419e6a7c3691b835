"""`explain` says of the cutover what the pod becomes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from migrate.cli.main import run
from tests.estate.trees import ROOT


def test_the_cutover_is_explained_with_the_predicted_pod(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(ROOT / "examples" / "tazlab", tmp_path / "estate")
    plan = tmp_path / "plan.json"
    assert run(["plan", "phase1", "--estate", str(tmp_path / "estate"), "-o", str(plan)]) == 0
    capsys.readouterr()
    assert run(["explain", str(plan), "cutover.inject-release.kube-prometheus-stack"]) == 0
    shown = capsys.readouterr().out
    assert "vault-agent-init" in shown
    assert "(0400, 472:472)" in shown
    assert "10m CPU" in shown
