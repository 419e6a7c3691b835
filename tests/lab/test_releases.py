"""Helm releases in the lab: Flux's own controllers, the estate's own addresses, charts that the lab has for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.cli.plan import read_estate
from migrate.documents.reader import load_all
from migrate.estate.helm import post_rendered
from migrate.estate.profiles import shipped
from migrate.estate.strategic import difference, merge
from migrate.model.json import Json, mapping
from migrate.planning.secrets.releases import Charts
from tests.labworld import Lab, until
from tests.planning.secrets import releases
from tests.planning.secrets.estates import estate, external, made_so, planned

pytestmark = [pytest.mark.lab(level="full"), pytest.mark.timeout(600)]

TEMPLATE = '{{- with secret "database/static-creds/grafana" -}}{{ .Data.password }}{{- end -}}'


def test_a_values_edit_reaches_the_pod_that_helm_controller_makes(lab: Lab, namespace: str) -> None:
    release(lab, namespace, "8.*", podAnnotations={"example.net/template": TEMPLATE}, env={"GF_LOG_LEVEL": "debug"})
    deployment = until("the first release", lambda: rolled_out(lab, namespace, 1), 240)
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert deployment["spec"]["template"]["metadata"]["annotations"]["example.net/template"] == TEMPLATE
    assert {"name": "GF_LOG_LEVEL", "value": "debug"} in container["env"]
    assert "helm-controller" in {entry["manager"] for entry in deployment["metadata"]["managedFields"]}

    token = {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": "vault"}}]}}
    release(lab, namespace, "8.*", extraContainerVolumes=[token])
    changed = until("the second release", lambda: rolled_out(lab, namespace, 2), 240)
    volumes = {volume["name"]: volume for volume in changed["spec"]["template"]["spec"]["volumes"]}
    assert volumes["token"]["projected"]["sources"][0]["serviceAccountToken"]["audience"] == "vault"


def test_a_chart_has_a_version_that_the_range_allows(lab: Lab, namespace: str) -> None:
    release(lab, namespace, ">=8.2.0 <9.0.0")
    found = until("the release", lambda: ready(lab, namespace), 240)
    (installed,) = found["status"]["history"]
    assert installed["chartVersion"] == "8.2.0"


def test_what_says_keep_survives_the_release_that_no_longer_makes_it(lab: Lab, namespace: str) -> None:
    keep = {"create": True, "name": "kept", "annotations": {"helm.sh/resource-policy": "keep"}}
    release(lab, namespace, "8.2.2", serviceAccount=keep)
    until("the first release", lambda: rolled_out(lab, namespace, 1), 240)
    release(lab, namespace, "8.2.2", serviceAccount={"create": False, "name": "kept"})
    until("the second release", lambda: rolled_out(lab, namespace, 2), 240)
    assert account(lab, namespace, "kept") is not None

    release(lab, namespace, "8.2.2", serviceAccount={"create": True, "name": "passing"})
    until("the third release", lambda: account(lab, namespace, "passing"), 240)
    release(lab, namespace, "8.2.2", serviceAccount={"create": False, "name": "kept"})
    until("what does not say so to go", lambda: account(lab, namespace, "passing") is None, 240)
    assert account(lab, namespace, "kept") is not None


@pytest.mark.parametrize("rendered", [False, True], ids=["by values", "by post-renderer"])
def test_a_plans_edit_of_a_release_makes_the_pod_that_was_foretold(
    lab: Lab, namespace: str, tmp_path: Path, rendered: bool
) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "stringData": {"token": "of the lab"}}
    lab.apply({**secret, "metadata": {"name": "login", "namespace": namespace}})
    password = {"GF_SMTP_PASSWORD": {"secretKeyRef": {"name": "login", "key": "token"}}}
    values: dict[str, Any] = {"env": {"GF_LOG_LEVEL": "debug"}, "envValueFrom": password}
    release(lab, namespace, "8.2.2", **values)
    before = plain(until("the first release", lambda: rolled_out(lab, namespace, 1), 240))

    made = releases.release(values, chart="grafana", version="8.2.2", name="grafana")
    settings = {"rendered": {"apps/grafana": "rendered.yaml"}} if rendered else {}
    folder = estate(tmp_path / "estate", external("login", "token"), made, settings=json.dumps(settings))
    (folder / "rendered.yaml").write_text(json.dumps(before))
    foretold, spec = edited(folder, before)

    release(lab, namespace, "8.2.2", more={**spec, "upgrade": {"disableWait": True}}, **spec["values"])
    after = plain(until("the edit", lambda: annotated(lab, namespace), 240))
    # The API server says what it makes of it by itself.
    known = lab.run("kubectl", "create", "--dry-run=server", "-o", "json", "-f", "-", text=json.dumps(foretold))
    assert sorted_by_name(after["spec"]["template"]) == sorted_by_name(json.loads(known)["spec"]["template"])


def edited(folder: Path, before: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The plan's edit made in the folder: the Deployment that it foretells, under another name; the release's spec."""
    old = manifest(folder)
    made_so(folder, planned(folder), "inject-pod")
    spec: Any = mapping(load_all((folder / "helmrelease-grafana.yaml").read_bytes())[0].value)["spec"]
    made: Any = (
        post_rendered(spec, before)
        if "postRenderers" in spec
        else merge(before, difference(old, manifest(folder)), native=True)
    )
    return {**made, "metadata": {**made["metadata"], "name": "foretold"}}, dict(spec)


