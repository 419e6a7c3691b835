"""The controllers that run beside the cluster: External Secrets Operator, and Flux with chart repositories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import urllib3

from migrate.lab import ports, processes
from migrate.lab.control import Programs
from migrate.lab.hosts import knowing
from migrate.lab.machine import Machine
from migrate.lab.web import wait
from migrate.lab.world import World

ESO_VERSIONS = ("v0.16.2", "v0.10.3", "v0.20.4")
"""Versions of the External Secrets Operator that are proven here; the first is the default."""
_WAITING = "--requeue-dependency=1s"
"""Between two looks at what a thing depends on: an estate's chain of six takes this long at each of its links."""


def start_eso(world: World, programs: Programs, machine: Machine) -> None:
    """Start the External Secrets Operator of the lab's version, knowing Vault by the estate's names."""
    program = programs[f"external-secrets-{world.eso}"]
    flags = [f"--metrics-addr={_metrics(world, 'external-secrets')}", "--concurrent=4"]
    command = [*knowing(world, machine), str(program), *flags]
    process = processes.start(world, "external-secrets", command, _reach(world))
    metrics = f"http://{_metrics(world, 'external-secrets')}/metrics"
    wait("external-secrets", lambda: _answers(metrics), 60, alive=lambda: processes.alive(process))


def start_charts(world: World, programs: Programs) -> None:
    """Start what answers for every chart repository, with charts of the lab's own."""
    flags = [f"--listen={world.inner}:{ports.CHARTS}", f"--ca={_charts_authority(world)}"]
    environment = {"KUBECONFIG": str(world.credential("admin.kubeconfig"))}
    process = processes.start(world, "lab-charts", [str(programs["lab-charts"]), *flags], environment)
    wait("lab-charts", _charts_authority(world).exists, 30, alive=lambda: processes.alive(process))


def start_source(world: World, programs: Programs) -> None:
    """Start Flux's source-controller: Git is the lab's, and every other host is what answers for charts."""
    served = f"{world.address}:{ports.SOURCE_ARTIFACTS}"
    flags = [
        f"--storage-path={world.data('source')}", f"--storage-addr={served}", f"--storage-adv-addr={served}",
    ]  # fmt: skip
    world.data("source").mkdir(mode=0o700, exist_ok=True)
    proxy = f"http://{world.inner}:{ports.CHARTS}"
    environment = {
        "HTTP_PROXY": proxy,
        "HTTPS_PROXY": proxy,
        "NO_PROXY": world.address,
        "SSL_CERT_FILE": str(_charts_authority(world)),
    }
    name = "source-controller"
    _start(world, name, [str(programs[name]), *flags, *_flux(world, name)], environment)


def start_helm(world: World, programs: Programs) -> None:
    """Start Flux's helm-controller."""
    name = "helm-controller"
    _start(world, name, [str(programs[name]), _WAITING, "--concurrent=4", *_flux(world, name)])


def start_kustomize(world: World, programs: Programs) -> None:
    """Start Flux's kustomize-controller; Kustomizations that wait for others look again every second."""
    flags = [_WAITING, "--concurrent=8"]
    name = "kustomize-controller"
    _start(world, name, [str(programs[name]), *flags, *_flux(world, name)])


def _charts_authority(world: World) -> Path:
    return world.credential("charts-ca.crt")


def _flux(world: World, name: str) -> list[str]:
    return [
        "--events-addr=", "--log-level=info", f"--metrics-addr={_metrics(world, name)}",
        f"--health-addr={_health(world, name)}",
    ]  # fmt: skip


def _metrics(world: World, name: str) -> str:
    return f"{world.inner}:{ports.METRICS[name]}"


def _health(world: World, name: str) -> str:
    return f"{world.inner}:{ports.HEALTH[name]}"


def _reach(world: World) -> dict[str, str]:
    return {"KUBECONFIG": str(world.credential("admin.kubeconfig")), "RUNTIME_NAMESPACE": "flux-system"}


def _start(world: World, name: str, command: Sequence[str], more: Mapping[str, str] | None = None) -> None:
    process = processes.start(world, name, command, {**_reach(world), **(more or {})})
    ready = f"http://{_health(world, name)}/readyz"
    wait(name, lambda: _answers(ready), 60, alive=lambda: processes.alive(process))


def _answers(url: str) -> bool:
    try:
        with urllib3.PoolManager(retries=False) as pool:
            return pool.request("GET", url, timeout=2.0).status == 200
    except urllib3.exceptions.HTTPError:
        return False
