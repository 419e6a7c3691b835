"""Argo CD: sources to follow, and the chart values that stand in Applications."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrate.documents.reader import YamlFault, load_all
from migrate.estate import helm
from migrate.estate.facts import Use
from migrate.estate.fields import Object, Reading, pick
from migrate.model.json import Json, Pointer, items, reach, strings, text


def application(value: Object) -> Reading:
    """Argo CD: sources to follow, and Helm values given as text or map."""
    spec = reach(value, "spec", "template", "spec") if value.get("kind") == "ApplicationSet" else value.get("spec")
    sources = [*items(reach(spec, "sources"))]
    if isinstance(source := reach(spec, "source"), dict):
        sources.append(source)
    return Reading(
        tuple(_argo_values(value)),
        {
            "sources": [_source(item) for item in sources],
            "namespace": text(reach(spec, "destination", "namespace")),
            "release": _release(value, sources),
            "named": _named(value),
            "chart": next((name for item in sources if (name := text(item.get("chart")))), ""),
            "generators": reach(value, "spec", "generators") if value.get("kind") == "ApplicationSet" else None,
        },
        texts=True,
    )


def _source(item: Object) -> Object:
    """Where a source lies, and the files its values come from: `$NAME/PATH` is a path of the source called NAME."""
    return {**pick(item, "path", "chart", "ref"), "valueFiles": list(strings(reach(item, "helm", "valueFiles")))}


def _release(value: Object, sources: Iterable[Object]) -> str:
    named = (text(reach(item, "helm", "releaseName")) for item in sources)
    return next((name for name in named if name), text(reach(value, "metadata", "name")))


def _named(value: Object) -> Object:
    named: Object = {}
    for values, _ in inline_values(value):
        named = {**helm.naming(values), **named}
    return named


def _argo_values(value: Object) -> Iterable[Use]:
    at: Pointer = ("spec", "template", "spec") if value.get("kind") == "ApplicationSet" else ("spec",)
    release = text(reach(value, "metadata", "name"))
    namespace = text(reach(value, *map(str, at), "destination", "namespace"))
    for values, place in inline_values(value):
        yield from helm.read_values(values, place, release, namespace)[0]


def inline_values(value: Json) -> Iterator[tuple[Json, Pointer]]:
    """The Helm values that stand in an Application itself, as a map or as a text, each with its place."""
    at: Pointer = ("spec", "template", "spec") if reach(value, "kind") == "ApplicationSet" else ("spec",)
    spec = reach(value, *map(str, at))
    sources: list[tuple[Json, Pointer]] = [(reach(spec, "source"), (*at, "source"))]
    sources += [(source, (*at, "sources", index)) for index, source in enumerate(items(reach(spec, "sources")))]
    for source, place in sources:
        for key in ("valuesObject", "values"):
            if (values := _parsed(reach(source, "helm", key))) is not None:
                yield values, (*place, "helm", key)


def _parsed(values: Json) -> Json:
    """Values as a map; Argo CD also takes them as a text of YAML."""
    if not isinstance(values, str):
        return values
    try:
        return next((document.value for document in load_all(values.encode())), None)
    except YamlFault:
        return None
