"""External Secrets Operator: what is copied from where, and what ESO itself reads."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.estate.facts import Use
from migrate.estate.fields import Object, Reading, pick
from migrate.model.json import Json, Pointer, items, pointer_text, reach, text

COPYING = (
    "reflector.v1.k8s.emberstack.com/",
    "replicator.v1.mittwald.de/",
    "kubed.appscode.com/sync",
)
"""Beginnings of the annotations that have a controller copy a Secret to other namespaces."""
_KEPT_ANNOTATIONS = (*COPYING, "cert-manager.io/allow-direct-injection")


def external(value: Object) -> Reading:
    """An ExternalSecret."""
    return Reading(tuple(_template_sources(value, ("spec",))), external_secret(value.get("spec")))


def cluster_external(value: Object) -> Reading:
    """A ClusterExternalSecret: an ExternalSecret and the namespaces it is made in."""
    inner = external_secret(reach(value, "spec", "externalSecretSpec"))
    extra = {
        "name": reach(value, "spec", "externalSecretName"),
        "namespaces": reach(value, "spec", "namespaces"),
    }
    selectors = [
        reach(value, "spec", "namespaceSelector"),
        *items(reach(value, "spec", "namespaceSelectors")),
    ]
    labels = [reach(selector, "matchLabels") for selector in selectors if isinstance(selector, dict)]
    return Reading(
        tuple(_template_sources(value, ("spec", "externalSecretSpec"))),
        {**inner, **extra, "selectors": list(labels)},
    )


def external_secret(spec: Json) -> Object:
    """The part of an ExternalSecret's spec that is kept: names and policies, no template text."""
    target = reach(spec, "target")
    return {
        "store": pick(reach(spec, "secretStoreRef"), "kind", "name"),
        "target": pick(target, "name", "creationPolicy", "deletionPolicy"),
        "template": isinstance(reach(target, "template"), dict) and bool(reach(target, "template")),
        "merged": text(reach(target, "template", "mergePolicy")) == "Merge",
        "templated": _keys(reach(target, "template", "data")),
        "annotations": ownership(reach(target, "template", "metadata", "annotations")),
        "labels": reach(target, "template", "metadata", "labels"),
        "refresh": str(reach(spec, "refreshInterval") if reach(spec, "refreshInterval") is not None else ""),
        "data": [
            {
                "key": item.get("secretKey"),
                "ref": pick(item.get("remoteRef"), "key", "property"),
                "store": pick(reach(item, "sourceRef", "storeRef"), "kind", "name"),
                "generator": reach(item, "sourceRef", "generatorRef") is not None,
            }
            for item in items(reach(spec, "data"))
        ],
        "from": [
            {
                "ref": pick(item.get("extract"), "key", "property"),
                "store": pick(reach(item, "sourceRef", "storeRef"), "kind", "name"),
                "generator": reach(item, "sourceRef", "generatorRef") is not None,
            }
            for item in items(reach(spec, "dataFrom"))
        ],
    }


def _keys(value: Json) -> list[Json]:
    return list(value) if isinstance(value, dict) else []


def _template_sources(value: Object, at: tuple[str, ...]) -> Iterable[Use]:
    """`target.template.templateFrom[].secret`: ESO reads another Secret to fill this one."""
    for index, source in enumerate(items(reach(value, *at, "target", "template", "templateFrom"))):
        if name := text(reach(source, "secret", "name")):
            pointer = pointer_text((*at, "target", "template", "templateFrom", index, "secret", "name"))
            yield Use(name, "", "custom-resource", pointer)


def store(value: Object) -> Reading:
    """A SecretStore or ClusterSecretStore: its provider, and the Secrets it reaches it with."""
    provider = reach(value, "spec", "provider")
    name = next(iter(provider), "") if isinstance(provider, dict) else ""
    inside = reach(provider, name) if name else None
    spec: Object = {"provider": name, **pick(inside, "server", "path", "version", "namespace", "remoteNamespace")}
    named = tuple(_selectors(inside, ("spec", "provider", name)))
    authority = reach(inside, "caProvider")
    if text(reach(authority, "type")) == "Secret" and (ca := text(reach(authority, "name"))):
        pointer = pointer_text(("spec", "provider", name, "caProvider", "name"))
        named = (*named, Use(ca, text(reach(authority, "namespace")), "secretRef", pointer))
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
    selector = text(reach(spec, "selector", "secret", "name"))
    pointer = pointer_text(("spec", "selector", "secret", "name"))
    return Reading((Use(selector, "", "custom-resource", pointer),) if selector else ())


def ownership(annotations: Json) -> Object:
    """The annotations that say who copies an object, or finds it by them."""
    pairs = annotations.items() if isinstance(annotations, dict) else ()
    return {key: item for key, item in pairs if key.startswith(_KEPT_ANNOTATIONS)}
