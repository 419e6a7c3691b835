"""Of a folder that several Flux Kustomizations apply one gets a patch, and nothing of the others changes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate.estate.substitute import AS_WRITTEN, Variables
from migrate.model.errors import Refused
from migrate.planning.commits import replayed
from tests.planning.secrets.estates import (
    KNOWN,
    container,
    estate,
    external,
    made_so,
    outcome,
    planned,
    variable,
    workload,
)
from tests.planning.secrets.releases import controllers, release
from tests.planning.secrets.test_filled_in_names import FLUX, commits, copied, flux, nameless, plain, write

NAMES = ("blog", "shop")
OTHERS = {
    "patches": [{"target": {"kind": "Deployment"}, "patch": "- {op: add, path: /spec/replicas, value: 2}"}],
}


def twice(folder: Path, *objects: dict[str, Any], root: dict[str, Any] | None = None, **spec: Any) -> Path:
    """An app folder that two Kustomizations apply with names of their own. `root`: the spec of what applies those."""
    estate(folder)
    listed = folder / "kustomization.yaml"
    listed.write_text(listed.read_text() + "  - blog.yaml\n  - shop.yaml\n")
    for name in NAMES:
        held = flux(name, "./app", postBuild={"substitute": {"APP": name}}, **spec)
        (folder / f"{name}.yaml").write_text("# theirs\n" + yaml.safe_dump(held, sort_keys=False))
    write(folder / "cluster/flux.yaml", {**FLUX, "spec": {**FLUX["spec"], **(root or {})}})
    for number, one in enumerate(objects or (copied(), plain())):
        write(folder / f"app/object-{number}.yaml", one)
    return folder


def arrives(folder: Path, name: str, tmp_path: Path, root: Variables = AS_WRITTEN) -> dict[str, Any]:
    """What the real kustomize makes of one Kustomization as Flux has it built, by `Kind/name`."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("there is no kubectl on PATH")
    held = next(yaml.safe_load_all(root.apply((folder / f"{name}.yaml").read_text())))
    there = tmp_path / "built"
    shutil.rmtree(there, ignore_errors=True)
    shutil.copytree(folder / "app", there)
    built = {
        "resources": sorted(one.name for one in there.glob("object-*.yaml")),
        "patches": held["spec"].get("patches", []),
        "namespace": held["spec"]["targetNamespace"],
    }
    (there / "kustomization.yaml").write_text(yaml.safe_dump(built))
    done = subprocess.run([kubectl, "kustomize", str(there)], capture_output=True, text=True, check=True)
    variables = Variables(held["spec"]["postBuild"]["substitute"])
    objects = [one for one in yaml.safe_load_all(variables.apply(done.stdout)) if one]
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in objects}


@pytest.mark.parametrize("spec", [{}, OTHERS], ids=["alone", "behind a patch of theirs"])
def test_one_instance_moves_and_the_other_stays_as_it_is(tmp_path: Path, spec: dict[str, Any]) -> None:
    folder = twice(tmp_path / "e", **spec)
    app, other = {file: file.read_bytes() for file in folder.glob("app/*")}, (folder / "shop.yaml").read_bytes()
    before, theirs = arrives(folder, "blog", tmp_path), arrives(folder, "shop", tmp_path)
    made_so(folder, planned(folder, "apps/blog"), "inject-pod")
    after = arrives(folder, "blog", tmp_path)
    assert after.keys() == before.keys()
    assert {name for name in before if before[name] != after[name]} == {"Deployment/blog"}
    pod = after["Deployment/blog"]["spec"]["template"]
    assert pod["metadata"]["annotations"]["vault.hashicorp.com/role"] == "mig-apps-blog"
    assert pod["spec"]["serviceAccountName"] == "blog"
    assert {file: file.read_bytes() for file in folder.glob("app/*")} == app
    assert (folder / "shop.yaml").read_bytes() == other
    assert arrives(folder, "shop", tmp_path) == theirs


def test_its_account_comes_behind_the_kustomization_that_the_patch_stands_in(tmp_path: Path) -> None:
    folder = twice(tmp_path / "e")
    made_so(folder, planned(folder, "apps/blog"), "inject-pod")
    _, account = yaml.safe_load_all((folder / "blog.yaml").read_text())
    assert (account["kind"], account["metadata"]) == ("ServiceAccount", {"name": "blog", "namespace": "apps"})


@pytest.mark.parametrize("only", [("apps/blog",), ("apps/blog", "apps/shop")], ids=["one", "both"])
def test_every_commit_does_what_the_plan_says(tmp_path: Path, only: tuple[str, ...]) -> None:
    folder = twice(tmp_path / "e")
    commits(folder, planned(folder, *only))


def test_the_way_back_gives_the_bytes_that_were_there(tmp_path: Path) -> None:
    folder = twice(tmp_path / "e")
    was = (folder / "blog.yaml").read_bytes()
    for one in _cutover(folder):
        now = replayed(was, one.edits)
        assert now is not None
        assert now.startswith(b"# theirs\n")
        assert was.rstrip() in now  # nothing of it was written anew


def test_the_secret_that_the_folder_makes_several_of_stays(tmp_path: Path) -> None:
    plan = planned(twice(tmp_path / "e"), "apps/blog")
    assert not [step for step in plan.steps if step.stage == "contract"]
    assert any("ExternalSecret apps/blog-secret stays" in one.text for one in plan.findings)


