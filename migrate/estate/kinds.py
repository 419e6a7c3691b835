"""What each kind of object says: which Secrets it names, and the part of it that wiring and planning need.

One function a family of kinds, `(object) -> Reading`; anything not listed is read by the generic walk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from migrate.estate import helm
from migrate.estate.facts import Container, Use
from migrate.estate.pods import Pod, pods
from migrate.estate.references import may_mention
from migrate.estate.references import uses as named_uses
from migrate.model.json import Json, Pointer, pointer_text

Object: TypeAlias = "dict[str, Json]"

WORKLOADS = frozenset(
    {"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"}
)
_SENSITIVE = re.compile(r"(?i)passw|token|secret|key|credential|private")
_HARMLESS = re.compile(r"(?i)(name|ref|namespace|domain|host|path|url|enabled)$")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHORT = 300


class Reading(NamedTuple):
    """What an object says. See `Facts` for the fields."""

    uses: tuple[Use, ...] = ()
    spec: Json = None
    containers: tuple[Container, ...] = ()
    service_account: str = ""
    workload: bool = False
    texts: bool = False


def read(api: str, kind: str, value: Object) -> Reading:
    """The reading of one object."""
    group = api.rpartition("/")[0]
    reader = _READERS.get((group, kind)) or _READERS.get(("", kind) if kind in WORKLOADS else (group, "*"))
    reading = (reader or _generic)(value)
    if reading.texts and kind != "ConfigMap":
        known = frozenset(use.pointer for use in reading.uses)
        reading = reading._replace(texts=may_mention(value, known, loosely(group, kind)))
    return reading


def loosely(group: str, kind: str) -> str:
    """What a loosely named field means in such an object; built-in kinds have none, their references are all known."""
    if kind == "HelmRelease" or group == "argoproj.io":
        return helm.HOW
    return "" if kind in WORKLOADS or not group else "custom-resource"


def field(value: Json, *path: str) -> Json:
    """The value below `path`, or None where something on the way is missing or no map."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(value: Json) -> str:
    """The value if it is a string, else empty."""
    return value if isinstance(value, str) else ""


def items(value: Json) -> list[Object]:
    """The maps of a list; empty for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def pick(value: Json, *keys: str) -> Object:
    """The named keys of a map that are present."""
    return {key: value[key] for key in keys if key in value} if isinstance(value, dict) else {}


def sensitive(key: str) -> bool:
    """Whether a key's name says that its value may be a secret; such values are never kept."""
    return _SENSITIVE.search(key) is not None and _HARMLESS.search(key) is None


# --- pods -------------------------------------------------------------------------------------------------


def _workload(value: Object) -> Reading:
    found = list(pods(value))
    return _with_pods(value, found, workload=True)


def _generic(value: Object) -> Reading:
    """Any other object: pod templates inside it are pods; bare container lists belong to its controller."""
    found = list(pods(value))
    templates = [pod for pod in found if _is_template(value, pod)]
    bare = [use._replace(how="custom-resource") for pod in found if pod not in templates for use in pod.uses]
    reading = _with_pods(value, templates, workload=bool(templates))
    skip = frozenset(pod.at for pod in found)
    named = named_uses(value, "custom-resource", skip=skip)
    return reading._replace(uses=(*reading.uses, *bare, *named), texts=True)


def _is_template(value: Object, pod: Pod) -> bool:
    """`template: {metadata, spec}`: what stands beside the spec reaches the pod."""
    return pod.at[-2:] == ("template", "spec") and pod.at[:1] == ("spec",)


def _with_pods(value: Object, found: Iterable[Pod], *, workload: bool) -> Reading:
    found = list(found)
    return Reading(
        uses=tuple(use for pod in found for use in pod.uses),
        containers=tuple(container for pod in found for container in pod.containers),
        service_account=next((pod.service_account for pod in found if pod.service_account), ""),
        workload=workload,
        texts=True,
    )


# --- external secrets -------------------------------------------------------------------------------------


def external_secret(spec: Json) -> Object:
    """The part of an ExternalSecret's spec that is kept: names and policies, no template text."""
    target = field(spec, "target")
    return {
        "store": pick(field(spec, "secretStoreRef"), "kind", "name"),
        "target": pick(target, "name", "creationPolicy", "deletionPolicy", "immutable"),
        "template": isinstance(field(target, "template"), dict) and bool(field(target, "template")),
        "annotations": _ownership(field(target, "template", "metadata", "annotations")),
        "refresh": str(field(spec, "refreshInterval") if field(spec, "refreshInterval") is not None else ""),
        "data": [
            {
                "key": item.get("secretKey"),
                "ref": pick(item.get("remoteRef"), "key", "property"),
                "store": pick(field(item, "sourceRef", "storeRef"), "kind", "name"),
                "generator": field(item, "sourceRef", "generatorRef") is not None,
            }
            for item in items(field(spec, "data"))
        ],
        "from": [
            {
                "ref": pick(item.get("extract"), "key", "property"),
                "find": "find" in item,
                "store": pick(field(item, "sourceRef", "storeRef"), "kind", "name"),
                "generator": field(item, "sourceRef", "generatorRef") is not None,
            }
            for item in items(field(spec, "dataFrom"))
        ],
    }


