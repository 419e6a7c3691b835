"""Workloads of one plan that share files go back together, in the reverse of the order in which they moved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.fixtures import Seated
from tests.harness.operator import SETTINGS, Operator
from tests.harness.truth import disagreements, misdescribed, standing, unsafe
from tests.planning.secrets.estates import KNOWN, container, estate, external, shared_base, variable, workload


def one_folder(folder: Path) -> Path:
    """Two workloads under one ServiceAccount, and a folder that holds their two ExternalSecrets and nothing else."""
    names = ("one", "two")
    account: dict[str, Any] = {"apiVersion": "v1", "kind": "ServiceAccount"}
    account["metadata"] = {"name": "both", "namespace": "apps"}
    estate(folder, account, *(_reader(name) for name in names))
    (folder / "part").mkdir()
    for name in names:
        (folder / f"part/{name}.yaml").write_text(yaml.safe_dump(external(name, "token")))
    (folder / "part/kustomization.yaml").write_text("resources:\n  - one.yaml\n  - two.yaml\n")
    root = folder / "kustomization.yaml"
    root.write_text(root.read_text() + "  - part\n")
    return folder


def _reader(name: str) -> dict[str, Any]:
    held = container(KNOWN, env=[variable("CLOUDFLARE_API_TOKEN", name, "token")])
    return workload(held, name=name, serviceAccountName="both")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("made", "units"),
    [
        (one_folder, ("apps/one", "apps/two")),
        pytest.param(shared_base, ("one/app", "two/app"), marks=pytest.mark.proof),
    ],
)
def test_what_shares_files_goes_there_and_back_together(
    seated: Seated, tmp_path: Path, made: Callable[[Path], Path], units: tuple[str, str]
) -> None:
    one = seated()
    one.begin(made(tmp_path / "estate"), SETTINGS)
    assert (said := one.planned("--only", units[0], "--only", units[1], phase="phase2")).code == 0, said.err
    base, before = one.git("rev-parse", "HEAD"), standing(one)
    assert one.apply().code == 4
    one.merge()
    assert (said := one.forward()).code == 0, said.out + said.err
    _healthy(one)
    if made is one_folder:
        assert "part/" not in one.git("ls-files")
        said = one.run("rollback", "--only", units[0])
        assert said.code == 3
        assert "takes part/kustomization.yaml away, which held something of both" in said.err
        assert f"--only {units[0]} --only {units[1]}" in said.err
    assert (said := one.back()).code == 0, said.out + said.err
    assert one.git("diff", "--stat", base, "HEAD") == ""
    assert standing(one) == before
    _healthy(one)


def _healthy(one: Operator) -> None:
    assert [*disagreements(one), *misdescribed(one), *unsafe(one)] == []
