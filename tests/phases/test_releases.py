"""Phase 2 of two Helm releases in one plan: one of a known chart, one whose pod is changed after it was rendered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.fixtures import Seated
from tests.harness.operator import SETTINGS, Operator
from tests.harness.truth import disagreements, leaks, misdescribed, secrets, standing, unsafe

ESTATE = Path(__file__).parents[2] / "examples/more/releases"


def running(one: Operator, name: str) -> dict[str, object]:
    """A workload as the world has it."""
    found: dict[str, object] = json.loads((one.world / "cluster.json").read_bytes())["objects"][name]
    return found


def _healthy(one: Operator) -> None:
    assert disagreements(one) == []
    assert misdescribed(one) == []
    assert unsafe(one) == []


@pytest.mark.timeout(900)
def test_releases_go_there_and_back_and_there(seated: Seated) -> None:
    one = seated()
    one.begin(ESTATE, SETTINGS)
    assert one.planned("--wave", "1", phase="phase2").code == 0, one.heard
    before = standing(one)

    assert one.apply().code == 4
    for _ in ("portal", "recorder"):
        one.merge()
        one.run("resume", "--approve", one.digest)
        _healthy(one)
    for name, secret in (("recorder", "recorder"), ("portal-web", "portal")):
        pod = json.dumps(running(one, f"Deployment/apps/{name}"))
        assert "agent-inject" in pod
        assert f'"secrets": ["{secret}"]' not in pod

    said = one.back()
    assert said.code == 0, said.out + said.err
    assert standing(one) == before
    _healthy(one)

    assert one.planned("--wave", "1", phase="phase2").code == 0
    assert one.apply().code == 4
    one.merge()
    assert one.forward().code == 0
    _healthy(one)
    assert leaks(one, secrets(one)) == []
    assert "nothing to do" in one.planned(phase="phase2").out
