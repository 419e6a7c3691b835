"""External Secrets Operator: what is copied from where, and what ESO itself reads."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.estate.facts import Use
from migrate.estate.fields import Object, Reading, field, items, pick, text
from migrate.model.json import Json, Pointer, pointer_text

_OWNERSHIP_PREFIXES = (
    "reflector.v1.k8s.emberstack.com/",
    "replicator.v1.mittwald.de/",
    "helm.sh/resource-policy",
)


def external(value: Object) -> Reading:
    """An ExternalSecret."""
    return Reading(tuple(_template_sources(value, ("spec",))), external_secret(value.get("spec")))


def cluster_external(value: Object) -> Reading:
    """A ClusterExternalSecret: an ExternalSecret and the namespaces it is made in."""
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


def external_secret(spec: Json) -> Object:
    """The part of an ExternalSecret's spec that is kept: names and policies, no template text."""
    target = field(spec, "target")
    return {
        "store": pick(field(spec, "secretStoreRef"), "kind", "name"),
        "target": pick(target, "name", "creationPolicy", "deletionPolicy"),
        "template": isinstance(field(target, "template"), dict) and bool(field(target, "template")),
        "merged": text(field(target, "template", "mergePolicy")) == "Merge",
        "templated": _keys(field(target, "template", "data")),
        "annotations": ownership(field(target, "template", "metadata", "annotations")),
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
                "store": pick(field(item, "sourceRef", "storeRef"), "kind", "name"),
                "generator": field(item, "sourceRef", "generatorRef") is not None,
            }
            for item in items(field(spec, "dataFrom"))
        ],
    }


def _keys(value: Json) -> list[Json]:
    return list(value) if isinstance(value, dict) else []


def _template_sources(value: Object, at: tuple[str, ...]) -> Iterable[Use]:
    """`target.template.templateFrom[].secret`: ESO reads another Secret to fill this one."""
    for index, source in enumerate(items(field(value, *at, "target", "template", "templateFrom"))):
        if name := text(field(source, "secret", "name")):
            pointer = pointer_text((*at, "target", "template", "templateFrom", index, "secret", "name"))
            yield Use(name, "", "custom-resource", pointer)


def store(value: Object) -> Reading:
    """A SecretStore or ClusterSecretStore: its provider, and the Secrets it reaches it with."""
    provider = field(value, "spec", "provider")
    name = next(iter(provider), "") if isinstance(provider, dict) else ""
    inside = field(provider, name) if name else None
    spec: Object = {"provider": name, **pick(inside, "server", "path", "version", "namespace")}
    named = tuple(_selectors(inside, ("spec", "provider", name)))
    authority = field(inside, "caProvider")
    if text(field(authority, "type")) == "Secret" and (ca := text(field(authority, "name"))):
        pointer = pointer_text(("spec", "provider", name, "caProvider", "name"))
        named = (*named, Use(ca, text(field(authority, "namespace")), "secretRef", pointer))
    return Reading(named, spec)


def _selectors(value: Json, at: Pointer) -> Iterable[Use]:
    """Every `{name, key}` below a provider is a Secret, whatever the field is called; `caProvider` says so itself."""
    if isinstance(value, dict):
        name = text(value.get("name"))
        if name and at[-1] != "caProvider" and (isinstance(value.get("key"), str) or str(at[-1]).endswith("Ref")):
            yield Use(name, text(value.get("namespace")), "secretRef", pointer_text((*at, "name")))
            return
        for key, child in value.items():
            if not key.startswith("serviceAccount"):
                yield from _selectors(child, (*at, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _selectors(child, (*at, index))


def push(value: Object) -> Reading:
    """A PushSecret reads the Secret that it pushes."""
    spec = value.get("spec")
    selector = text(field(spec, "selector", "secret", "name"))
    pointer = pointer_text(("spec", "selector", "secret", "name"))
    return Reading((Use(selector, "", "custom-resource", pointer),) if selector else ())


def ownership(annotations: Json) -> Object:
    """The annotations that say who copies or keeps an object."""
    pairs = annotations.items() if isinstance(annotations, dict) else ()
    return {key: item for key, item in pairs if key.startswith(_OWNERSHIP_PREFIXES)}
