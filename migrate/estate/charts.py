"""Which chart a HelmRelease installs where it only points at a source: the last part of that source's address."""

from __future__ import annotations

from dataclasses import replace

from migrate.estate.facts import Facts
from migrate.estate.flux import Applied, Scope
from migrate.model.json import Json, reach, text

_SOURCES = {"OCIRepository", "HelmChart"}


def name_charts(scope: Scope) -> None:
    """Fill in the chart's name and version of every release in the scope that has a `chartRef`."""
    sources = {
        (item.facts.kind, item.facts.namespace, item.facts.name): item.facts
        for item in scope.applied
        if item.facts.kind in _SOURCES
    }
    scope.applied[:] = [_named(item, sources) for item in scope.applied]


def _named(item: Applied, sources: dict[tuple[str, str, str], Facts]) -> Applied:
    fact = item.facts
    if fact.kind != "HelmRelease" or not isinstance(fact.spec, dict) or fact.spec.get("chart"):
        return item
    reference = fact.spec.get("chartRef")
    kind, name = text(reach(reference, "kind")), text(reach(reference, "name"))
    namespace = text(reach(reference, "namespace")) or fact.namespace
    # A source that lies elsewhere is mostly called like its chart.
    source = sources.get((kind, namespace, name))
    chart, version = _source(source) if source else (name, "")
    spec: Json = {**fact.spec, "chart": chart, "version": version}
    return replace(item, facts=fact._replace(spec=spec))


def _source(source: Facts) -> tuple[str, str]:
    address = text(reach(source.spec, "url")).rstrip("/")
    reference = reach(source.spec, "ref")
    version = text(reach(reference, "tag")) or text(reach(reference, "semver"))
    return address.rpartition("/")[2] or source.name, version
