"""Whatever the pod and its annotations: an answer, and a pod that was injected once is left alone."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.injector.annotation import PREFIX
from migrate.injector.answer import answer, document
from migrate.injector.footprint import footprint
from migrate.injector.prediction import Denied, Mutated, Unanswered, Untouched, predict
from migrate.injector.review import reply
from migrate.injector.workload import Workload
from tests.injector.pods import SETTINGS, TOKEN

_NAMES = [
    "role", "auth-type", "auth-path", "auth-max-backoff", "agent-pre-populate", "agent-pre-populate-only",
    "agent-init-first", "agent-run-as-user", "agent-run-as-same-user", "agent-json-patch",
    "agent-init-json-patch", "agent-limits-cpu", "agent-cache-enable", "agent-enable-quit", "agent-configmap",
    "tls-secret", "secret-volume-path", "agent-inject-secret-db", "agent-inject-template-DB",
    "agent-inject-template-file-x", "agent-inject-file-db", "secret-volume-path-db",
    "error-on-missing-key-db", "agent-telemetry-prefix_filter", "template-lease-renewal-threshold",
    "agent-inject-containers", "agent-copy-volume-mounts", "agent-service-account-token-volume-name",
    "agent-share-process-namespace", "auth-config-x",
]  # fmt: skip
_TEXTS = st.one_of(
    st.sampled_from(["true", "false", "", "5", "30s", "app", "kube-api-access", "jwt", "aws", "/x", "250m", "[]"]),
    st.sampled_from(['[{"op":"remove","path":"/env"}]', '[{"op":"replace","path":""}]', '["a"]', "1e9", "nan"]),
    st.text(max_size=12),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
_CONTAINERS = st.fixed_dictionaries(
    {"name": st.sampled_from(["app", "side", "vault-agent", ""])},
    optional={
        "volumeMounts": st.lists(st.just(TOKEN) | _JSON, max_size=2),
        "securityContext": st.fixed_dictionaries({"runAsUser": st.integers(-1, 3)}) | _JSON,
        "env": _JSON,
        "resources": _JSON,
    },
)
_PODS = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries(
            {"annotations": st.dictionaries(st.sampled_from([PREFIX + name for name in _NAMES]), _TEXTS, max_size=8)}
        ),
        "spec": st.fixed_dictionaries(
            {"containers": st.lists(_CONTAINERS | _JSON, max_size=3)},
            optional={"initContainers": st.lists(_CONTAINERS, max_size=2), "volumes": _JSON},
        ),
    }
)


def _asking(pod: dict[str, Any]) -> dict[str, Any]:
    pod["metadata"]["annotations"].update({PREFIX + "agent-inject": "true"})
    return pod


@given(_PODS.map(_asking))
@settings(max_examples=400, deadline=None)
def test_a_pod_predicted_twice_is_left_alone_the_second_time(pod: dict[str, Any]) -> None:
    found = predict(pod, "apps", SETTINGS)
    assert isinstance(found, Untouched | Denied | Unanswered | Mutated)
    if isinstance(found, Mutated):
        assert isinstance(predict(found.pod, "apps", SETTINGS), Untouched)
        footprint(found)
    document(answer(Workload("Pod", "", "", pod), "apps", SETTINGS, with_lint=True))


@given(_JSON)
@settings(max_examples=200, deadline=None)
def test_anything_at_all_gets_an_answer(pod: object) -> None:
    assert isinstance(predict(pod, "apps", SETTINGS), Untouched | Denied)


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_bytes_get_a_reply(body: bytes) -> None:
    assert reply(body, "application/json", SETTINGS).status in (400, 500)
