"""A Kubernetes API server of a test's own: admission, tokens and RBAC are real, pods are nobody's to run."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrate.model.ports import Unreachable
from migrate.stores.cluster.api import Api
from tests.contract.servers import free_port, process, program, wait

ISSUER = "https://kubernetes.default.svc"
_TOKENS = "admin-token-canary,admin,1,system:masters\nonlooker-token-canary,onlooker,2\n"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where its kubeconfig lies, and the key that its service accounts' tokens are signed with."""

    kubeconfig: Path
    public: str

    def api(self, user: str = "admin") -> Api:
        """The cluster, asked as one of its users."""
        return Api(user, str(self.kubeconfig))

    def make(self, path: str, **body: Any) -> None:
        """Create an object as its administrator."""
        found = self.api().ask("POST", path, body)
        assert found.ok or found.status == 409, found.message


def absent() -> str:
    """What is not built here; empty where everything is."""
    names = [name for name, where in (("etcd", "etcd-"), ("kube-apiserver", "kubernetes-")) if not program(name, where)]
    return f"not built here: {', '.join(names)} (make lab)" if names else ""


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """An API server on loopback, until the block ends."""
    key, clients, peers, port = folder / "sa.key", free_port(), free_port(), free_port()
    subprocess.run(("openssl", "genrsa", "-out", str(key), "2048"), check=True, capture_output=True)
    public = subprocess.run(("openssl", "rsa", "-in", str(key), "-pubout"), check=True, capture_output=True, text=True)
    (folder / "sa.pub").write_text(public.stdout)
    (folder / "tokens.csv").write_text(_TOKENS)
    etcd = [
        str(program("etcd", "etcd-")), f"--data-dir={folder / 'etcd'}", "--name=one", "--unsafe-no-fsync",
        f"--listen-client-urls=http://127.0.0.1:{clients}", f"--advertise-client-urls=http://127.0.0.1:{clients}",
        f"--listen-peer-urls=http://127.0.0.1:{peers}", f"--initial-advertise-peer-urls=http://127.0.0.1:{peers}",
        f"--initial-cluster=one=http://127.0.0.1:{peers}",
    ]  # fmt: skip
    server = [
        str(program("kube-apiserver", "kubernetes-")), f"--etcd-servers=http://127.0.0.1:{clients}",
        "--bind-address=127.0.0.1", f"--secure-port={port}", f"--cert-dir={folder / 'certificates'}",
        f"--token-auth-file={folder / 'tokens.csv'}", "--authorization-mode=RBAC", "--endpoint-reconciler-type=none",
        f"--service-account-issuer={ISSUER}", f"--service-account-key-file={folder / 'sa.pub'}",
        f"--service-account-signing-key-file={key}", "--service-cluster-ip-range=10.96.0.0/16",
        "--disable-admission-plugins=ServiceAccount", "--shutdown-delay-duration=0s",
    ]  # fmt: skip
    with process(etcd, folder / "etcd.log"), process(server, folder / "apiserver.log") as ran:
        found = Cluster(_kubeconfig(folder, port), public.stdout)
        wait((folder / "certificates" / "apiserver.crt").exists, ran)
        wait(lambda: _ready(found), ran)
        yield found


def _ready(found: Cluster) -> bool:
    try:
        return found.api().look("/api/v1/namespaces/kube-system").ok
    except Unreachable:
        return False


def _kubeconfig(folder: Path, port: int) -> Path:
    users = {user: f"{user}-token-canary" for user in ("admin", "onlooker")}
    certificate = str(folder / "certificates" / "apiserver.crt")
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "admin",
        "clusters": [
            {"name": "c", "cluster": {"server": f"https://127.0.0.1:{port}", "certificate-authority": certificate}}
        ],
        "users": [{"name": user, "user": {"token": token}} for user, token in users.items()],
        "contexts": [{"name": user, "context": {"cluster": "c", "user": user}} for user in users],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(document))
    return path
