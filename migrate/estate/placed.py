"""An object on its way through a build: renamed, and the changes that are for it, in order."""

from __future__ import annotations

import re
from typing import NamedTuple

from migrate.estate.facts import Facts, Use
from migrate.estate.strategic import Replacement
from migrate.model.json import Json, reach, text

CLUSTER_SCOPED = frozenset(
    {
        "Namespace", "Node", "PersistentVolume", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition",
        "StorageClass", "VolumeSnapshotClass", "PriorityClass", "IngressClass", "GatewayClass", "APIService",
        "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ClusterSecretStore",
        "ClusterExternalSecret", "ClusterIssuer", "RuntimeClass", "ClusterPolicy", "CSIDriver",
        "ValidatingAdmissionPolicy", "ClusterGenerator",
    }
)  # fmt: skip
_NEVER_RENAMED = frozenset({"Namespace", "CustomResourceDefinition", "APIService"})


def is_cluster_scoped(kind: str) -> bool:
    """Whether objects of this kind have no namespace; unknown kinds tell by their name, as operators name them."""
    return kind in CLUSTER_SCOPED or (kind.startswith("Cluster") and kind != "Cluster")


def namespace_of(fact: Facts, use: Use) -> str:
    """The namespace in which a Secret is looked for; empty where the object has none and says none."""
    if use.namespace or is_cluster_scoped(fact.kind):
        return use.namespace
    if fact.group == "networking.istio.io" and use.how == "gateway-tls":
        return ""
    target = text(reach(fact.spec, "targetNamespace"))
    if fact.kind == "HelmRelease" and target and use.how not in {"valuesFrom", "secretRef"}:
        return target
    if fact.group == "argoproj.io" and (namespace := text(reach(fact.spec, "namespace"))):
        return "" if "{{" in namespace else namespace
    if not fact.namespace and fact.group and not fact.workload and "." in fact.group and not _is_known(fact.group):
        return ""  # a custom resource without a namespace: of the whole cluster, as far as one can tell from here
    return fact.namespace or "default"


def _is_known(group: str) -> bool:
    """Groups whose namespaced kinds are all known here: without a namespace they are in `default`."""
    return group.endswith((".k8s.io", ".toolkit.fluxcd.io")) or group == "external-secrets.io"


class Patch(NamedTuple):
    """A change and whom it is for: a map merges, a list holds RFC 6902 operations."""

    target: Json
    body: Json | Replacement


class Layer(NamedTuple):
    """A kustomization that an object came through."""

    folder: str
    patches: int
    """How many of the object's patches there are once its `patches` are through: one more there comes next."""


class Placed(NamedTuple):
    """One object of a build, with what the build did to it."""

    facts: Facts
    namespace: str
    name: str
    patches: tuple[Patch, ...] = ()
    layers: tuple[Layer, ...] = ()
    """The kustomizations it came through, the one that lists its file first."""


def renamed(item: Placed, *, namespace: str, prefix: str = "", suffix: str = "") -> Placed:
    """The object after the namespace and name transformers."""
    fact = item.facts
    moved = namespace if namespace and not is_cluster_scoped(fact.kind) else item.namespace
    name = item.name if fact.kind in _NEVER_RENAMED else f"{prefix}{item.name}{suffix}"
    return item._replace(namespace=moved, name=name)


def through(objects: list[Placed], folder: str) -> list[Placed]:
    """The objects with the kustomization noted that they came through."""
    return [item._replace(layers=(*item.layers, Layer(folder, len(item.patches)))) for item in objects]


def patched(objects: list[Placed], patches: list[Patch]) -> list[Placed]:
    """The objects with the patches that are for them noted."""
    for patch in patches:
        objects = [item._replace(patches=(*item.patches, patch)) if is_for(patch, item) else item for item in objects]
    return objects


def is_for(patch: Patch, item: Placed) -> bool:
    """Whether a change selects this object, by its name now or as written."""
    fact = item.facts
    if not isinstance(patch.target, dict):
        body = patch.body
        namespace = text(reach(body if isinstance(body, dict) else None, "metadata", "namespace"))
        return (
            isinstance(body, dict)
            and body.get("kind") == fact.kind
            and text(body.get("apiVersion")).rpartition("/")[0] == fact.group
            and namespace in {"", fact.namespace, item.namespace}
            and text(reach(body, "metadata", "name")) in {fact.name, item.name}
        )
    target = patch.target
    group, kind, name = (text(target.get(key)) for key in ("group", "kind", "name"))
    return (
        _matches(kind, fact.kind)
        and _matches(group, fact.group)
        and (_matches(name, item.name) or _matches(name, fact.name))
        and _matches(text(target.get("namespace")), item.namespace)
        and _selects(text(target.get("labelSelector")), dict(fact.labels))
        and _selects(text(target.get("annotationSelector")), dict(fact.annotations))
    )


def _matches(pattern: str, word: str) -> bool:
    if not pattern or pattern == word:
        return True
    try:
        return re.fullmatch(pattern, word) is not None
    except re.error:
        return False


_REQUIREMENT = re.compile(r"(!?[^\s!=,()]+)\s*(notin|in|==|!=|=)?\s*(\([^)]*\)|[^\s,]*)")


def _selects(selector: str, labels: dict[str, str]) -> bool:
    """A Kubernetes label selector in text form."""
    return all(
        _requirement(match.group(1), match.group(2), match.group(3), labels)
        for match in _REQUIREMENT.finditer(selector)
        if match.group(1)
    )


def _requirement(key: str, operator: str | None, words: str, labels: dict[str, str]) -> bool:
    values = {word.strip() for word in words.strip("()").split(",")}
    match operator:
        case None:
            return key[1:] not in labels if key.startswith("!") else key in labels
        case "=" | "==" | "in":
            return labels.get(key) in values
        case _:
            return labels.get(key) not in values
