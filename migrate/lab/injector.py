"""The injector's webhook in a lab: this project's own prediction, served as the admission webhook that it predicts."""

from __future__ import annotations

import base64
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import urllib3

from migrate.lab import ports, processes
from migrate.lab.certificates import Authority
from migrate.lab.web import Web, wait
from migrate.lab.world import World, write_json

_PACKAGE = Path(__file__).parents[2]


def certify(world: World, authority: Authority) -> None:
    """Write the webhook's certificate."""
    authority.server("injector")


def start(world: World, vault: str, jwt_mount: str, image: str) -> None:
    """Start the webhook with the settings that an estate with an external Vault gives its injector.

    `vault` is Vault's address as pods know it. Agents trust the lab's authority through VAULT_CACERT_BYTES.
    """
    authority = base64.b64encode(world.credential("ca.crt").read_bytes()).decode()
    settings = {
        "VAULT_ADDR": vault,
        "VAULT_IMAGE": image,
        "VAULT_AUTH_TYPE": "jwt",
        "VAULT_AUTH_PATH": f"auth/{jwt_mount}",
        "VAULT_CACERT_BYTES": authority,
        "CPU_REQUEST": "10m",
        "MEM_REQUEST": "16Mi",
    }
    flags = [f"--injector-env=AGENT_INJECT_{name}={value}" for name, value in settings.items()]
    certificate = [f"--cert={world.credential('injector.crt')}", f"--key={world.credential('injector.key')}"]
    place = [f"--host={world.address}", f"--port={ports.INJECTOR}"]
    process = processes.start(world, "injector", [*module("migrate.lab.webhook"), *certificate, *place, *flags], path())
    web = Web(world.url(ports.INJECTOR), world.credential("ca.crt"))
    wait("injector", lambda: web.ready("/health/ready"), 30, alive=lambda: processes.alive(process))
    web.close()


def module(name: str) -> list[str]:
    """The beginning of a command that runs a module of this package with this interpreter."""
    return [sys.executable, "-m", name]


def path() -> dict[str, str]:
    """The environment in which this package is found, wherever it is installed."""
    return {"PYTHONPATH": os.pathsep.join([str(_PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])])}


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


def start_surroundings(world: World) -> None:
    """Give claims their disks and load balancers an address, from now on."""
    flags = [f"--folder={world.data('volumes')}", f"--address={world.node}", *_as_admin(world)]
    processes.start(world, "surroundings", [*module("migrate.lab.surroundings"), *flags], path())


def _as_admin(world: World) -> list[str]:
    key = world.credential
    found = [f"--api={world.url(ports.API)}", f"--ca={key('ca.crt')}"]
    return [*found, f"--cert={key('admin.crt')}", f"--key={key('admin.key')}"]


def start_resolver(world: World, names: Mapping[str, str]) -> None:
    """Answer pods' questions for names; returns when the first one is answered."""
    fixed = write_json(world.config("names.json"), dict(names))
    flags = [f"--names={fixed}", f"--host={world.address}", f"--port={ports.DNS}", *_as_admin(world)]
    process = processes.start(world, "resolver", [*module("migrate.lab.resolver"), *flags], path())

    def taken() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((world.address, ports.DNS)) == 0

    wait("resolver", taken, 30, alive=lambda: processes.alive(process))


def start_registry(world: World) -> None:
    """Serve the stand-ins for images; returns when they are served."""
    flags = [f"--store={world.data('images')}", f"--names={world.config('images.json')}"]
    place = [f"--host={world.address}", f"--port={ports.REGISTRY}"]
    process = processes.start(world, "registry", [*module("migrate.lab.registry"), *flags, *place], path())
    url = f"http://{world.address}:{ports.REGISTRY}/v2/"

    def served() -> bool:
        try:
            with urllib3.PoolManager(retries=False) as pool:
                return pool.request("GET", url, timeout=2.0).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    wait("registry", served, 30, alive=lambda: processes.alive(process))