def _external(value: Object) -> Reading:
    return Reading(tuple(_template_sources(value, ("spec",))), external_secret(value.get("spec")))


def _cluster_external(value: Object) -> Reading:
    inner = external_secret(field(value, "spec", "externalSecretSpec"))
    extra = {
        "name": field(value, "spec", "externalSecretName"),
        "namespaces": field(value, "spec", "namespaces"),
    }
    selectors = [
        field(value, "spec", "namespaceSelector"),
        *items(field(value, "spec", "namespaceSelectors")),
    ]
    labels = [field(selector, "matchLabels") for selector in selectors if isinstance(selector, dict)]
    return Reading(
        tuple(_template_sources(value, ("spec", "externalSecretSpec"))),
        {**inner, **extra, "selectors": list(labels)},
    )


def _template_sources(value: Object, at: tuple[str, ...]) -> Iterable[Use]:
    """`target.template.templateFrom[].secret`: ESO reads another Secret to fill this one."""
    for index, source in enumerate(items(field(value, *at, "target", "template", "templateFrom"))):
        if name := text(field(source, "secret", "name")):
            pointer = pointer_text((*at, "target", "template", "templateFrom", index, "secret", "name"))
            yield Use(name, "", "custom-resource", pointer)


def _store(value: Object) -> Reading:
    provider = field(value, "spec", "provider")
    name = next(iter(provider), "") if isinstance(provider, dict) else ""
    inside = field(provider, name) if name else None
    spec: Object = {"provider": name, **pick(inside, "server", "path", "version", "namespace")}
    named = tuple(named_uses(value.get("spec"), "secretRef", ("spec",)))
    authority = field(inside, "caProvider")
    if text(field(authority, "type")) == "Secret" and (ca := text(field(authority, "name"))):
        pointer = pointer_text(("spec", "provider", name, "caProvider", "name"))
        named = (*named, Use(ca, text(field(authority, "namespace")), "secretRef", pointer))
    return Reading(named, spec)


def _push(value: Object) -> Reading:
    spec = value.get("spec")
    selector = text(field(spec, "selector", "secret", "name"))
    pointer = pointer_text(("spec", "selector", "secret", "name"))
    return Reading((Use(selector, "", "custom-resource", pointer),) if selector else ())


# --- flux and helm ----------------------------------------------------------------------------------------


def _flux_kustomization(value: Object) -> Reading:
    spec = value.get("spec")
    found: list[Use] = []
    for index, source in enumerate(items(field(spec, "postBuild", "substituteFrom"))):
        if source.get("kind") == "Secret" and (name := text(source.get("name"))):
            pointer = pointer_text(("spec", "postBuild", "substituteFrom", index, "name"))
            found.append(Use(name, "", "substituteFrom", pointer))
    for how, path in (("decryption", ("decryption",)), ("secretRef", ("kubeConfig",))):
        if name := text(field(spec, *path, "secretRef", "name")):
            found.append(Use(name, "", how, pointer_text(("spec", *path, "secretRef", "name"))))
    return Reading(tuple(found), _flux_spec(spec))


def _flux_spec(spec: Json) -> Object:
    substitute = field(spec, "postBuild", "substitute")
    kept: Object = {
        key: _scalar(item)
        for key, item in (substitute.items() if isinstance(substitute, dict) else ())
        if not sensitive(key)
    }
    masked = isinstance(substitute, dict) and len(kept) < len(substitute)
    return {
        **pick(spec, "path", "targetNamespace", "namePrefix", "nameSuffix", "sourceRef", "components", "suspend"),
        "dependsOn": [pick(item, "name", "namespace") for item in items(field(spec, "dependsOn"))],
        "postBuild": isinstance(field(spec, "postBuild"), dict),
        "substitute": kept,
        "masked": masked,
        "substituteFrom": [
            pick(item, "kind", "name", "optional") for item in items(field(spec, "postBuild", "substituteFrom"))
        ],
        "patched": bool(field(spec, "patches")),
        "remote": field(spec, "kubeConfig") is not None,
    }


