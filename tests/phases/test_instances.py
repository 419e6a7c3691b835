"""A workload of a folder that several apply goes there and back, by a patch in its own Flux Kustomization."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.fixtures import Seated
from tests.harness.operator import SETTINGS
from tests.harness.truth import disagreements, misdescribed, standing, unsafe
from tests.planning.secrets.test_instances import twice


@pytest.mark.timeout(600)
def test_one_instance_goes_there_and_back(seated: Seated, tmp_path: Path) -> None:
    one = seated()
    one.begin(twice(tmp_path / "estate"), SETTINGS)
    said = one.planned("--only", "apps/blog", phase="phase2")
    assert said.code == 0, said.err
    before, was = standing(one), (one.estate / "blog.yaml").read_bytes()
    assert one.apply().code == 4
    one.merge()
    said = one.run("resume", "--approve", one.digest)
    assert "mig-apps-blog" in (one.estate / "blog.yaml").read_text()
    assert [*disagreements(one), *misdescribed(one), *unsafe(one)] == []
    assert one.back().code == 0
    assert (one.estate / "blog.yaml").read_bytes() == was
    assert standing(one) == before
    assert one.planned("--only", "apps/blog", phase="phase2").code == 0
    assert one.apply().code == 4
    one.merge()
    said = one.forward()
    assert said.code == 0, said.out + said.err
    assert one.run("verify").code == 0
