"""The injector itself, where somebody has its program, asked about any pod: it answers what is predicted.

`LAB_VAULT_K8S` names the program; no registry carries it, so elsewhere the recorded answers stand for it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonpatch
import pytest
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.injector.review import reply
from migrate.injector.settings import Settings, from_environment
from migrate.lab import down, injector, ports
from migrate.lab.levels import Level
from tests.injector.pods import PROJECTED, pod
from tests.labworld import Lab, missing, start

pytestmark = [pytest.mark.lab(level="control"), pytest.mark.timeout(900)]

_SWITCH = st.sampled_from(["true", "false", "", "maybe"])
_NUMBER = st.sampled_from(["0", "1", "1000", "-1", "x"])
_QUANTITY = st.sampled_from(["10m", "64Mi", "1", "1.5", "x", ""])
_TEXTS = {
    "role": st.sampled_from(["app", ""]),
    "auth-type": st.sampled_from(["jwt", "kubernetes", "aws"]),
    "auth-path": st.sampled_from(["auth/jwt", "jwt"]),
    "auth-min-backoff": st.sampled_from(["1s", "x"]),
    "auth-config-path": st.sampled_from(["/token", ""]),
    "agent-pre-populate": _SWITCH,
    "agent-pre-populate-only": _SWITCH,
    "agent-init-first": _SWITCH,
    "agent-run-as-user": _NUMBER,
    "agent-run-as-group": _NUMBER,
    "agent-run-as-same-user": _SWITCH,
    "agent-share-process-namespace": _SWITCH,
    "agent-set-security-context": _SWITCH,
    "agent-limits-cpu": _QUANTITY,
    "agent-requests-mem": _QUANTITY,
    "agent-limits-ephemeral": _QUANTITY,
    "agent-cache-enable": _SWITCH,
    "agent-enable-quit": _SWITCH,
    "agent-revoke-on-shutdown": _SWITCH,
    "agent-json-patch": st.sampled_from(['[{"op":"remove","path":"/env"}]', '[{"op":"add","path":"/tty"}]', "["]),
    "agent-service-account-token-volume-name": st.sampled_from(["vault-token", "nowhere"]),
    "agent-inject-containers": st.sampled_from(["app", "side", "app,side", "nobody"]),
    "agent-inject-token": _SWITCH,
    "agent-inject-secret-db": st.sampled_from(["secret/data/app", ""]),
    "agent-inject-template-db": st.sampled_from(['{{- with secret "a/b" }}{{ .Data.data.c }}{{ end }}', ""]),
    "agent-inject-file-db": st.sampled_from(["config/db.txt", "/abs"]),
    "agent-inject-perms-db": st.sampled_from(["0400", "x"]),
    "agent-inject-command-db": st.sampled_from(["sh -c 'kill 1'", ""]),
    "agent-inject-default-template": st.sampled_from(["json", "map", "x"]),
    "error-on-missing-key-db": _SWITCH,
    "secret-volume-path": st.sampled_from(["/etc/app", "/vault/secrets"]),
    "template-config-exit-on-retry-failure": _SWITCH,
    "template-static-secret-render-interval": st.sampled_from(["30s", "x"]),
    "tls-secret": st.sampled_from(["vault-ca", ""]),
    "ca-cert": st.sampled_from(["/vault/tls/ca.crt"]),
    "namespace": st.sampled_from(["team", ""]),
    "log-level": st.sampled_from(["debug", ""]),
    "proxy-address": st.sampled_from(["http://proxy:80"]),
    "agent-auto-auth-exit-on-err": _SWITCH,
    "preserve-secret-case": _SWITCH,
}  # fmt: skip
"""Annotations by their short names, with texts of which some are right."""
_ANNOTATIONS = st.lists(st.sampled_from(sorted(_TEXTS)), max_size=10, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: _TEXTS[name] for name in names})
)
_SIDE: dict[str, Any] = {"name": "side", "image": "side:1", "securityContext": {"runAsUser": 7, "runAsGroup": 8}}
_SPECS = st.fixed_dictionaries(
    {},
    optional={
        "initContainers": st.just([_SIDE | {"name": "first"}]),
        "securityContext": st.sampled_from([{"runAsUser": 3}, {"fsGroup": 4}, {}]),
        "shareProcessNamespace": st.booleans(),
        "volumes": st.just([PROJECTED]),
    },
)


@pytest.fixture(scope="module")
def real(labs_home: Path, labs_level: Level) -> Iterator[Lab]:
    """A lab whose webhook is the program that the environment names."""
    if injector.named() is None:
        pytest.skip(f"{injector.VARIABLE} names no program of the injector")
    assert labs_home.is_dir()
    if not labs_level.holds(Level.CONTROL):
        missing("Kubernetes' servers are not built")
    lab = start("real", None, Level.CONTROL)
    yield lab
    down.down(lab.world)


@given(annotations=_ANNOTATIONS, spec=_SPECS)
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_injector_answers_what_is_predicted(real: Lab, annotations: dict[str, str], spec: dict[str, Any]) -> None:
    asked = pod(annotations, **spec)
    request = {"uid": "u", "namespace": "apps", "object": asked}
    body = json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}).encode()
    with urllib3.PoolManager(ca_certs=str(real.world.credential("ca.crt"))) as pool:
        found = pool.request(
            "POST", real.world.url(ports.INJECTOR, "/mutate"), body=body, headers={"Content-Type": "application/json"}
        )
    said = reply(body, "application/json", _settings(real))
    assert (said.status, _told(said.body, asked)) == (found.status, _told(found.data, asked))


def _settings(lab: Lab) -> Settings:
    """What the running injector was told, as its record has it."""
    told = json.loads(lab.world.record("injector").read_text())["environment"]
    return from_environment({name: text for name, text in told.items() if name.startswith("AGENT_INJECT_")})


def _told(body: bytes, asked: dict[str, Any]) -> Any:
    """An answer without the order in which the injector happens to walk its maps."""
    try:
        response = json.loads(body)["response"]
    except ValueError:
        return body
    patch = json.loads(base64.b64decode(response.pop("patch", "") or "bnVsbA=="))
    pod_ = jsonpatch.apply_patch(asked, patch) if patch else None
    return response | {"pod": pod_}
