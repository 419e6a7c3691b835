"""etcd and Kubernetes' own servers: what makes a cluster, without a machine to run pods on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from migrate.lab import ports, processes
from migrate.lab.network import SERVICES
from migrate.lab.web import Web, wait
from migrate.lab.world import World, write

if TYPE_CHECKING:  # what signs them is installed with the lab only
    from migrate.lab.certificates import Authority

ISSUER = "https://kubernetes.default.svc.cluster.local"
Programs = Mapping[str, Path]


def certify(world: World, authority: Authority) -> None:
    """Write the certificates of the cluster's servers and of those who speak to it."""
    first_service = SERVICES.replace(".0.0/16", ".0.1")
    authority.server("etcd", world.inner)
    authority.server(
        "kube-apiserver", first_service, "kubernetes", "kubernetes.default", "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
    )  # fmt: skip
    authority.server("control", world.inner)
    authority.client("admin", "lab-admin", "system:masters")
    authority.client("kubelet-client", "kube-apiserver-kubelet-client", "system:masters")
    for user in ("kube-controller-manager", "kube-scheduler"):
        authority.client(user + "-client", f"system:{user}")
        kubeconfig(world, user, user + "-client")
    kubeconfig(world, "admin", "admin")


def kubeconfig(world: World, name: str, client: str) -> Path:
    """A kubeconfig for one client's certificate. JSON is YAML, and quotes everything."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": f"lab-{world.name}",
        "contexts": [{"name": f"lab-{world.name}", "context": {"cluster": f"lab-{world.name}", "user": client}}],
        "clusters": [
            {
                "name": f"lab-{world.name}",
                "cluster": {
                    "server": world.url(ports.API),
                    "certificate-authority": str(world.credential("ca.crt")),
                },
            }
        ],
        "users": [
            {
                "name": client,
                "user": {
                    "client-certificate": str(world.credential(f"{client}.crt")),
                    "client-key": str(world.credential(f"{client}.key")),
                },
            }
        ],
    }
    return write(world.credential(f"{name}.kubeconfig"), json.dumps(document, indent=2))


def api(world: World) -> Web:
    """The API server, asked as the lab's administrator."""
    client = (world.credential("admin.crt"), world.credential("admin.key"))
    return Web(world.url(ports.API), world.credential("ca.crt"), client=client)


def start_etcd(world: World, programs: Programs) -> None:
    """Start etcd; nothing waits for it, since the API server asks until it answers."""
    key = world.credential
    peers = f"http://{world.inner}:{ports.ETCD + 1}"
    clients = f"https://{world.inner}:{ports.ETCD}"
    processes.start(
        world,
        "etcd",
        [
            programs["etcd"], f"--data-dir={world.data('etcd')}", "--name=lab", "--unsafe-no-fsync", "--log-level=warn",
            f"--listen-client-urls={clients}", f"--advertise-client-urls={clients}",
            f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}", f"--initial-cluster=lab={peers}",
            f"--cert-file={key('etcd.crt')}", f"--key-file={key('etcd.key')}",
            "--client-cert-auth", f"--trusted-ca-file={key('ca.crt')}",
        ],
    )  # fmt: skip


def start_apiserver(world: World, programs: Programs) -> None:
    """Start the API server; returns when it is ready."""
    key = world.credential
    processes.start(
        world,
        "kube-apiserver",
        [
            programs["kube-apiserver"],
            f"--etcd-servers=https://{world.inner}:{ports.ETCD}", f"--etcd-cafile={key('ca.crt')}",
            f"--etcd-certfile={key('admin.crt')}", f"--etcd-keyfile={key('admin.key')}",
            f"--bind-address={world.address}", f"--secure-port={ports.API}", f"--advertise-address={world.address}",
            f"--tls-cert-file={key('kube-apiserver.crt')}", f"--tls-private-key-file={key('kube-apiserver.key')}",
            f"--client-ca-file={key('ca.crt')}", f"--cert-dir={world.data('apiserver')}",
            f"--service-account-issuer={ISSUER}", f"--service-account-key-file={key('sa.pub')}",
            f"--service-account-signing-key-file={key('sa.key')}", "--authorization-mode=Node,RBAC",
            f"--service-cluster-ip-range={SERVICES}", "--allow-privileged=true", "--endpoint-reconciler-type=none",
            f"--kubelet-client-certificate={key('kubelet-client.crt')}",
            f"--kubelet-client-key={key('kubelet-client.key')}", "--kubelet-preferred-address-types=InternalIP",
            "--profiling=false", "--shutdown-delay-duration=0s", "--watch-cache=true",
        ],
    )  # fmt: skip
    _ready(world, "kube-apiserver", api(world), "/readyz", 60)


def start_managers(world: World, programs: Programs, *, scheduler: bool) -> None:
    """Start the controller manager, and the scheduler where there is a node; returns when they are ready."""
    key = world.credential
    common = ["--leader-elect=false", f"--bind-address={world.inner}", "--profiling=false"]
    common += [f"--tls-cert-file={key('control.crt')}", f"--tls-private-key-file={key('control.key')}"]
    processes.start(
        world,
        "kube-controller-manager",
        [
            programs["kube-controller-manager"], f"--kubeconfig={key('kube-controller-manager.kubeconfig')}", *common,
            f"--service-account-private-key-file={key('sa.key')}", f"--root-ca-file={key('ca.crt')}",
            "--use-service-account-credentials=true", "--allocate-node-cidrs=false",
            "--node-monitor-grace-period=30s",
        ],
    )  # fmt: skip
    if scheduler:
        kubeconfig_flag = f"--kubeconfig={key('kube-scheduler.kubeconfig')}"
        processes.start(world, "kube-scheduler", [programs["kube-scheduler"], kubeconfig_flag, *common])
        _ready(world, "kube-scheduler", _inner(world, ports.SCHEDULER), "/healthz", 30)
    _ready(world, "kube-controller-manager", _inner(world, ports.CONTROLLER_MANAGER), "/healthz", 30)


def _inner(world: World, port: int) -> Web:
    return Web(f"https://{world.inner}:{port}", world.credential("ca.crt"))


def _ready(world: World, server: str, web: Web, path: str, patience: float) -> None:
    process = processes.recorded(world, server)
    wait(server, lambda: web.ready(path), patience, alive=lambda: process is not None and processes.alive(process))
    web.close()
