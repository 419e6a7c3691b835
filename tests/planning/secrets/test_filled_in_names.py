"""Names that Flux fills in (`${APP}`) are planned by what they are in the cluster, and edited as they are written."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate.cli.plan import read_estate
from migrate.estate.substitute import Variables
from migrate.model.errors import Refused
from migrate.model.plan import Plan
from migrate.planning.built import Built, built, whole
from migrate.planning.effects import effect
from migrate.planning.files import Files
from tests.planning.secrets.estates import (
    KNOWN,
    container,
    estate,
    external,
    made_so,
    outcome,
    planned,
    shared_base,
    variable,
    workload,
)
from tests.planning.secrets.releases import controllers, release

APP = Variables({"APP": "blog"})
FLUX: dict[str, Any] = {
    "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
    "kind": "Kustomization",
    "metadata": {"name": "cluster", "namespace": "flux-system"},
    "spec": {"path": "./", "sourceRef": {"kind": "GitRepository", "name": "this"}},
}
FROM_MAP = {"substituteFrom": [{"kind": "ConfigMap", "name": "settings"}]}
FROM_SECRET = {"substituteFrom": [{"kind": "Secret", "name": "settings"}]}


def flux(name: str, path: str, **spec: Any) -> dict[str, Any]:
    """A Flux Kustomization of this tree."""
    held = {**FLUX["spec"], "path": path, "targetNamespace": "apps", **spec}
    return {**FLUX, "metadata": {"name": name, "namespace": "flux-system"}, "spec": held}


def write(file: Path, *documents: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump_all(documents, sort_keys=False))


def nameless(made: dict[str, Any], name: str) -> dict[str, Any]:
    """The object under another name, in no namespace."""
    return {**made, "metadata": {**made["metadata"], "name": name, "namespace": None}}


def called_app(folder: Path, *objects: dict[str, Any], post: dict[str, Any] | None = None) -> Path:
    """An estate whose folder `apps` holds these objects, and one Kustomization that fills in `${APP}`."""
    estate(folder)
    root = folder / "kustomization.yaml"
    root.write_text(root.read_text() + "  - flux.yaml\n  - settings.yaml\n")
    write(folder / "flux.yaml", flux("blog", "./apps", postBuild=post or {"substitute": {"APP": "blog"}}))
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"APP": "blog"}}
    write(folder / "settings.yaml", settings)
    write(folder / "cluster/flux.yaml", FLUX)
    for number, one in enumerate(objects):
        write(folder / f"apps/object-{number}.yaml", one)
    listed = "".join(f"  - object-{number}.yaml\n" for number in range(len(objects)))
    (folder / "apps/kustomization.yaml").write_text(f"resources:\n{listed}")
    return folder


def copied() -> dict[str, Any]:
    return nameless(external("login", "token", target={"name": "${APP}-secret"}), "${APP}-secret")


def plain() -> dict[str, Any]:
    return nameless(
        workload(container(KNOWN, env=[variable("CLOUDFLARE_API_TOKEN", "${APP}-secret", "token")])), "${APP}"
    )


def reads() -> list[dict[str, Any]]:
    return [copied(), plain()]


def arrives(folder: Path, variables: Variables = APP) -> dict[str, Any]:
    """What the real kustomize makes of a folder, with the variables in its text, by `Kind/name`."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("there is no kubectl on PATH")
    done = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=True)
    objects = [one for one in yaml.safe_load_all(variables.apply(done.stdout)) if one]
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in objects}


def ours(folder: Path) -> Built:
    files = read_estate(folder).files
    kept = {path: files.read(path) for path in files.paths}
    return built(whole(Files(files.paths, kept.__getitem__), files.paths))


def commits(folder: Path, plan: Plan) -> None:
    """Make every commit in the folder. Each does what the plan says, and the old bytes give back what was before."""
    for step in (one for one in plan.steps if one.change.files):
        old = {file: file.read_bytes() for file in folder.rglob("*.yaml")}
        before = ours(folder)
        made_so(folder, replace(plan, steps=(step,)), step.operation)
        there = effect(before, ours(folder), {edit.file for edit in step.change.files})
        assert (there.applies, there.prunes) == (frozenset(step.applies), frozenset(step.prunes))
        assert step.applies or step.prunes
        assert {file for file in old if not file.exists() or file.read_bytes() != old[file]} <= {
            folder / edit.file for edit in step.change.files
        }


def test_a_workload_and_its_secret_are_planned_by_their_names_in_the_cluster(tmp_path: Path) -> None:
    plan = planned(called_app(tmp_path / "e", *reads()), "apps/blog")
    targets = {step.change.target.name for step in plan.steps}
    assert {"mig-apps-blog", "apps/blog", "apps/blog-secret"} <= targets
    assert not any("${" in name for name in targets)


def test_every_commit_of_it_does_what_the_plan_says(tmp_path: Path) -> None:
    folder = called_app(tmp_path / "e", *reads())
    commits(folder, planned(folder, "apps/blog"))


def test_what_kustomize_and_flux_make_of_it_is_the_planned_pod(tmp_path: Path) -> None:
    folder = called_app(tmp_path / "e", *reads())
    before = arrives(folder / "apps")
    made_so(folder, planned(folder, "apps/blog"), "inject-pod")
    after = arrives(folder / "apps")
    assert after.keys() - before.keys() == {"ServiceAccount/blog"}
    assert {name for name in before if before[name] != after[name]} == {"Deployment/blog"}
    pod = after["Deployment/blog"]["spec"]["template"]
    assert pod["metadata"]["annotations"]["vault.hashicorp.com/role"] == "mig-apps-blog"
    assert pod["spec"]["serviceAccountName"] == "blog"
    assert "valueFrom" not in str(pod["spec"]["containers"])


