"""Ports of a lab's servers. Always the same: each lab has an address of its own, so no two labs share one."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

ETCD: Final = 2379
API: Final = 6443
CONTROLLER_MANAGER: Final = 10257
SCHEDULER: Final = 10259
KUBELET: Final = 10250
VAULT: Final = 8200
POSTGRES: Final = 5432
INJECTOR: Final = 8443
GIT: Final = 8081
REGISTRY: Final = 5000
SOURCE_ARTIFACTS: Final = 9790
DNS: Final = 53
FAULTS: Final = 7000
CHARTS: Final = 7001
RESTORED: Final = 8300

BEHIND: Final = 10_000
"""Added to the port of a server that stands behind the fault proxy."""

PLAIN: Final = 2
"""Added to that of a Vault for its listener without TLS: some estates reach theirs so."""

METRICS: Final = MappingProxyType(
    {"external-secrets": 8381, "source-controller": 8382, "kustomize-controller": 8383, "helm-controller": 8384}
)
HEALTH: Final = MappingProxyType(
    {"external-secrets": 9381, "source-controller": 9382, "kustomize-controller": 9383, "helm-controller": 9384}
)
