"""What becomes of a ServiceAccount's name that goes from Git again, asked of the real API server."""

from __future__ import annotations

import json

import pytest

from tests.labworld import Lab

pytestmark = [pytest.mark.lab(level="control"), pytest.mark.timeout(300)]

NEW, OLD = "serviceAccountName", "serviceAccount"


@pytest.mark.parametrize("way", [("--server-side", "--field-manager=kustomize-controller"), ()])
@pytest.mark.parametrize(("named", "stays"), [({NEW: "own"}, True), ({NEW: "own", OLD: "own"}, False)])
def test_a_name_goes_with_the_manifest_only_where_both_fields_had_it(
    way: tuple[str, ...], named: dict[str, str], stays: bool, lab: Lab, namespace: str
) -> None:
    for spec in ({}, named, {}):
        template = {
            "metadata": {"labels": {"app": "app"}},
            "spec": {"containers": [{"name": "a", "image": "a"}], **spec},
        }
        wanted = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "app", "namespace": namespace},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "app"}}, "template": template},
        }
        lab.run("kubectl", "apply", *way, "-f", "-", text=json.dumps(wanted))
    found = lab.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/app")["spec"]["template"]["spec"]
    assert (found.get(NEW), found.get(OLD)) == (("own", "own") if stays else (None, None))