def test_what_the_manifest_says_with_a_variable_it_goes_on_saying_so(tmp_path: Path) -> None:
    command: dict[str, Any] = {"command": ["run", "--for=${APP}"], "env": [variable("TOKEN", "${APP}-secret", "token")]}
    folder = called_app(tmp_path / "e", copied(), nameless(workload(container(**command)), "${APP}"))
    made_so(folder, planned(folder, "apps/blog"), "inject-pod")
    assert "--for=${APP}" in (folder / "apps/object-1.yaml").read_text()
    assert "--for=blog" in str(arrives(folder / "apps")["Deployment/blog"])


def test_a_key_of_the_secret_may_be_filled_in_too(tmp_path: Path) -> None:
    secret = external("login", "${APP}", target={"name": "${APP}-secret"})
    env = [variable("CLOUDFLARE_API_TOKEN", "${APP}-secret", "${APP}")]
    folder = called_app(tmp_path / "e", secret, nameless(workload(container(KNOWN, env=env)), "${APP}"))
    commits(folder, planned(folder, "apps/blog"))


def test_a_release_whose_values_speak_of_the_variable_is_planned(tmp_path: Path) -> None:
    """Its pod, its container and its account are all called by it, keys among them."""
    env = {"CLOUDFLARE_API_TOKEN": {"valueFrom": {"secretKeyRef": {"name": "${APP}-secret", "key": "token"}}}}
    values = controllers(KNOWN, "${APP}", env=env)
    values["controllers"]["${APP}"]["serviceAccount"] = {"identifier": "${APP}"}
    values["serviceAccount"] = {"${APP}": {}}
    folder = called_app(tmp_path / "e", copied(), nameless(release(values), "${APP}"))
    plan = planned(folder, "apps/blog")
    asked = {gate.id: dict(gate.about) for gate in plan.gates}
    assert asked["auth.login.blog"]["account"] == "blog"
    assert asked["pod.dryrun"]["deployment"] == "apps/blog"
    assert "${" not in asked["gitops.drift"]["touches"]
    assert "/spec/values/controllers/blog/" in asked["gitops.drift"]["touches"]
    commits(folder, plan)
    assert "mig-apps-blog" in str(arrives(folder / "apps")["HelmRelease/blog"])


@pytest.mark.parametrize("post", [{"substitute": {"APP": "blog"}}, FROM_MAP], ids=["written", "from a ConfigMap"])
def test_what_the_tree_says_is_known(tmp_path: Path, post: dict[str, Any]) -> None:
    assert planned(called_app(tmp_path / "e", *reads(), post=post), "apps/blog").steps


def test_a_name_that_only_a_secret_says_is_refused_with_what_to_change(tmp_path: Path) -> None:
    named = {"substitute": {"OTHER": "x"}, **FROM_SECRET}
    secret, app = nameless(copied(), "login"), plain()
    secret["spec"]["target"]["name"] = app["spec"]["template"]["spec"]["containers"][0]["env"][0]["valueFrom"][
        "secretKeyRef"
    ]["name"] = "login"
    folder = called_app(tmp_path / "e", secret, app, post=named)
    with pytest.raises(
        Refused, match=r"its name \$\{APP\} is filled in with what Git does not say: give flux-system/blog"
    ):
        outcome(folder, "apps/${APP}")


def test_an_overlay_patches_its_own_instance_of_a_base_that_is_called_so(tmp_path: Path) -> None:
    folder = shared_base(tmp_path / "e", base=plain() | {"metadata": {"name": "${APP}", "namespace": None}})
    for namespace in ("one", "two"):
        held = external("login", "token", target={"name": "${APP}-secret"})
        write(folder / f"overlays/{namespace}/login.yaml", {**held, "metadata": {"name": "${APP}-secret"}})
    root = folder / "kustomization.yaml"
    root.write_text(root.read_text().replace("  - overlays/one\n  - overlays/two\n", "  - flux.yaml\n"))
    write(folder / "cluster/flux.yaml", FLUX)
    write(folder / "flux.yaml", *(_instance(name, where) for name, where in (("blog", "one"), ("shop", "two"))))
    base, other = (folder / "base/app.yaml").read_bytes(), arrives(folder / "overlays/two", Variables({"APP": "shop"}))
    before, plan = arrives(folder / "overlays/one"), planned(folder, "one/blog")
    made_so(folder, plan, "inject-pod")
    after = arrives(folder / "overlays/one")
    assert {name for name in before if before[name] != after[name]} == {"Deployment/blog"}
    assert after["Deployment/blog"]["spec"]["template"]["spec"]["serviceAccountName"] == "blog"
    assert after.keys() - before.keys() == {"ServiceAccount/blog"}
    assert (folder / "base/app.yaml").read_bytes() == base
    assert arrives(folder / "overlays/two", Variables({"APP": "shop"})) == other
    assert (folder / "overlays/one/vault-agent-deployment-blog.yaml").exists()


def _instance(name: str, where: str) -> dict[str, Any]:
    post = {"substitute": {"APP": name}}
    return flux(name, f"./overlays/{where}", targetNamespace=where, postBuild=post)


def test_a_workload_that_a_patch_renames_is_refused(tmp_path: Path) -> None:
    folder = shared_base(tmp_path / "e", patch=RENAMES)
    with pytest.raises(Refused, match="a patch renames app to other"):
        planned(folder, "one/other")


RENAMES = """\
patches:
  - target: {kind: Deployment}
    patch: '- {op: replace, path: /metadata/name, value: other}'
"""
