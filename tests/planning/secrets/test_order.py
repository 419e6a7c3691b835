"""Which workload comes first: what another phase takes, what Flux makes wait for what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate.cli.demo import example
from migrate.engine.route import back
from migrate.model.json import mapping
from migrate.model.plan import Gate, Plan, Remark, Step
from migrate.planning.cases import NothingToDo
from migrate.stores import kustomize
from tests.estate.trees import FIRST_USER, load, scan
from tests.phases.test_together import one_folder
from tests.planning.estates import INJECTOR, STORE
from tests.planning.secrets.estates import KNOWN, container, external, made_so, outcome, planned, variable, workload
from tests.planning.secrets.releases import controllers, release

MORE = example().parent / "more"
GRAFANA = "monitoring/kube-prometheus-stack"
TOKEN = variable("CLOUDFLARE_API_TOKEN", "login", "token")


def app(name: str) -> dict[str, Any]:
    return workload(container(KNOWN, env=[TOKEN]), name=name)


def chart(name: str, **spec: Any) -> dict[str, Any]:
    return release(controllers(KNOWN, env=[TOKEN]), name=name, **spec)


def flux(folder: Path, **kustomizations: tuple[dict[str, Any], list[dict[str, Any]]]) -> Path:
    """A cluster with these Kustomizations: what they say beside their path, and what they apply.

    `base`, which none of the others waits for unless it says so, has the store, the injector and the ExternalSecret.
    """
    for path, text in (("base/store.yaml", STORE), ("base/injector.yaml", INJECTOR)):
        _write(folder / path, text)
    _write(folder / "base/login.yaml", yaml.safe_dump(external("login", "token")))
    for name, (spec, objects) in {"flux-system": ({}, []), "base": ({}, []), **kustomizations}.items():
        path = "cluster" if name == "flux-system" else name
        held = {"interval": "10m", "path": f"./{path}", "sourceRef": {"kind": "GitRepository", "name": "this"}, **spec}
        metadata = {"name": name, "namespace": "flux-system"}
        made = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": metadata}
        _write(folder / f"cluster/{name}.yaml", yaml.safe_dump({**made, "spec": held}))
        for one in objects:
            _write(folder / path / f"{one['kind'].lower()}-{one['metadata']['name']}.yaml", yaml.safe_dump(one))
    return folder


def after(*names: str, **said: Any) -> dict[str, Any]:
    return {"dependsOn": [{"name": name} for name in names], **said}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def found(plan: Plan, code: str) -> list[Remark]:
    return [one for one in plan.findings if one.code == code]


def test_a_login_that_another_phase_moves_is_left_to_it_unless_it_is_named() -> None:
    for wave in (None, 1):
        plan = planned(example(), wave=wave)
        assert GRAFANA not in {step.unit for step in plan.steps}
        (left,) = [one for one in plan.findings if one.code == "phase.left-to"]
        assert GRAFANA in left.text
        assert "migrate plan phase1" in left.fix
    named = planned(example(), GRAFANA)
    assert {step.unit for step in named.steps} == {GRAFANA}
    assert not [one for one in named.findings if one.code == "phase.left-to"]


def test_where_only_such_logins_are_there_nothing_is_left_for_this_phase() -> None:
    nothing = outcome(MORE / "two-grafanas")
    assert isinstance(nothing, NothingToDo)
    assert f"{GRAFANA} is left to phase1" in nothing.why


@pytest.mark.estate
@pytest.mark.skipif(not FIRST_USER.is_dir(), reason="the estates that lie beside the project are absent")
def test_the_waves_of_the_first_users_estate_are_the_four_workloads_that_phase_1_leaves() -> None:
    plans = [planned(FIRST_USER, wave=wave) for wave in (1, 2, 3)]
    told = [mapping(one) for plan in plans for one in plan.verdicts]
    moved = [f"{one['namespace']}/{one['name']}" for one in told if one["inPhase"]]
    assert [plan.unit for plan in plans] == [
        "ai-agents/openclaw", "cloudflare-ddns/cloudflare-ddns", "auth/oauth2-proxy, dex/dex",
    ]  # fmt: skip
    assert sorted(moved) == [
        "ai-agents/openclaw-secrets", "auth/oauth2-proxy-secrets", "cloudflare-ddns/cloudflare-api-token",
        "dex/dex-config-rendered", "dex/dex-google-secrets",
    ]  # fmt: skip


# --- what Flux makes wait for what ----------------------------------------------------------------------------------


def test_what_depends_moves_before_what_it_depends_on(tmp_path: Path) -> None:
    folder = flux(
        tmp_path / "e",
        a=({}, [app("a")]), b=(after("a"), [app("b")]), c=(after("b"), [app("c")]), d=(after("b"), [app("d")]),
    )  # fmt: skip
    assert planned(folder, wave=1).unit == "apps/c, apps/d"
    assert planned(folder, wave=2).unit == "apps/b, apps/a"
    assert planned(folder).unit == "apps/c"


def test_a_release_that_others_depend_on_is_of_the_second_wave(tmp_path: Path) -> None:
    needing = chart("needing", dependsOn=[{"name": "needed"}])
    folder = flux(tmp_path / "e", apps=({}, [chart("needed"), needing]))
    assert planned(folder, wave=1).unit == "apps/needing"
    assert planned(folder, wave=2).unit == "apps/needed"


def test_a_round_of_dependencies_is_found_and_still_gives_an_order(tmp_path: Path) -> None:
    folder = flux(tmp_path / "e", a=(after("b"), [app("a")]), b=(after("a"), [app("b")]), c=({}, [app("c")]))
    (told,) = [one for one in scan(load(folder)).findings if one.code == "flux.dependency-round"]
    assert "Kustomization/flux-system/a" in told.text
    assert planned(folder, wave=2).unit == "apps/a, apps/b"


def test_what_stands_still_while_the_pods_are_not_ready_is_named_nearest_first(tmp_path: Path) -> None:
    said = {"wait": True, "timeout": "4m"}
    folder = flux(tmp_path / "e", a=(said, [app("a")]), b=(after("a"), []), c=(after("b"), []), d=({}, [app("d")]))
    (told,) = found(planned(folder, "apps/a"), "flux.standstill")
    assert told.severity == "warning"
    assert "2 behind it (Kustomization flux-system/b, Kustomization flux-system/c)" in told.text
    assert "Kustomization flux-system/a (wait: true, up to 4m)" in told.text
    assert "within 4m" in told.fix
    assert not found(planned(folder, "apps/d"), "flux.standstill")


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        ({}, False),
        ({"healthChecks": [{"kind": "Deployment", "name": "a", "namespace": "apps"}]}, True),
        ({"healthChecks": [{"kind": "Deployment", "name": "other", "namespace": "apps"}]}, False),
        ({"wait": False, "timeout": "1m"}, False),
        ({"wait": True}, True),
    ],
)
def test_only_who_looks_at_the_health_of_the_workload_waits_for_it(
    tmp_path: Path, said: dict[str, Any], stands: bool
) -> None:
    folder = flux(tmp_path / "e", a=(said, [app("a")]), b=(after("a"), []))
    told = found(planned(folder), "flux.standstill")
    assert bool(told) == stands
    assert all("up to 570s" in one.text for one in told)  # half a minute less than the interval


def test_a_kustomization_that_waits_for_those_it_applies_holds_back_what_depends_on_it(tmp_path: Path) -> None:
    folder = flux(tmp_path / "e", a=({"wait": True}, [app("a")]), b=(after("flux-system"), []))
    root = folder / "cluster/flux-system.yaml"
    root.write_text(root.read_text() + "  wait: true\n")
    (told,) = found(planned(folder), "flux.standstill")
    assert "Kustomization flux-system/b, which is behind it, is not reconciled" in told.text
    assert told.text.index("flux-system/a (wait") < told.text.index("flux-system/flux-system (wait")


def test_nobody_waits_for_the_pods_of_a_release_that_says_so(tmp_path: Path) -> None:
    quiet = chart("quiet", upgrade={"disableWait": True})
    folder = flux(tmp_path / "e", a=({"wait": True}, [chart("plain"), quiet]), b=(after("a"), []))
    assert found(planned(folder, "apps/plain"), "flux.standstill")
    assert not found(planned(folder, "apps/quiet"), "flux.standstill")


def test_an_external_secret_behind_its_own_reader_is_named_for_the_way_back(tmp_path: Path) -> None:
    folder = flux(tmp_path / "e", a=({"wait": True}, [app("a")]))
    (folder / "cluster/base.yaml").write_text((folder / "cluster/base.yaml").read_text() + "  dependsOn: [{name: a}]\n")
    plan = planned(folder)
    (back,) = found(plan, "flux.way-back")
    assert "ExternalSecret apps/login is applied by Kustomization flux-system/base" in back.text
    (rebuilt,) = found(plan, "flux.rebuild")
    assert "the injector" in rebuilt.text


def test_a_service_account_whose_namespace_its_own_release_makes_is_named(tmp_path: Path) -> None:
    one = chart("one", targetNamespace="apps", install={"createNamespace": True})
    one["metadata"]["namespace"] = "flux-system"
    folder = flux(tmp_path / "e", a=({}, [one]))
    plan = planned(folder)
    assert any("ServiceAccount" in name for step in plan.steps for name in step.applies)
    (told,) = found(plan, "flux.namespace")
    assert "HelmRelease flux-system/one makes that namespace, and comes only after it" in told.text
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apps"}}
    for place in ("a", "base"):
        _write(folder / place / "namespace.yaml", yaml.safe_dump(namespace))
        assert not found(planned(folder), "flux.namespace")
        (folder / place / "namespace.yaml").unlink()


# --- the way back ---------------------------------------------------------------------------------------------------


def test_the_way_back_begins_with_what_the_others_depend_on_and_waits_for_nothing_between_the_reverts(
    tmp_path: Path,
) -> None:
    """Flux applies what is behind only once that is Ready: a wait in between would be for what it holds back itself."""
    folder = flux(tmp_path / "e", a=({"wait": True}, [app("a")]), b=(after("a", wait=True), [app("b")]))
    plan = planned(folder, "apps/a", "apps/b")
    stops = back(plan)
    reverts = [number for number, stop in enumerate(stops) if isinstance(stop, Step) and stop.operation == "inject-pod"]
    assert [step.unit for step in stops if isinstance(step, Step) and step.stage == "cutover"] == ["apps/a", "apps/b"]
    between = [stop.id for stop in stops[reverts[0] : reverts[1]] if isinstance(stop, Gate)]
    assert [one.partition("@")[0] for one in between] == ["eso.serves"]
    following = [stop.id for stop in stops[reverts[1] :] if isinstance(stop, Gate)]
    assert {"gitops.reverted.inject-pod@apps/a", "gitops.reverted.inject-pod@apps/b"} <= {*following}


@pytest.mark.parametrize("together", [False, True], ids=["in one folder", "in one file"])
def test_what_two_workloads_leave_empty_goes_with_the_last_of_them(tmp_path: Path, together: bool) -> None:
    folder = one_folder(tmp_path / "e")
    if together:
        held = [(folder / f"part/{name}.yaml").read_text() for name in ("one", "two")]
        (folder / "part/both.yaml").write_text("---\n".join(held))
        (folder / "part/kustomization.yaml").write_text("resources: [both.yaml]\n")
        for name in ("one", "two"):
            (folder / f"part/{name}.yaml").unlink()
    made_so(folder, planned(folder, wave=1), "inject-pod", "orphan-external-secret", "remove-external-secret")
    assert not [*(folder / "part").iterdir()]
    assert "part" not in (folder / "kustomization.yaml").read_text()
    if (command := kustomize.program()) is not None:
        assert kustomize.refusal(command, folder, ".") is None


def test_what_is_emptied_folder_by_folder_goes_up_to_the_last_line(tmp_path: Path) -> None:
    folder = one_folder(tmp_path / "e")
    for name in ("one", "two"):
        (folder / f"part/{name}").mkdir()
        (folder / f"part/{name}.yaml").rename(folder / f"part/{name}/{name}.yaml")
        (folder / f"part/{name}/kustomization.yaml").write_text(f"resources: [{name}.yaml]\n")
    (folder / "part/kustomization.yaml").write_text("resources:\n  - one\n  - two\n")
    made_so(folder, planned(folder, wave=1), "inject-pod", "orphan-external-secret", "remove-external-secret")
    assert not [one for one in (folder / "part").rglob("*") if one.is_file()]
    assert "part" not in (folder / "kustomization.yaml").read_text()
