"""The runbooks that drive a phase, followed on real servers by a session: there with one, back with the other."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from migrate.catalog import shelf
from migrate.model.json import Json, mapping
from tests.labworld import Lab, until
from tests.live.operator import KNOWN, Operator, seated
from tests.live.test_phase1 import _agents, _nowhere, _ready

pytestmark = [pytest.mark.lab(level="full"), pytest.mark.timeout(3000)]

_PATIENCE = 1200


def test_the_runbooks_take_grafana_there_and_back(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    until("Grafana", lambda: _ready(lab), 600)
    operator = seated(lab, tmp_path, capsys, monkeypatch)
    monkeypatch.chdir(operator.clone)
    plan = tmp_path / "phase1.plan.json"
    _followed(operator, "phase1", "--input", f"plan={plan}")
    assert operator.standing()["state"] == "done"
    assert _agents(lab)

    _followed(operator, "rollback")
    assert operator.standing()["state"] == "rolled-back"
    assert not _agents(lab)
    _nowhere(lab.world.credential("vault-root").read_bytes(), tmp_path / "state", plan)
    _nowhere(lab.world.credential("postgres-admin").read_bytes(), tmp_path / "state", plan)


def _followed(operator: Operator, runbook: str, *inputs: str) -> None:
    """Go through a runbook as it is shipped, doing what each stop says; its chain holds and its report can be read."""
    assert operator.type("session", "start", str(shelf("runbooks") / f"{runbook}.md"), *inputs) == 0, operator.said()
    end = time.monotonic() + _PATIENCE
    while (code := operator.type("session", "run")) != 0:
        assert code == 4, operator.said()
        assert time.monotonic() < end, operator.said()
        _stopped(operator)
    found = _session(operator)
    assert found["state"] == "done"
    assert operator.type("verify", "--session", str(found["session"])) == 0, operator.said()
    report = operator.clone.parent / f"{runbook}.html"
    assert operator.type("session", "report", "-o", str(report)) == 0, operator.said()
    assert "How do we go back" in report.read_text()


def _stopped(operator: Operator) -> None:
    """Give the word that is waited for, or a reason, or merge and fetch what the hold names."""
    waiting = mapping(_session(operator)["waiting"])
    following = str(waiting["next"])
    if "session approve" in following:
        words = following[following.index("session approve") :].split()
        said = ["the dashboards show data" if word == "TEXT" else word for word in words]
        assert operator.type(*said) == 0, operator.said()
        return
    gate = str(waiting["reason"]).partition(":")[0]
    operator.merge()
    operator.git("fetch", "--quiet")
    if gate in KNOWN:
        assert operator.type("resume", "--waive", gate, "--reason", KNOWN[gate]) in {0, 4, 7}, operator.said()
    time.sleep(1)


def _session(operator: Operator) -> dict[str, Json]:
    operator.said()
    assert operator.type("session", "status", "--json") == 0
    return mapping(json.loads(operator.said()))
