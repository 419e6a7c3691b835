"""A workload of a shared base goes there and back: its patch and what takes it in come and go, the base never moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.fixtures import Seated
from tests.harness.operator import SETTINGS
from tests.harness.truth import disagreements, misdescribed, standing, unsafe
from tests.planning.secrets.estates import shared_base


@pytest.mark.timeout(600)
def test_a_workload_of_a_shared_base_goes_there_and_back(seated: Seated, tmp_path: Path) -> None:
    one = seated()
    one.begin(shared_base(tmp_path / "estate"), SETTINGS)
    said = one.planned("--only", "one/app", phase="phase2")
    assert said.code == 0, said.err
    before = standing(one)
    assert one.apply().code == 4
    one.merge()
    said = one.run("resume", "--approve", one.digest)
    assert "vault-agent-deployment-app.yaml" in one.git("ls-files")
    assert [*disagreements(one), *misdescribed(one), *unsafe(one)] == []
    assert one.back().code == 0
    assert "vault-agent" not in one.git("ls-files")
    assert standing(one) == before
    assert one.planned("--only", "one/app", phase="phase2").code == 0
    assert one.apply().code == 4
    one.merge()
    said = one.forward()
    assert said.code == 0, said.out + said.err
    assert one.run("verify").code == 0
