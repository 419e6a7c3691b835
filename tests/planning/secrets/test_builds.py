"""Every commit is built over all that is applied before there is a plan: what changes must be what the plan says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migrate.cli.plan import read_estate
from migrate.model.errors import Refused
from migrate.planning.built import Built, built, whole
from migrate.planning.effects import Effect, effect
from migrate.planning.files import Files
from tests.planning.secrets.estates import (
    KNOWN,
    container,
    estate,
    external,
    made_so,
    planned,
    shared_base,
    variable,
    workload,
)
from tests.planning.secrets.test_shared_bases import MERGE, kustomized

FLUX = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  healthChecks:
    - {apiVersion: external-secrets.io/v1, kind: ExternalSecret, name: login, namespace: apps}
"""
OVER = """\
patches:
  - patch: |
      apiVersion: external-secrets.io/v1
      kind: ExternalSecret
      metadata: {name: login, namespace: apps}
      spec: {refreshInterval: 2h}
"""


def one(folder: Path) -> Path:
    app = workload(container(KNOWN, env=[variable("CLOUDFLARE_API_TOKEN", "login", "token")]))
    return estate(folder, external("login", "token"), app)


def test_a_merge_that_would_be_left_without_its_object_is_found(tmp_path: Path) -> None:
    folder = one(tmp_path / "e")
    root = folder / "kustomization.yaml"
    root.write_text(root.read_text() + OVER)
    with pytest.raises(Refused, match=r"refuses to build: kustomization\.yaml patches ExternalSecret login"):
        planned(folder)


def test_a_wait_for_what_would_be_no_more_is_found(tmp_path: Path) -> None:
    folder = one(tmp_path / "e")
    (folder / "flux.yaml").write_text(FLUX)
    root = folder / "kustomization.yaml"
    root.write_text(root.read_text() + "  - flux.yaml\n")
    with pytest.raises(Refused, match=r"Kustomization apps .* would wait for ExternalSecret/apps/login"):
        planned(folder)


def test_what_a_replacement_carries_on_to_others_is_found(tmp_path: Path) -> None:
    """The edit is right for its workload, and one that nobody planned would change with it."""
    folder = one(tmp_path / "e")
    (folder / "other.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: other, namespace: apps}\n"
        "spec: {template: {spec: {serviceAccountName: none, containers: [{name: a, image: b}]}}}\n"
    )
    root = folder / "kustomization.yaml"
    more = (
        "  - other.yaml\nreplacements:\n  - source: {kind: ServiceAccount, name: app}\n    targets:\n"
        "      - select: {kind: Deployment, name: other}\n"
        "        fieldPaths: [spec.template.spec.serviceAccountName]\n"
    )
    root.write_text(root.read_text() + more)
    with pytest.raises(Refused, match="is not what the plan says: it would change Deployment/apps/other too"):
        planned(folder)


@pytest.mark.parametrize("patch", ["", MERGE], ids=["plain", "merged"])
def test_each_commit_and_its_inverse_does_in_kustomize_what_our_own_build_says(tmp_path: Path, patch: str) -> None:
    folder = shared_base(tmp_path / "e", patch=patch)
    plan = planned(folder, "one/app", "two/app")
    commits = [step for step in plan.steps if step.change.files]
    assert len(commits) == 6
    for step in commits:
        before, real = {file: file.read_bytes() for file in folder.rglob("*.yaml")}, kustomized(folder)
        ours, changed = _built(folder), {edit.file for edit in step.change.files}
        made_so(folder, replace(plan, steps=(step,)), step.operation)
        after, now = kustomized(folder), _built(folder)
        there = effect(ours, now, changed)
        assert there == _real(real, after)
        assert effect(now, ours, changed) == _real(after, real)
        assert there != Effect(frozenset(), frozenset())
        _revert(folder, before)
        assert kustomized(folder) == real
        made_so(folder, replace(plan, steps=(step,)), step.operation)


def _built(folder: Path) -> Built:
    files = read_estate(folder).files
    kept = {path: files.read(path) for path in files.paths}
    return built(whole(Files(files.paths, kept.__getitem__), files.paths))


def _revert(folder: Path, before: dict[Path, bytes]) -> None:
    for file in folder.rglob("*.yaml"):
        if file not in before:
            file.unlink()
    for file, data in before.items():
        file.write_bytes(data)


def _real(before: dict[tuple[str, str, str], object], after: dict[tuple[str, str, str], object]) -> Effect:
    names = {"/".join((kind, namespace or "default", name)): (kind, namespace, name) for kind, namespace, name in after}
    applies = {one for one, key in names.items() if before.get(key) != after[key]}
    gone = {"/".join((kind, namespace or "default", name)) for kind, namespace, name in before.keys() - after.keys()}
    return Effect(frozenset(applies), frozenset(gone))


def test_a_wave_of_many_is_built_stage_by_stage(tmp_path: Path) -> None:
    objects = list[dict[str, object]]()
    for number in range(15):
        env = [variable("CLOUDFLARE_API_TOKEN", f"login-{number}", "token")]
        app = workload(container(KNOWN, env=env), name=f"app-{number}", serviceAccountName=f"own-{number}")
        objects += [external(f"login-{number}", "token"), app]
    plan = planned(estate(tmp_path / "e", *objects), wave=1)
    assert sum(1 for step in plan.steps if step.change.files) == 45
