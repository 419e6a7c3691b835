"""Argo CD: sources to follow, and the chart values that stand in Applications."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.documents.reader import YamlFault, load_all
from migrate.estate import helm
from migrate.estate.facts import Use
from migrate.estate.fields import Object, Reading, pick
from migrate.model.json import Json, Pointer, items, reach, text


def application(value: Object) -> Reading:
    """Argo CD: sources to follow, and Helm values given as text or map."""
    spec = reach(value, "spec", "template", "spec") if value.get("kind") == "ApplicationSet" else value.get("spec")
    sources = [*items(reach(spec, "sources"))]
    if isinstance(source := reach(spec, "source"), dict):
        sources.append(source)
    return Reading(
        tuple(_argo_values(value)),
        {
            "sources": [pick(item, "path", "chart") for item in sources],
            "namespace": text(reach(spec, "destination", "namespace")),
            "chart": next((name for item in sources if (name := text(item.get("chart")))), ""),
            "generators": reach(value, "spec", "generators") if value.get("kind") == "ApplicationSet" else None,
        },
        texts=True,
    )


def _argo_values(value: Object) -> Iterable[Use]:
    at: Pointer = ("spec", "template", "spec") if value.get("kind") == "ApplicationSet" else ("spec",)
    spec = reach(value, *map(str, at))
    release = text(reach(value, "metadata", "name"))
    namespace = text(reach(spec, "destination", "namespace"))
    sources: list[tuple[Json, Pointer]] = [(reach(spec, "source"), (*at, "source"))]
    sources += [(source, (*at, "sources", index)) for index, source in enumerate(items(reach(spec, "sources")))]
    for source, place in sources:
        for key in ("valuesObject", "values"):
            values = _parsed(reach(source, "helm", key))
            yield from helm.read_values(values, (*place, "helm", key), release, namespace)[0]


def _parsed(values: Json) -> Json:
    """Values as a map; Argo CD also takes them as a text of YAML."""
    if not isinstance(values, str):
        return values
    try:
        return next((document.value for document in load_all(values.encode())), None)
    except YamlFault:
        return None
