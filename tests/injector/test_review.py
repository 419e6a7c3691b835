"""The webhook's conversation without a network: reviews in, reviews out, nonsense answered."""

from __future__ import annotations

import base64
import json
from typing import Any

import jsonpatch
import pytest

from migrate.injector.prediction import agent_configs
from migrate.injector.review import reply
from tests.injector.pods import SETTINGS, mutated, pod


def review(inner: Any, version: str = "admission.k8s.io/v1", namespace: str = "apps") -> bytes:
    request = {"uid": "u-1", "namespace": namespace, "operation": "CREATE", "object": inner}
    return json.dumps({"kind": "AdmissionReview", "apiVersion": version, "request": request}).encode()


def response(body: bytes) -> dict[str, Any]:
    found = reply(body, "application/json", SETTINGS)
    assert found.status == 200
    answer: dict[str, Any] = json.loads(found.body)["response"]
    return answer


def test_the_patch_leads_to_the_predicted_pod() -> None:
    annotations = {"agent-inject-secret-db": "a<b&c", "agent-init-first": "true"}
    spec: dict[str, Any] = {"initContainers": [{"name": "one"}]}
    found = response(review(pod(annotations, **spec)))
    assert (found["uid"], found["allowed"], found["patchType"]) == ("u-1", True, "JSONPatch")
    operations = json.loads(base64.b64decode(found["patch"]))
    patched = jsonpatch.apply_patch(pod(annotations, **spec), operations)
    expected = mutated(annotations, **spec)
    assert patched == expected.pod
    assert agent_configs(patched) == agent_configs(expected.pod)


def test_a_refusal_carries_the_text() -> None:
    found = response(review(pod({"role": None})))
    assert found == {
        "uid": "u-1",
        "allowed": False,
        "status": {"metadata": {}, "message": "error validating agent configuration: no Vault role found"},
    }


def test_a_pod_left_alone_has_no_patch() -> None:
    assert response(review(pod({"agent-inject": "false"}))) == {"uid": "u-1", "allowed": True}


def test_the_answer_speaks_the_version_of_the_question() -> None:
    found = reply(review(pod(), "admission.k8s.io/v1beta1"), "application/json", SETTINGS)
    assert json.loads(found.body)["apiVersion"] == "admission.k8s.io/v1beta1"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "text/plain", 400),
        (b"", "application/json", 400),
        (b"{", "application/json", 500),
        (b"\xff", "application/json", 500),
        (b"[" * 100_000, "application/json", 500),
        (b'{"kind":"Pod"}', "application/json", 500),
        (b'{"kind":"AdmissionReview","apiVersion":"v7"}', "application/json", 500),
        (b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}', "application/json", 500),
    ],
)
def test_nonsense_is_answered(body: bytes, content_type: str, status: int) -> None:
    found = reply(body, content_type, SETTINGS)
    assert found.status == status
    assert found.body


def test_a_patch_that_would_fail_the_process_is_a_failed_call() -> None:
    inner = pod({"agent-json-patch": '[{"op":"test","path":""}]'})
    assert reply(review(inner), "application/json", SETTINGS).status == 500
