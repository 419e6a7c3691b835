"""A base that serves others is not edited: one workload's overlay gets a patch, and kustomize makes the planned pod."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate.model.errors import Refused
from tests.planning.secrets.estates import (
    KNOWN,
    container,
    made_so,
    planned,
    shared_base,
    variable,
    workload,
)

MERGE = """\
patches:
  - patch: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: app}
      spec: {template: {spec: {containers: [{name: app, env: [{name: B, value: b}]}, {name: beside, image: x}]}}}
"""
READS = """\
patches:
  - target: {kind: Deployment}
    patch: |
      - op: add
        path: /spec/template/spec/containers/0/env
        value: [{name: CLOUDFLARE_API_TOKEN, valueFrom: {secretKeyRef: {name: login, key: token}}}]
"""
LATER = """\
patchesJson6902:
  - target: {group: apps, version: v1, kind: Deployment, name: app}
    patch: |
      - op: add
        path: /spec/template/spec/containers/0/env
        value: [{name: CLOUDFLARE_API_TOKEN, valueFrom: {secretKeyRef: {name: login, key: token}}}]
"""


def kustomized(folder: Path) -> dict[tuple[str, str, str], Any]:
    """What the real kustomize makes of a folder, by kind, namespace and name."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("there is no kubectl on PATH")
    done = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=True)
    objects = [one for one in yaml.safe_load_all(done.stdout) if one]
    return {(one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]): one for one in objects}


def pod_of(objects: dict[tuple[str, str, str], Any], namespace: str) -> dict[str, Any]:
    return dict(objects["Deployment", namespace, "app"]["spec"]["template"]["spec"])


@pytest.mark.parametrize("patch", ["", MERGE], ids=["plain", "merged"])
def test_only_the_planned_workload_changes_in_what_kustomize_makes(tmp_path: Path, patch: str) -> None:
    folder = shared_base(tmp_path / "e", patch=patch)
    before = kustomized(folder)
    base = (folder / "base/app.yaml").read_bytes()
    plan = planned(folder, "one/app")
    made_so(folder, plan, "inject-pod")
    after = kustomized(folder)
    assert after.keys() - before.keys() == {("ServiceAccount", "one", "app")}
    assert {name for name in before if before[name] != after[name]} == {("Deployment", "one", "app")}
    pod = pod_of(after, "one")
    app = next(one for one in pod["containers"] if one["name"] == "app")
    assert {"name": "CLOUDFLARE_API_TOKEN_FILE", "value": "/vault/secrets/cloudflare-api-token"} in app["env"]
    assert not any("valueFrom" in one for one in app["env"])
    assert pod["serviceAccountName"] == "app"
    assert (folder / "base/app.yaml").read_bytes() == base


def test_a_secret_that_only_a_patch_reads_is_moved_by_a_further_patch(tmp_path: Path) -> None:
    folder = shared_base(tmp_path / "e", patch=READS, base=workload(container(KNOWN)))
    made_so(folder, planned(folder, "two/app"), "inject-pod")
    (app,) = pod_of(kustomized(folder), "two")["containers"]
    assert app["env"] == [{"name": "CLOUDFLARE_API_TOKEN_FILE", "value": "/vault/secrets/cloudflare-api-token"}]


def test_both_overlays_move_in_one_plan_each_with_a_role_of_its_own(tmp_path: Path) -> None:
    folder = shared_base(tmp_path / "e")
    plan = planned(folder, "one/app", "two/app")
    made_so(folder, plan, "inject-pod")
    roles = {pod["annotations"]["vault.hashicorp.com/role"] for pod in _templates(kustomized(folder))}
    assert roles == {"mig-one-app", "mig-two-app"}


def _templates(objects: dict[tuple[str, str, str], Any]) -> list[Any]:
    return [one["spec"]["template"]["metadata"] for (kind, _, _), one in objects.items() if kind == "Deployment"]


def test_a_patch_that_has_the_last_word_is_refused(tmp_path: Path) -> None:
    folder = shared_base(tmp_path / "e", patch=LATER)
    with pytest.raises(Refused, match=r"patches that come after base/app\.yaml would change the pod of one/app again"):
        planned(folder, "one/app")


def test_an_overlay_that_renames_is_refused_with_its_name(tmp_path: Path) -> None:
    folder = shared_base(tmp_path / "e", patch="namePrefix: my-\n")
    with pytest.raises(Refused, match="overlays/one renames what it takes in"):
        planned(folder, "one/my-app")


def test_a_base_that_the_kustomization_itself_changes_is_left_to_a_patch_beside_it(tmp_path: Path) -> None:
    folder = shared_base(tmp_path / "e", patch=MERGE)
    (folder / "overlays/two/kustomization.yaml").write_text("namespace: two\nresources: [login.yaml]\n")
    files = [
        edit.file for step in planned(folder, "one/app").steps for edit in step.change.files if step.stage == "cutover"
    ]
    assert files == [
        "overlays/one/vault-agent-deployment-app.yaml",
        "overlays/one/vault-agent-deployment-app-with.yaml",
        "overlays/one/kustomization.yaml",
    ]


def test_a_base_of_one_workload_that_no_patch_changes_is_edited_itself(tmp_path: Path) -> None:
    folder = shared_base(tmp_path / "e", patch="commonAnnotations: {a: b}\n")
    (folder / "overlays/two/kustomization.yaml").write_text("namespace: two\nresources: [login.yaml]\n")
    files = [
        edit.file for step in planned(folder, "one/app").steps for edit in step.change.files if step.stage == "cutover"
    ]
    assert files == ["base/app.yaml"]


def test_a_file_of_ours_that_is_there_already_stops_the_plan(tmp_path: Path) -> None:
    folder = shared_base(tmp_path / "e")
    (folder / "overlays/one/vault-agent-deployment-app.yaml").write_text("[]\n")
    with pytest.raises(Refused, match="is there already, and this plan would make it"):
        planned(folder, "one/app")


def test_a_literal_of_the_base_shows_nowhere_in_the_plan(tmp_path: Path) -> None:
    env = [{"name": "DB_PASSWORD", "value": "canary-9f2c"}, variable("CLOUDFLARE_API_TOKEN", "login", "token")]
    folder = shared_base(tmp_path / "e", base=workload(container(KNOWN, env=env)))
    assert "canary-9f2c" not in repr(planned(folder, "one/app"))
