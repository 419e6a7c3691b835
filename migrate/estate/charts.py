"""Which chart a release installs, where it only points at a source, and which Secrets that chart reads unasked."""

from __future__ import annotations

from dataclasses import replace

from migrate.estate import helm
from migrate.estate.facts import Facts, Use
from migrate.estate.flux import Applied, Scope
from migrate.estate.profiles import Profiles
from migrate.model.json import Json, reach, text

_SOURCES = {"OCIRepository", "HelmChart"}
_INSTALLING = {"HelmRelease", "Application", "ApplicationSet", "HelmChart"}
"""What installs a chart; `HelmChart` is what kustomize inflates (Flux's objects of that kind read no Secret)."""


def name_charts(scope: Scope) -> None:
    """Fill in the chart's name and version of every release in the scope that has a `chartRef`."""
    sources = {
        (item.facts.kind, item.facts.namespace, item.facts.name): item.facts
        for item in scope.applied
        if item.facts.kind in _SOURCES
    }
    scope.applied[:] = [_named(item, sources) for item in scope.applied]


def read_unasked(scope: Scope, profiles: Profiles) -> None:
    """Add the Secrets that known charts read by a name of their own to what their releases read."""
    scope.applied[:] = [_with_defaults(item, profiles) for item in scope.applied]


def _with_defaults(item: Applied, profiles: Profiles) -> Applied:
    fact = item.facts
    names = profiles.chart(chart_of(fact)).secrets
    named = {use.secret for use in fact.uses}
    uses = [Use(name, "", helm.HOW, "/spec/chart") for name in names if name not in named]
    return replace(item, facts=fact._replace(uses=(*fact.uses, *uses))) if uses else item


def chart_of(fact: Facts) -> str:
    """The chart that an object installs; empty for what installs none."""
    if fact.kind not in _INSTALLING:
        return ""
    return text(reach(fact.spec, "chart")) or text(reach(fact.spec, "chartRef", "name"))


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
