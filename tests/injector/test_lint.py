"""Every trap is reported where it is, and not where it is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from migrate.injector.answer import answer
from migrate.injector.lint import Finding
from migrate.injector.settings import Settings
from migrate.injector.workload import read
from tests.injector.pods import PROJECTED, SETTINGS, TOKEN, pod


@dataclass(frozen=True)
class Pod:
    """A pod of the test: annotations by short name, changes to its spec, the workload around it."""

    annotations: dict[str, Any] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)
    kind: str = "Pod"
    outside: dict[str, str] = field(default_factory=dict)
    settings: Settings = SETTINGS


def found(case: Pod) -> dict[str, Finding]:
    inner = pod(case.annotations, **case.spec)
    document: dict[str, Any] = inner
    if case.kind != "Pod":
        template = {"metadata": inner["metadata"], "spec": inner["spec"]}
        spec = {"jobTemplate": {"spec": {"template": template}}} if case.kind == "CronJob" else {"template": template}
        document = {"kind": case.kind, "metadata": {"name": "web", "annotations": case.outside}, "spec": spec}
    findings = answer(read(document), "apps", case.settings, with_lint=True).findings
    return {finding.code: finding for finding in findings}


DB = {"agent-inject-secret-db": "kv/db"}
TEMPLATE = {"agent-inject-template-db": "{{ .Data }}"}
JWT = {"auth-type": "jwt", "auth-config-path": "/p", "auth-config-remove-jwt-after-reading": "false"}
NAMED = {"agent-service-account-token-volume-name": "vault-token"}
WITH_TOKEN: dict[str, Any] = {"volumes": [PROJECTED], "containers": [{"name": "app"}]}
TWO: dict[str, Any] = {"containers": [{"name": "app", "volumeMounts": [TOKEN]}, {"name": "side"}]}
SECRETS_MOUNTED = {"name": "app", "volumeMounts": [TOKEN, {"name": "x", "mountPath": "/vault/secrets"}]}
WITH_UID: dict[str, Any] = {
    "containers": [{"name": "app", "volumeMounts": [TOKEN], "securityContext": {"runAsUser": 472}}]
}
PORT: dict[str, Any] = {"containers": [{"name": "app", "volumeMounts": [TOKEN], "ports": [{"containerPort": 8200}]}]}
INIT: dict[str, Any] = {"initContainers": [{"name": "migrate"}]}
SECCOMP: dict[str, Any] = {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}
ON_DEPLOYMENT = {"vault.hashicorp.com/role": "web"}
PATCHED = '[{"op":"add","path":"/securityContext/seccompProfile","value":{"type":"RuntimeDefault"}}]'

CASES: list[tuple[str, Pod, Pod]] = [
    ("annotation.misplaced", Pod(kind="Deployment", outside=ON_DEPLOYMENT), Pod(kind="Deployment")),
    ("annotation.misplaced", Pod(kind="CronJob", outside=ON_DEPLOYMENT), Pod(kind="CronJob")),
    ("inject.status-copied", Pod({"agent-inject-status": "injected"}),
     Pod({"agent-inject-status": "update"})),
    ("inject.not-asked", Pod({"agent-inject": None}), Pod({"agent-inject": None, "role": None})),
    ("annotation.unknown", Pod({"agent-native-sidecar": "true"}),
     Pod({"agent-telemetry-x": "1", **JWT, **DB})),
    ("annotation.too-long", Pod({"agent-inject-template-" + "x" * 42: "a"}),
     Pod({"agent-inject-template-x": "a"})),
    ("token.automount-off", Pod(spec={"automountServiceAccountToken": False, "containers": [{"name": "app"}]}),
     Pod(NAMED, {"automountServiceAccountToken": False, **WITH_TOKEN})),
    ("token.first-match", Pod(spec={"containers": [
        {"name": "app", "volumeMounts": [{"name": "x", "mountPath": "/my/serviceaccount"}, TOKEN]}]}), Pod()),
    ("cache.token-missing", Pod({"agent-cache-enable": "true", **NAMED}, WITH_TOKEN),
     Pod({"agent-cache-enable": "true"})),
    ("auth.default-account", Pod(spec={"serviceAccountName": "default"}), Pod()),
    ("auth.jwt-path", Pod({**JWT, "auth-config-path": None}), Pod(JWT)),
    ("auth.jwt-removal", Pod({**JWT, "auth-config-remove-jwt-after-reading": None}), Pod(JWT)),
    ("auth.jwt-audience", Pod(JWT), Pod({**JWT, **NAMED}, WITH_TOKEN)),
    ("auth.path", Pod({"auth-path": "jwt"}), Pod({"auth-path": "auth/jwt"})),
    ("auth.role", Pod({**JWT, "role": None}), Pod(JWT)),
    ("auth.backoff", Pod(), Pod({"auth-max-backoff": "30s"})),
    ("tls.skip-verify", Pod({"tls-skip-verify": "true"}), Pod({"tls-skip-verify": "false"})),
    ("tls.ca-unmounted", Pod({"ca-cert": "/vault/tls/ca.crt"}),
     Pod({"ca-cert": "/vault/tls/ca.crt", "tls-secret": "t"})),
    ("secret.file-prefix", Pod({"agent-inject-template-file-foo": "{{ x }}"}),
     Pod({"agent-inject-template-file-foo": "/t"})),
    ("secret.file-prefix", Pod({"agent-inject-secret-file-foo": "kv/x"}),
     Pod({"agent-inject-secret-foo": "kv/x"})),
    ("configmap.ignores", Pod({"agent-configmap": "cm", **DB}), Pod({"agent-configmap": "cm"})),
    ("secret.kv2-default-template", Pod({"agent-inject-secret-db": "secret/data/x"}),
     Pod({"agent-inject-secret-db": "secret/data/x", **TEMPLATE})),
    ("secret.kv2-default-template", Pod({"agent-inject-secret-db": "a/b/data/x"}), Pod(DB)),
    ("secret.path-ignored", Pod({**DB, **TEMPLATE}), Pod(TEMPLATE)),
    ("secret.missing-key", Pod(TEMPLATE), Pod({**TEMPLATE, "error-on-missing-key-db": "true"})),
    ("command.exit-code", Pod({**DB, "agent-inject-command-db": "x"}),
     Pod({**DB, "agent-inject-command-db": "x || true"})),
    ("command.process-namespace", Pod({**DB, "agent-inject-command-db": "pkill x"}),
     Pod({**DB, "agent-inject-command-db": "pkill x", "agent-share-process-namespace": "true"})),
    ("file.world-readable", Pod(DB), Pod({**DB, "agent-inject-perms-db": "0400"})),
    ("file.unreadable", Pod({**DB, "agent-inject-perms-db": "0400"}, WITH_UID),
     Pod({**DB, "agent-inject-perms-db": "0400", "agent-run-as-user": "472"}, WITH_UID)),
    ("secret.collision", Pod({"agent-inject-secret-DB": "b", **DB}),
     Pod({"agent-inject-secret-DB": "b", **DB, "preserve-secret-case": "true"})),
    ("secret.orphan", Pod({**DB, "agent-inject-perms-DB": "0400"}),
     Pod({**DB, "agent-inject-perms-db": "0400"})),
    ("lease.twice", Pod({"agent-inject-secret-db": "database/creds/app"}),
     Pod({"agent-inject-secret-db": "database/creds/app", "agent-cache-enable": "true"})),
    ("lease.twice", Pod({"agent-inject-template-db": '{{ with secret "pki/issue/x" }}{{ end }}'}),
     Pod({"agent-inject-template-db": '{{ with secret "database/static-creds/x" }}{{ end }}'})),
    ("lease.twice", Pod({"agent-inject-template-db": '{{ with pkiCert "pki/issue/x" }}{{ .Key }}{{ end }}'}),
     Pod({"agent-inject-template-db": '{{ with pkiCert "pki/issue/x" }}{{ .Cert }}{{- .Key -}}{{ end }}'})),
    ("containers.space", Pod({"agent-inject-containers": "app, side"}, TWO),
     Pod({"agent-inject-containers": "app,side"}, TWO)),
    ("containers.unknown", Pod({"agent-inject-containers": "nobody"}),
     Pod({"agent-inject-containers": "app"})),
    ("job.never-ends", Pod(kind="Job"), Pod({"agent-pre-populate-only": "true"}, kind="Job")),
    ("job.never-ends", Pod(spec={"restartPolicy": "Never"}), Pod()),
    ("agent.exits-on-outage", Pod(), Pod({"template-config-exit-on-retry-failure": "false"})),
    ("agent.none", Pod({"agent-pre-populate": "false", "agent-pre-populate-only": "true"}), Pod()),
    ("init.absent", Pod({"agent-pre-populate": "false"}), Pod()),
    ("init.share-ignored", Pod({"agent-pre-populate": "false", "agent-share-process-namespace": "true"}),
     Pod({"agent-share-process-namespace": "true"})),
    ("init.order", Pod(spec=INIT), Pod({"agent-init-first": "true"}, INIT)),
    ("resources.cpu-default", Pod(), Pod({"agent-requests-cpu": "10m"})),
    ("resources.cpu-default", Pod(), Pod(settings=Settings(address="a", request_cpu="10m"))),
    ("psa.seccomp", Pod(), Pod(spec=SECCOMP)),
    ("psa.seccomp", Pod({"agent-json-patch": PATCHED}),
     Pod({"agent-json-patch": PATCHED, "agent-init-json-patch": PATCHED})),
    ("psa.no-context", Pod({"agent-set-security-context": "false"}), Pod()),
    ("psa.root", Pod({"agent-run-as-group": "0"}), Pod()),
    ("mount.collision", Pod(spec={"containers": [SECRETS_MOUNTED]}),
     Pod({"secret-volume-path": "/run/creds"}, {"containers": [SECRETS_MOUNTED]})),
    ("volume.collision", Pod(spec={"volumes": [{"name": "home-init"}]}),
     Pod(spec={"volumes": [{"name": "home"}]})),
    ("container.collision", Pod(spec={"initContainers": [{"name": "vault-agent"}]}), Pod(spec=INIT)),
    ("cache.port-taken", Pod({"agent-cache-enable": "true"}, PORT),
     Pod({"agent-cache-enable": "true", "agent-cache-listener-port": "8300"}, PORT)),
    ("revoke.early", Pod({"agent-revoke-on-shutdown": "true"}),
     Pod({"agent-revoke-on-shutdown": "true", "agent-revoke-grace": "30"})),
    ("telemetry.dropped", Pod({"agent-telemetry-statsd_address": "5"}),
     Pod({"agent-telemetry-statsd_address": "h:1"})),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "trapped", "free"), CASES, ids=[f"{code}-{at}" for at, (code, _, _) in enumerate(CASES)]
)
def test_a_trap_is_reported_where_it_is_and_not_where_it_is_not(code: str, trapped: Pod, free: Pod) -> None:
    finding = found(trapped)[code]
    assert finding.text
    assert finding.fix
    assert code not in found(free)


def test_the_worst_comes_first() -> None:
    order = [finding.severity.value for finding in found(Pod({**JWT, **DB, "tls-skip-verify": "true"})).values()]
    assert order == sorted(order, key=["error", "warning", "info"].index)
    assert set(order) == {"error", "warning", "info"}
