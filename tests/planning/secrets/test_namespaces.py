"""Whom Vault lets in is bound to where the pods really are, and the account that comes with them ends there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate.cli.plan import read_estate
from migrate.model.errors import Refused
from migrate.model.plan import Plan
from migrate.planning.built import built, instead
from migrate.planning.commits import replayed
from tests.planning.secrets.estates import KNOWN, container, estate, external, outcome, planned, variable, workload
from tests.planning.secrets.releases import release

TOKEN = variable("CLOUDFLARE_API_TOKEN", "login", "token")


def _folder(folder: Path, *objects: dict[str, Any], kustomize: str = "", flux: str = "", settings: str = "") -> Path:
    """The objects in a folder of their own that a Flux Kustomization applies, each of them without a namespace."""
    estate(folder, settings=settings)
    apps = folder / "apps"
    apps.mkdir()
    for number, held in enumerate(objects):
        (apps / f"{number}.yaml").write_text(yaml.safe_dump(held, sort_keys=False))
    listed = ", ".join(f"{number}.yaml" for number in range(len(objects)))
    (apps / "kustomization.yaml").write_text(f"{kustomize}resources: [{listed}]\n")
    (folder / "flux.yaml").write_text(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        "metadata: {name: apps, namespace: flux-system}\n"
        f"spec:\n  path: ./apps\n  sourceRef: {{kind: GitRepository, name: this}}\n{flux}"
    )
    return folder


def _bare(held: dict[str, Any]) -> dict[str, Any]:
    del held["metadata"]["namespace"]
    return held


def _plain() -> tuple[dict[str, Any], dict[str, Any]]:
    return _bare(external("login", "token")), _bare(workload(container(KNOWN, env=[TOKEN])))


def _bound(plan: Plan) -> str:
    (role,) = [step.change.after for step in plan.steps if "role" in step.change.target.kind]
    return str(role.value["bound_subject"])  # type: ignore[union-attr,index,call-overload]


def _accounts(folder: Path, plan: Plan) -> list[str]:
    """Every ServiceAccount that is applied after the cutover."""
    files = read_estate(folder).files
    (cutover,) = [step for step in plan.steps if step.stage == "cutover"]
    texts = {
        one.file: replayed(files.read(one.file) if one.before else None, one.edits) for one in cutover.change.files
    }
    found = [one.facts for scope in built(instead(files, texts)).scopes for one in scope.applied]
    return [f"{one.namespace}/{one.name}" for one in found if one.kind == "ServiceAccount"]


@pytest.mark.parametrize(
    ("kustomize", "flux"),
    [
        ("", "  targetNamespace: team\n"),
        ("namespace: team\n", ""),
        ("namespace: other\n", "  targetNamespace: team\n"),
    ],
)
def test_an_account_ends_where_flux_and_kustomize_put_the_pods(tmp_path: Path, kustomize: str, flux: str) -> None:
    folder = _folder(tmp_path / "e", *_plain(), kustomize=kustomize, flux=flux)
    plan = planned(folder)
    assert plan.unit == "team/app"
    assert _bound(plan) == "system:serviceaccount:team:app"
    assert _accounts(folder, plan) == ["team/app"]


def test_a_namespace_that_is_written_gives_way_to_the_one_that_flux_sets(tmp_path: Path) -> None:
    objects = external("login", "token"), workload(container(KNOWN, env=[TOKEN]))
    folder = _folder(tmp_path / "e", *objects, flux="  targetNamespace: team\n")
    plan = planned(folder)
    assert (_bound(plan), _accounts(folder, plan)) == ("system:serviceaccount:team:app", ["team/app"])


@pytest.mark.parametrize("flux", ["", "  targetNamespace: ${WHERE}\n"], ids=["none", "a variable"])
def test_where_nothing_in_git_says_the_namespace_nobody_is_let_in(tmp_path: Path, flux: str) -> None:
    folder = _folder(tmp_path / "e", *_plain(), flux=flux)
    with pytest.raises(Refused, match=r"nothing in Git says in which namespace|filled in with what Git does not say"):
        outcome(folder)


RENDERED = "rendered: {apps/app: rendered.yaml}\n"


def _released(folder: Path, kustomize: str = "") -> Path:
    """A release of an unknown chart, whose pods are in another namespace than the release."""
    copied = external("login", "token")
    copied["metadata"]["namespace"] = "pods"
    made = release({"image": KNOWN, "env": [TOKEN]}, chart="portal", targetNamespace="pods")
    _folder(folder, made, kustomize=kustomize, settings=RENDERED)
    (folder / "copied").mkdir()
    (folder / "copied/login.yaml").write_text(yaml.safe_dump(copied))
    other = (folder / "flux.yaml").read_text().replace("./apps", "./copied").replace("name: apps", "name: copied")
    (folder / "flux-copied.yaml").write_text(other)
    (folder / "rendered.yaml").write_text(yaml.safe_dump(workload(container(KNOWN, env=[TOKEN]), name="pods-portal")))
    return folder


def test_the_account_of_a_release_is_made_where_helm_makes_its_pods(tmp_path: Path) -> None:
    folder = _released(tmp_path / "e")
    plan = planned(folder)
    assert _bound(plan) == "system:serviceaccount:pods:pods-portal"
    assert _accounts(folder, plan) == ["pods/pods-portal"]


def test_an_account_that_kustomize_would_take_away_from_the_pods_is_refused(tmp_path: Path) -> None:
    folder = _released(tmp_path / "e", "namespace: apps\n")
    with pytest.raises(Refused, match="would not change ServiceAccount/pods/pods-portal"):
        outcome(folder, "apps/app")
