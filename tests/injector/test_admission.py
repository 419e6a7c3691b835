"""What the API server refuses after the injector, and how a template becomes the pod the injector meets."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.injector.admission import refusals, with_service_account_token
from migrate.injector.workload import read
from migrate.model.errors import Failed
from tests.injector.pods import TOKEN, mutated, pod


def refused(annotations: dict[str, Any] | None = None, **spec: Any) -> list[str]:
    return refusals(mutated(annotations, **spec).pod)


def test_an_injected_pod_is_accepted() -> None:
    assert refused({"agent-inject-secret-db": "kv/x"}) == []


def test_something_is_mounted_at_the_secrets_path_already() -> None:
    app = {"name": "app", "volumeMounts": [TOKEN, {"name": "kube-api-access", "mountPath": "/vault/secrets"}]}
    assert refused(containers=[app]) == [
        'spec.containers[0].volumeMounts[2].mountPath: Invalid value: "/vault/secrets": must be unique'
    ]


def test_names_are_taken() -> None:
    volumes = [{"name": "kube-api-access"}, {"name": "vault-secrets"}]
    init = [{"name": "vault-agent-init"}, {"name": "vault-agent"}]
    assert refused(volumes=volumes, initContainers=init) == [
        'spec.volumes[4].name: Duplicate value: "vault-secrets"',
        'spec.initContainers[1].name: Duplicate value: "vault-agent"',
        'spec.initContainers[2].name: Duplicate value: "vault-agent-init"',
    ]


def test_a_request_above_its_limit() -> None:
    found = refused({"agent-requests-cpu": "600m", "agent-pre-populate": "false"})
    assert found == [
        'spec.containers[1].resources.requests: Invalid value: "600m": must be less than or equal to cpu limit of 500m'
    ]


def test_mounts_of_nothing_and_users_out_of_range() -> None:
    found = refused({"agent-run-as-user": "-1", "agent-pre-populate": "false"}, volumes=[])
    assert 'spec.containers[0].volumeMounts[0].name: Not found: "kube-api-access"' in found
    expected = "Invalid value: -1: must be between 0 and 2147483647, inclusive"
    assert f"spec.containers[1].securityContext.runAsUser: {expected}" in found


def test_a_patched_name_that_is_no_label() -> None:
    patch = '[{"op":"replace","path":"/name","value":"A"}]'
    assert refused({"agent-json-patch": patch})[0].startswith(
        'spec.containers[1].name: Invalid value: "A": a lowercase'
    )


def test_the_token_is_mounted_before_the_injector_looks_unless_refused() -> None:
    bare: dict[str, Any] = {"spec": {"containers": [{"name": "app"}]}}
    spec: Any = with_service_account_token(bare, automount=True)["spec"]
    assert spec["containers"][0]["volumeMounts"][0]["mountPath"].endswith("kubernetes.io/serviceaccount")
    assert with_service_account_token(bare, automount=False) == bare
    off: dict[str, Any] = {"spec": {"automountServiceAccountToken": False}}
    assert with_service_account_token(off, automount=True) == off


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job"])
def test_a_workload_is_its_template(kind: str) -> None:
    inner = pod()
    template = {"metadata": inner["metadata"], "spec": inner["spec"]}
    found = read({"kind": kind, "metadata": {"name": "w", "namespace": "n"}, "spec": {"template": template}})
    assert (found.name, found.namespace) == ("w", "n")
    assert found.pod["kind"] == "Pod"


@pytest.mark.parametrize("document", [None, [], 5, {}, {"kind": "Service"}, {"kind": 5}, {"kind": "Deployment"}])
def test_what_makes_no_pod_is_an_error_that_says_so(document: object) -> None:
    with pytest.raises(Failed) as failed:
        read(document)
    assert failed.value.undone
    assert failed.value.following
