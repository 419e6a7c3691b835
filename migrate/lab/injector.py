"""The injector's webhook in a lab: this project's own prediction served as what it predicts, or the real one.

The real one is a program of HashiCorp's that no package registry carries: whoever has it names it with LAB_VAULT_K8S.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrate.lab import cluster, control, ports, processes
from migrate.lab.companions import module, path
from migrate.lab.web import Web, wait
from migrate.lab.world import World, write
from migrate.model.errors import Usage

if TYPE_CHECKING:  # what signs them is installed with the lab only
    from migrate.lab.certificates import Authority

VARIABLE = "LAB_VAULT_K8S"
_NAMESPACE = "vault"
_NAME = "vault-agent-injector"
_YEAR = 365 * 24 * 3600
_AS_IN_A_POD = (
    "mount -t tmpfs -o mode=755 none /run && mkdir -p /run/secrets/kubernetes.io/serviceaccount"
    ' && mount --bind "$1" /run/secrets/kubernetes.io/serviceaccount && shift && exec "$@"'
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an estate with an external Vault tells its injector. `vault`: Vault's address as pods know it."""

    vault: str
    jwt_mount: str
    image: str
    authority: bytes
    """The certificate that agents trust."""

    def variables(self) -> dict[str, str]:
        """The injector's environment."""
        settings = {
            "VAULT_ADDR": self.vault,
            "VAULT_IMAGE": self.image,
            "VAULT_AUTH_TYPE": "jwt",
            "VAULT_AUTH_PATH": f"auth/{self.jwt_mount}",
            "VAULT_CACERT_BYTES": base64.b64encode(self.authority).decode(),
            "CPU_REQUEST": "10m",
            "MEM_REQUEST": "16Mi",
        }
        return {f"AGENT_INJECT_{name}": value for name, value in settings.items()}


def named() -> Path | None:
    """The real injector's program, where the environment names one. Raises Usage where that cannot be run."""
    said = os.environ.get(VARIABLE, "")
    if not said:
        return None
    program = Path(said).absolute()
    if not os.access(program, os.X_OK) or program.is_dir():
        raise Usage(
            f"{VARIABLE} names {said}, which is no program.",
            undone="No lab was started.",
            following=f"unset {VARIABLE}",
        )
    return program


def certify(world: World, authority: Authority) -> None:
    """Write the webhook's certificate."""
    authority.server("injector")


def start(world: World, settings: Settings) -> None:
    """Start the prediction as a webhook; returns when it answers."""
    flags = [f"--injector-env={name}={value}" for name, value in settings.variables().items()]
    certificate = [f"--cert={world.credential('injector.crt')}", f"--key={world.credential('injector.key')}"]
    place = [f"--host={world.address}", f"--port={ports.INJECTOR}"]
    processes.start(world, "injector", [*module("migrate.lab.webhook"), *certificate, *place, *flags], path())
    _answering(world)


def start_real(world: World, settings: Settings, program: Path) -> None:
    """Start the real injector as if in a pod: in-cluster configuration, its chart's service account and rights."""
    account = _account(world)
    environment = {
        **settings.variables(),
        "AGENT_INJECT_LISTEN": f"{world.address}:{ports.INJECTOR}",
        "AGENT_INJECT_TLS_CERT_FILE": str(world.credential("injector.crt")),
        "AGENT_INJECT_TLS_KEY_FILE": str(world.credential("injector.key")),
        "AGENT_INJECT_LOG_LEVEL": "info",
        "KUBERNETES_SERVICE_HOST": world.address,
        "KUBERNETES_SERVICE_PORT": str(ports.API),
        "NAMESPACE": _NAMESPACE,
    }
    inside = ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--mount", "--"]
    command = [*inside, "sh", "-ec", _AS_IN_A_POD, "sh", str(account), str(program), "agent-inject"]
    write(world.config("injector.version"), program.name)
    processes.start(world, "injector", command, environment)
    _answering(world)


def _answering(world: World) -> None:
    process = processes.recorded(world, "injector")
    web = Web(world.url(ports.INJECTOR), world.credential("ca.crt"))
    ready = lambda: web.ready("/health/ready")  # noqa: E731
    wait("injector", ready, 30, alive=lambda: process is not None and processes.alive(process))
    web.close()


def _account(world: World) -> Path:
    """The folder that the kubelet would mount: the service account's token, the authority, the namespace."""
    web = control.api(world)
    place = {"namespace": _NAMESPACE, "name": _NAME}
    hooks = {
        "apiGroups": ["admissionregistration.k8s.io"],
        "resources": ["mutatingwebhookconfigurations"],
        "verbs": ["get", "list", "watch", "patch"],
    }
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": _NAME}}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _NAME}
    cluster.apply(web, [cluster.namespace(_NAMESPACE)])
    cluster.apply(
        web,
        [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": place},
            {**rbac, "kind": "ClusterRole", "rules": [hooks]},
            {**rbac, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [{"kind": "ServiceAccount", **place}]},
        ],
    )
    path = f"/api/v1/namespaces/{_NAMESPACE}/serviceaccounts/{_NAME}/token"
    made = web.ask("POST", path, {"spec": {"expirationSeconds": _YEAR}})
    web.close()
    write(world.credential("injector-account", "token"), made["status"]["token"])
    write(world.credential("injector-account", "namespace"), _NAMESPACE)
    return write(world.credential("injector-account", "ca.crt"), world.credential("ca.crt").read_bytes()).parent


def configuration(world: World) -> dict[str, Any]:
    """The webhook's registration, as the chart writes it, but for an address instead of a Service."""
    authority = base64.b64encode(world.credential("ca.crt").read_bytes()).decode()
    excluded = {"key": "app.kubernetes.io/name", "operator": "NotIn", "values": ["vault-agent-injector"]}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "vault-agent-injector-cfg"},
        "webhooks": [
            {
                "name": "vault.hashicorp.com",
                "failurePolicy": "Ignore",
                "matchPolicy": "Exact",
                "sideEffects": "None",
                "timeoutSeconds": 30,
                "admissionReviewVersions": ["v1", "v1beta1"],
                "clientConfig": {"url": world.url(ports.INJECTOR, "/mutate"), "caBundle": authority},
                "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
                "objectSelector": {"matchExpressions": [excluded]},
            }
        ],
    }
