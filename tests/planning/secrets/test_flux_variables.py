"""What is written into a manifest that Flux fills in arrives as it was meant, in whatever way the pod is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.cli.plan import read_estate
from migrate.documents.reader import load_all
from migrate.estate.settle import substituted
from migrate.estate.substitute import Variables
from migrate.model.errors import Refused
from migrate.planning.built import built, instead
from migrate.planning.commits import replayed
from tests.planning.secrets.estates import (
    KNOWN,
    container,
    estate,
    external,
    outcome,
    planned,
    pod_after,
    variable,
    workload,
)
from tests.planning.secrets.releases import release

SIGNS = (
    st.lists(st.sampled_from(["$", "${A}", "$${A}", "$(A)", "$A", "{", "}", "é", "x", "$$"]), min_size=1)
    .map("".join)
    .filter(lambda said: "{{" not in said)
)
FLUX: dict[str, Any] = {
    "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
    "kind": "Kustomization",
    "metadata": {"name": "apps", "namespace": "flux-system"},
    "spec": {"path": "./", "sourceRef": {"kind": "GitRepository", "name": "this"}},
}
APP = container(command=["app"], env=[variable("ONE", "login", "url")])


def _estate(folder: Path, said: str, *, apps: Any, secrets: Any, note: str = "", form: str = "plain") -> Path:
    """The ExternalSecret and its reader under Kustomizations of their own; `said` is text in the Secret's template."""
    spelled = f"{said} {{{{ .url }}}}"
    copied = external("login", "url", target={"name": "login", "template": {"data": {"url": spelled}}})
    reader = workload(APP)
    if note:
        reader["metadata"]["annotations"] = {"kustomize.toolkit.fluxcd.io/substitute": note}
    estate(folder)
    for name, post, held in (("apps", apps, reader), ("secrets", secrets, copied)):
        (folder / name).mkdir()
        (folder / name / "held.yaml").write_text(yaml.safe_dump(held, sort_keys=False))
        (folder / name / "kustomization.yaml").write_text("resources: [held.yaml]\n")
        spec = {**FLUX["spec"], "path": f"./{name}", **({"postBuild": post} if post else {})}
        flux = {**FLUX, "metadata": {"name": name, "namespace": "flux-system"}, "spec": spec}
        (folder / f"flux-{name}.yaml").write_text(yaml.safe_dump(flux))
    return folder


def _arrives(folder: Path) -> str:
    """The agent's template in the pod that Flux applies after the cutover."""
    plan = planned(folder)
    cutover = next(step for step in plan.steps if step.stage == "cutover")
    files = read_estate(folder).files
    after = {one.file: replayed(files.read(one.file), one.edits) for one in cutover.change.files}
    tree = built(instead(files, after))
    (found,) = [one for one in tree.by_place["apps/held.yaml", 0] if one.facts.kind == "Deployment"]
    document: Any = substituted(tree.document(found), found.variables)
    notes = document["spec"]["template"]["metadata"]["annotations"]
    return str(next(value for key, value in notes.items() if "agent-inject-template-" in key))


def _expected(said: str) -> str:
    return (
        '{{ with secret "kv/data/apps/login/url" }}{{ $migrate1 := .Data.data.value | sprig_toString }}'
        + said
        + " {{ $migrate1 }}{{ end }}"
    )


FILLED = {"substitute": {"A": "alpha"}}


@pytest.mark.parametrize("apps", [None, FILLED])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(said=SIGNS)
def test_what_the_secret_says_is_what_the_agent_writes(tmp_path_factory: Any, said: str, apps: Any) -> None:
    folder = _estate(tmp_path_factory.mktemp("e") / "e", said, apps=apps, secrets=None)
    assert _arrives(folder) == _expected(said)


def test_what_flux_fills_into_the_secret_is_filled_in_once(tmp_path: Path) -> None:
    folder = _estate(tmp_path / "e", "${A}-$${A}", apps=FILLED, secrets={"substitute": {"A": "other"}})
    assert _arrives(folder) == _expected("other-${A}")


def test_an_object_that_flux_shall_leave_alone_is_written_plainly(tmp_path: Path) -> None:
    folder = _estate(tmp_path / "e", "${A}", apps=FILLED, secrets=None, note="disabled")
    assert _arrives(folder) == _expected("${A}")
    assert _expected("${A}") in str(pod_after(folder, planned(folder)))


def test_a_secret_filled_in_with_what_git_does_not_say_stays(tmp_path: Path) -> None:
    unread = {"substituteFrom": [{"kind": "Secret", "name": "settings"}]}
    with pytest.raises(Refused, match="with what Git does not say"):
        outcome(_estate(tmp_path / "e", "${A}", apps=None, secrets=unread), "apps/app")


def test_where_only_the_cluster_knows_whether_flux_replaces_anything_no_dollar_is_guessed(tmp_path: Path) -> None:
    perhaps = {"substituteFrom": [{"kind": "ConfigMap", "name": "settings", "optional": True}]}
    with pytest.raises(Refused, match="only the cluster knows"):
        outcome(_estate(tmp_path / "e", "${A}", apps=perhaps, secrets=None), "apps/app")
    assert _arrives(_estate(tmp_path / "f", "plain", apps=perhaps, secrets=None)) == _expected("plain")


def test_in_a_post_renderer_the_whole_patch_is_spelled_once(tmp_path: Path) -> None:
    said, token = "${A} $$ {{ .url }}", variable("CLOUDFLARE_API_TOKEN", "login", "url")
    copied = external("login", "url", target={"name": "login", "template": {"data": {"url": said}}})
    copied["metadata"]["annotations"] = {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}
    made = release({"image": KNOWN, "env": [token]}, chart="portal")
    folder = estate(tmp_path / "e", copied, made, settings="rendered: {apps/app: rendered.yaml}\n")
    held = container(KNOWN, args=["$$"], env=[token])
    (folder / "rendered.yaml").write_text(yaml.safe_dump(workload(held, name="app-portal")))
    (folder / "flux.yaml").write_text(yaml.safe_dump({**FLUX, "spec": {**FLUX["spec"], "postBuild": FILLED}}))
    (edit,) = next(step for step in planned(folder).steps if step.stage == "cutover").change.files
    after = replayed((folder / edit.file).read_bytes(), edit.edits)
    assert after is not None
    spec: Any = load_all(after)[0].value["spec"]  # type: ignore[index,call-overload]
    (patch,) = spec["postRenderers"][0]["kustomize"]["patches"]
    arrived = load_all(Variables({"A": "alpha"}).apply(patch["patch"]).encode())[0].value
    pod: Any = arrived["spec"]["template"]  # type: ignore[index,call-overload]
    assert _expected("${A} $$") in pod["metadata"]["annotations"].values()
