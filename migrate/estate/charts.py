"""Which chart a release installs, where it only points at a source, and which Secrets that chart reads unasked."""

from __future__ import annotations

from dataclasses import replace

from migrate.estate import helm
from migrate.estate.facts import Facts, Use
from migrate.estate.flux import Applied, Scope
from migrate.estate.profiles import Profiles
from migrate.estate.tree import Tree
from migrate.estate.values import Maps, values_maps, values_of
from migrate.model.json import Json, mapping, reach, text

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


def read_unasked(scope: Scope, profiles: Profiles, tree: Tree) -> None:
    """Add the Secrets that known charts read by a name of their own to what their releases read."""
    maps = values_maps(scope.applied)
    scope.applied[:] = [_with_defaults(item, profiles, maps, tree) for item in scope.applied]


def _with_defaults(item: Applied, profiles: Profiles, maps: Maps, tree: Tree) -> Applied:
    fact = item.facts
    chart = chart_of(fact)
    patterns = profiles.chart(chart).secrets
    if not patterns:
        return item
    release = text(reach(fact.spec, "release")) or fact.name
    own = {"{release}": release, "{fullname}": _fullname(item, release, chart, maps, tree)}
    named = {use.secret for use in fact.uses}
    names = [_written(pattern, own) for pattern in patterns]
    uses = [Use(name, "", helm.HOW, "/spec/chart") for name in names if name not in named]
    return replace(item, facts=fact._replace(uses=(*fact.uses, *uses))) if uses else item


def _written(pattern: str, own: dict[str, str]) -> str:
    for word, name in own.items():
        pattern = pattern.replace(word, name)
    return pattern


def _fullname(item: Applied, release: str, chart: str, maps: Maps, tree: Tree) -> str:
    """What a release calls its objects, by the rule that charts share and the two values that overrule it."""
    said = mapping(reach(item.facts.spec, "named"))
    for values, _ in values_of(item, maps, tree):
        said = {**helm.naming(values), **said}
    if full := text(said.get("fullnameOverride")):
        return full
    name = text(said.get("nameOverride")) or chart.rpartition("/")[2]
    return release if name in release else f"{release}-{name}"


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
