"""Argo CD: sources to follow, and the chart values that stand in Applications."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.estate import helm
from migrate.estate.facts import Use
from migrate.estate.kinds.fields import Object, Reading, field, items, pick, text
from migrate.model.json import Json, Pointer


def application(value: Object) -> Reading:
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
