"""Helm releases in the lab: Flux's own controllers, the estate's own addresses, charts that the lab has for them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.labworld import Lab, until

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


def release(lab: Lab, namespace: str, version: str, **values: Any) -> None:
    """A release of Grafana's chart from a repository that only the lab answers for."""
    place = {"name": "grafana", "namespace": namespace}
    repository = {"interval": "1h", "url": f"https://charts.example.net/{namespace}"}
    chart = {"chart": "grafana", "version": version, "sourceRef": {"kind": "HelmRepository", "name": "grafana"}}
    spec = {"interval": "1h", "chart": {"spec": chart}, "values": values}
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