def manifest(folder: Path) -> Json:
    """The Deployment as far as a plan reads it out of the release's values."""
    read = read_estate(folder)
    (workload,) = (one for one in read.inventory.workloads if one.kind == "HelmRelease" and one.name == "grafana")
    document = load_all((folder / workload.file).read_bytes())[0].value
    (made,) = Charts(shipped(), read.files, {}).of(workload, document)
    return made.read


def plain(live: Any) -> dict[str, Any]:
    """A Deployment without what its controllers note on it."""
    place = {key: live["metadata"][key] for key in ("name", "namespace")}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": place, "spec": live["spec"]}


def annotated(lab: Lab, namespace: str) -> Any:
    """Grafana's Deployment, once its pods are to be injected."""
    found = lab.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/grafana")
    notes = found["spec"]["template"]["metadata"].get("annotations", {})
    return found if "vault.hashicorp.com/agent-inject" in notes else None


def sorted_by_name(value: Any) -> Any:
    """Lists of named items in the order of their names: where a new one stands means nothing here."""
    if isinstance(value, dict):
        return {key: sorted_by_name(one) for key, one in value.items()}
    if isinstance(value, list) and all(isinstance(one, dict) and "name" in one for one in value):
        return sorted((sorted_by_name(one) for one in value), key=lambda one: str(one["name"]))
    return value


def release(lab: Lab, namespace: str, version: str, *, more: dict[str, Any] | None = None, **values: Any) -> None:
    """A release of Grafana's chart from a repository that only the lab answers for."""
    place = {"name": "grafana", "namespace": namespace}
    repository = {"interval": "1h", "url": f"https://charts.example.net/{namespace}"}
    chart = {"chart": "grafana", "version": version, "sourceRef": {"kind": "HelmRepository", "name": "grafana"}}
    spec = {**(more or {}), "interval": "1h", "chart": {"spec": chart}, "values": values}
    lab.apply(
        {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository", "metadata": place, "spec": repository}
    )
    lab.apply({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": place, "spec": spec})


def ready(lab: Lab, namespace: str) -> Any:
    """The release, once its controller has seen this state of it and calls it ready."""
    found = lab.get(f"/apis/helm.toolkit.fluxcd.io/v2/namespaces/{namespace}/helmreleases/grafana")
    status = found.get("status", {})
    if status.get("observedGeneration") != found["metadata"]["generation"]:
        return None
    fine = any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", []))
    return found if fine else None


def rolled_out(lab: Lab, namespace: str, version: int) -> Any:
    """Grafana's Deployment, once the release's n-th version is ready."""
    found = ready(lab, namespace)
    if found is None or found["status"]["history"][0]["version"] != version:
        return None
    return lab.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/grafana")


def account(lab: Lab, namespace: str, name: str) -> Any:
    """A ServiceAccount; None where there is none."""
    return lab.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}")