def test_what_applies_the_kustomization_has_to_have_applied_it_first(tmp_path: Path) -> None:
    plan = planned(twice(tmp_path / "e"), "apps/blog")
    (gate,) = [one for one in plan.gates if one.id == "gitops.applied.inject-pod"]
    assert dict(gate.about)["kustomization"] == "flux-system/cluster,flux-system/blog"


def test_a_release_of_several_instances_moves_alone(tmp_path: Path) -> None:
    env = {"CLOUDFLARE_API_TOKEN": {"valueFrom": {"secretKeyRef": {"name": "${APP}-secret", "key": "token"}}}}
    folder = twice(tmp_path / "e", copied(), nameless(release(controllers(KNOWN, "main", env=env)), "${APP}"))
    theirs = arrives(folder, "shop", tmp_path)
    commits(folder, planned(folder, "apps/blog"))
    made = arrives(folder, "blog", tmp_path)["HelmRelease/blog"]
    assert "mig-apps-blog" in str(made["spec"]["values"])
    assert arrives(folder, "shop", tmp_path) == theirs


@pytest.mark.parametrize("said", ["${APP}", "$${APP}", "$$"])
def test_what_is_filled_into_the_kustomization_on_its_way_leaves_the_patch_as_it_was_meant(
    tmp_path: Path, said: str
) -> None:
    """Its text is read twice: with the variables of what applies it, then with its own."""
    target = {"name": "${APP}-secret", "template": {"data": {"token": f"{said} {{{{ .token }}}}"}}}
    held = nameless(external("login", "token", target=target), "${APP}-secret")
    held["metadata"]["annotations"] = {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}
    held["metadata"]["name"] = held["spec"]["target"]["name"] = "login"
    env = [variable("CLOUDFLARE_API_TOKEN", "login", "token")]
    app = nameless(workload(container(KNOWN, env=env)), "${APP}")
    folder = twice(tmp_path / "e", held, app, root={"postBuild": {"substitute": {"APP": "wrong"}}})
    for name in NAMES:
        text = (folder / f"{name}.yaml").read_text()
        assert "${" not in text
    made_so(folder, planned(folder, "apps/blog"), "inject-pod")
    pod = arrives(folder, "blog", tmp_path, Variables({"APP": "wrong"}))["Deployment/blog"]["spec"]["template"]
    told = next(text for key, text in pod["metadata"]["annotations"].items() if "agent-inject-template-" in key)
    assert f"}}}}{said} {{{{" in told


def test_a_literal_of_the_folder_shows_nowhere_in_the_plan(tmp_path: Path) -> None:
    env = [{"name": "DB_PASSWORD", "value": "canary-9f2c"}, variable("CLOUDFLARE_API_TOKEN", "${APP}-secret", "token")]
    folder = twice(tmp_path / "e", copied(), nameless(workload(container(KNOWN, env=env)), "${APP}"))
    assert "canary-9f2c" not in repr(planned(folder, "apps/blog"))


# --- what cannot be done so ----------------------------------------------------------------------------------------


def test_patches_that_are_laid_over_the_kustomization_itself_are_refused(tmp_path: Path) -> None:
    over = {"target": {"kind": "Kustomization"}, "patch": yaml.safe_dump(_defaults())}
    folder = twice(tmp_path / "e", root={"patches": [over]})
    _refused(
        folder, "flux-system/cluster) patches its patches, and one of ours would be lost there: write them in blog"
    )


def _defaults() -> dict[str, Any]:
    return {**FLUX, "metadata": {"name": "any"}, "spec": OTHERS}


def test_two_of_one_kustomization_are_refused_with_what_to_change(tmp_path: Path) -> None:
    folder = twice(tmp_path / "e")
    write(folder / "app/object-2.yaml", {})
    (folder / "app/kustomization.yaml").write_text("resources: [one, two]\n")
    for number in ("one", "two"):
        (folder / f"app/{number}").mkdir()
        (folder / f"app/{number}/kustomization.yaml").write_text(
            f"namePrefix: {number}-\nresources: [../object-0.yaml, ../object-1.yaml]\n"
        )
    _refused(folder, "give it a kustomization of its own", "apps/one-blog")


def test_a_folder_that_renames_behind_the_patch_is_refused(tmp_path: Path) -> None:
    folder = twice(tmp_path / "e")
    (folder / "app/kustomization.yaml").write_text("nameSuffix: -x\nresources: [object-0.yaml, object-1.yaml]\n")
    _refused(folder, "app changes what it takes in behind Flux's own patches (nameSuffix)", "apps/blog-x")


def test_a_kustomization_that_only_the_cluster_fills_in_is_refused(tmp_path: Path) -> None:
    perhaps = {"postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": "gone", "optional": True}]}}
    _refused(twice(tmp_path / "e", root=perhaps), "only the cluster knows whether flux-system/cluster fills anything")


def _refused(folder: Path, words: str, only: str = "apps/blog") -> None:
    with pytest.raises(Refused, match=re.escape(words)):
        outcome(folder, only)


def _cutover(folder: Path) -> tuple[Any, ...]:
    step = next(step for step in planned(folder, "apps/blog").steps if step.operation == "inject-pod")
    return tuple(step.change.files)
