"""What each kind of object says: which Secrets it names, and the part of it that wiring and planning need.

One function a kind, `(object) -> Reading`, in files by family (workloads, native, external, flux, argo); anything not
in the table is read by the generic walk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from migrate.estate import helm
from migrate.estate.fields import Object, Reading, pick, sensitive
from migrate.estate.kinds import argo, external, flux, native, workloads
from migrate.estate.mentions import may_mention

__all__ = [
    "WORKLOADS",
    "Object",
    "Reading",
    "loosely",
    "pick",
    "read",
    "sensitive",
]

WORKLOADS = frozenset(
    {"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"}
)


def read(api: str, kind: str, value: Object) -> Reading:
    """The reading of one object."""
    group = api.rpartition("/")[0]
    reader = _READERS.get((group, kind)) or _READERS.get(("", kind) if kind in WORKLOADS else (group, "*"))
    reading = (reader or workloads.generic)(value)
    if reading.texts and kind != "ConfigMap":
        known = frozenset(use.pointer for use in reading.uses)
        parts = [(value, ()), *(argo.inline_values(value) if group == "argoproj.io" else ())]
        how = loosely(group, kind)
        reading = reading._replace(texts=any(may_mention(part, known, how, at) for part, at in parts))
    return reading


def loosely(group: str, kind: str) -> str:
    """What a loosely named field means in such an object; built-in kinds have none, their references are all known."""
    if kind == "HelmRelease" or group == "argoproj.io":
        return helm.HOW
    return "" if kind in WORKLOADS or not group else "custom-resource"


_Reader: TypeAlias = Callable[[Object], Reading]
_ESO = "external-secrets.io"
_FLUX_SOURCES = (
    "source.toolkit.fluxcd.io",
    "image.toolkit.fluxcd.io",
    "notification.toolkit.fluxcd.io",
    "fluxcd.controlplane.io",
)
_READERS: dict[tuple[str, str], _Reader] = {
    **{("", kind): workloads.workload for kind in WORKLOADS},
    (_ESO, "ExternalSecret"): external.external,
    (_ESO, "ClusterExternalSecret"): external.cluster_external,
    (_ESO, "SecretStore"): external.store,
    (_ESO, "ClusterSecretStore"): external.store,
    (_ESO, "PushSecret"): external.push,
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): flux.kustomization,
    ("helm.toolkit.fluxcd.io", "HelmRelease"): flux.helm_release,
    **{(group, "*"): flux.source for group in _FLUX_SOURCES},
    ("networking.k8s.io", "Ingress"): native.ingress,
    ("extensions", "Ingress"): native.ingress,
    ("traefik.io", "IngressRoute"): native.ingress,
    ("traefik.containo.us", "IngressRoute"): native.ingress,
    ("gateway.networking.k8s.io", "Gateway"): native.gateway,
    ("networking.istio.io", "Gateway"): native.istio_gateway,
    ("", "ServiceAccount"): native.service_account,
    ("rbac.authorization.k8s.io", "Role"): native.role,
    ("rbac.authorization.k8s.io", "ClusterRole"): native.role,
    ("cert-manager.io", "Certificate"): native.certificate,
    ("", "ConfigMap"): native.config_map,
    ("", "Secret"): native.secret,
    ("postgres-operator.crunchydata.com", "PostgresCluster"): native.postgres_cluster,
    ("volsync.backube", "*"): native.replication,
    ("argoproj.io", "Application"): argo.application,
    ("argoproj.io", "ApplicationSet"): argo.application,
}