def _scalar(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _helm_release(value: Object) -> Reading:
    spec = value.get("spec")
    namespace = text(field(value, "metadata", "namespace"))
    release = text(field(spec, "releaseName")) or text(field(value, "metadata", "name"))
    found: list[Use] = []
    for index, source in enumerate(items(field(spec, "valuesFrom"))):
        if source.get("kind") == "Secret" and (name := text(source.get("name"))):
            pointer = pointer_text(("spec", "valuesFrom", index, "name"))
            keys = (text(source.get("valuesKey")) or "values.yaml",)
            found.append(Use(name, "", "valuesFrom", pointer, keys=keys))
    in_values, containers = helm.read_values(field(spec, "values"), ("spec", "values"), release, namespace)
    others = named_uses(spec, "secretRef", ("spec",), skip=frozenset({("spec", "values"), ("spec", "valuesFrom")}))
    post = (use._replace(how="helm-values") for use in others if use.pointer.startswith("/spec/postRenderers"))
    plain = (use for use in others if not use.pointer.startswith("/spec/postRenderers"))
    return Reading((*found, *in_values, *post, *plain), _release_spec(spec, release), tuple(containers), texts=True)


def _release_spec(spec: Json, release: str) -> Object:
    chart = field(spec, "chart", "spec")
    sources = [pick(item, "kind", "name", "valuesKey", "targetPath") for item in items(field(spec, "valuesFrom"))]
    return {
        "chart": text(field(chart, "chart")) or text(field(spec, "chart")),
        "version": str(field(chart, "version") or ""),
        "chartRef": pick(field(spec, "chartRef"), "kind", "name", "namespace"),
        "release": release,
        "targetNamespace": text(field(spec, "targetNamespace")),
        "valuesFrom": list(sources),
    }


def _source(value: Object) -> Reading:
    spec = value.get("spec")
    return Reading(tuple(named_uses(spec, "secretRef", ("spec",))), pick(spec, "url", "ref", "sync", "layerSelector"))


# --- the rest ---------------------------------------------------------------------------------------------


def _ingress(value: Object) -> Reading:
    return Reading((*named_uses(value.get("spec"), "ingress-tls", ("spec",)), *_annotations(value)), texts=False)


def _gateway(value: Object) -> Reading:
    named = list(named_uses(value.get("spec"), "gateway-tls", ("spec",)))
    for index, listener in enumerate(items(field(value, "spec", "listeners"))):
        for place, reference in enumerate(items(field(listener, "tls", "certificateRefs"))):
            if reference.get("kind", "Secret") == "Secret" and (name := text(reference.get("name"))):
                pointer = pointer_text(("spec", "listeners", index, "tls", "certificateRefs", place, "name"))
                named.append(Use(name, text(reference.get("namespace")), "gateway-tls", pointer))
    return Reading(tuple(named))


def _annotations(value: Object) -> Iterable[Use]:
    """Ingress annotations whose key ends in `-secret` name one (basic auth, client CA), as `namespace/name` or name."""
    annotations = field(value, "metadata", "annotations")
    for key, name in annotations.items() if isinstance(annotations, dict) else ():
        if key.endswith("-secret") and isinstance(name, str):
            namespace, _, plain = name.rpartition("/")
            yield Use(plain, namespace, "ingress-tls", pointer_text(("metadata", "annotations", key)))


def _service_account(value: Object) -> Reading:
    found = []
    for name_field in ("secrets", "imagePullSecrets"):
        for index, item in enumerate(items(value.get(name_field))):
            if name := text(item.get("name")):
                found.append(Use(name, "", "serviceaccount", pointer_text((name_field, index, "name"))))
    return Reading(tuple(found))


def _role(value: Object) -> Reading:
    found = []
    for index, rule in enumerate(items(value.get("rules"))):
        verbs, resources, names = (rule.get(key) for key in ("verbs", "resources", "resourceNames"))
        reads = isinstance(verbs, list) and {"get", "list", "watch", "*"} & {str(verb) for verb in verbs}
        if reads and isinstance(resources, list) and {"secrets", "*"} & {str(item) for item in resources}:
            for place, name in enumerate(names if isinstance(names, list) else []):
                if isinstance(name, str):
                    found.append(Use(name, "", "rbac", pointer_text(("rules", index, "resourceNames", place))))
    return Reading(tuple(found))


def _certificate(value: Object) -> Reading:
    spec = value.get("spec")
    produced: Pointer = ("spec", "secretName")
    return Reading(
        tuple(named_uses(spec, "custom-resource", ("spec",), skip=frozenset({produced}))),
        pick(spec, "secretName"),
    )


def _config_map(value: Object) -> Reading:
    """Only what can be a variable is kept: short, on one line, under a key that is a variable's name."""
    data = field(value, "data")
    pairs = data.items() if isinstance(data, dict) else ()
    short = {
        key: _scalar(item) for key, item in pairs if _VARIABLE.fullmatch(key) and not isinstance(item, dict | list)
    }
    kept: Object = {
        key: item for key, item in short.items() if len(item) <= _SHORT and "\n" not in item and not sensitive(key)
    }
    return Reading((), {"data": kept, "masked": len(kept) < len(short)}, texts=True)


def _secret(value: Object) -> Reading:
    keys = [key for name in ("data", "stringData") if isinstance(part := value.get(name), dict) for key in part]
    return Reading((), {"keys": list(keys), "type": text(value.get("type"))})


def _replication(value: Object) -> Reading:
    """VolSync calls the Secret with a repository's address and password its `repository`."""
    reading = _generic(value)
    spec = value.get("spec")
    found = [
        Use(name, "", "custom-resource", pointer_text(("spec", mover, "repository")))
        for mover, settings in (spec.items() if isinstance(spec, dict) else ())
        if (name := text(field(settings, "repository")))
    ]
    if name := text(field(spec, "repository")):
        found.append(Use(name, "", "custom-resource", pointer_text(("spec", "repository"))))
    return reading._replace(uses=(*reading.uses, *found))


def _postgres_cluster(value: Object) -> Reading:
    reading = _generic(value)
    users = [text(user.get("name")) for user in items(field(value, "spec", "users"))]
    return reading._replace(spec={"users": [user for user in users if user]})


def _application(value: Object) -> Reading:
    """Argo CD: sources to follow, and Helm values given as text or map."""
    spec = field(value, "spec", "template", "spec") if value.get("kind") == "ApplicationSet" else value.get("spec")
    sources = [*items(field(spec, "sources"))]
    if isinstance(source := field(spec, "source"), dict):
        sources.append(source)
    return Reading(
        tuple(_argo_values(value)),
        {
            "sources": [pick(item, "repoURL", "path", "chart", "targetRevision", "directory") for item in sources],
            "namespace": text(field(spec, "destination", "namespace")),
            "chart": next((name for item in sources if (name := text(item.get("chart")))), ""),
            "generators": field(value, "spec", "generators") if value.get("kind") == "ApplicationSet" else None,
            "kustomize": [pick(item.get("kustomize"), "namespace", "namePrefix", "nameSuffix") for item in sources],
        },
        texts=True,
    )


def _argo_values(value: Object) -> Iterable[Use]:
    release = text(field(value, "metadata", "name"))
    namespace = text(field(value, "spec", "destination", "namespace"))
    places: list[tuple[Json, Pointer]] = [
        (field(value, "spec", "source", "helm", "valuesObject"), ("spec", "source", "helm", "valuesObject"))
    ]
    for index, source in enumerate(items(field(value, "spec", "sources"))):
        places.append((field(source, "helm", "valuesObject"), ("spec", "sources", index, "helm", "valuesObject")))
    for values, at in places:
        yield from helm.read_values(values, at, release, namespace)[0]


_OWNERSHIP_PREFIXES = (
    "reflector.v1.k8s.emberstack.com/",
    "replicator.v1.mittwald.de/",
    "helm.sh/resource-policy",
)


def _ownership(annotations: Json) -> Object:
    pairs = annotations.items() if isinstance(annotations, dict) else ()
    return {key: item for key, item in pairs if key.startswith(_OWNERSHIP_PREFIXES)}


_Reader: TypeAlias = Callable[[Object], Reading]
_ESO = "external-secrets.io"
_FLUX_SOURCES = (
    "source.toolkit.fluxcd.io",
    "image.toolkit.fluxcd.io",
    "notification.toolkit.fluxcd.io",
    "fluxcd.controlplane.io",
)
_READERS: dict[tuple[str, str], _Reader] = {
    **{("", kind): _workload for kind in WORKLOADS},
    (_ESO, "ExternalSecret"): _external,
    (_ESO, "ClusterExternalSecret"): _cluster_external,
    (_ESO, "SecretStore"): _store,
    (_ESO, "ClusterSecretStore"): _store,
    (_ESO, "PushSecret"): _push,
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): _flux_kustomization,
    ("helm.toolkit.fluxcd.io", "HelmRelease"): _helm_release,
    **{(group, "*"): _source for group in _FLUX_SOURCES},
    ("networking.k8s.io", "Ingress"): _ingress,
    ("extensions", "Ingress"): _ingress,
    ("traefik.io", "IngressRoute"): _ingress,
    ("traefik.containo.us", "IngressRoute"): _ingress,
    ("gateway.networking.k8s.io", "Gateway"): _gateway,
    ("", "ServiceAccount"): _service_account,
    ("rbac.authorization.k8s.io", "Role"): _role,
    ("rbac.authorization.k8s.io", "ClusterRole"): _role,
    ("cert-manager.io", "Certificate"): _certificate,
    ("", "ConfigMap"): _config_map,
    ("", "Secret"): _secret,
    ("postgres-operator.crunchydata.com", "PostgresCluster"): _postgres_cluster,
    ("volsync.backube", "*"): _replication,
    ("argoproj.io", "Application"): _application,
    ("argoproj.io", "ApplicationSet"): _application,
}
