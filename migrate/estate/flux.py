"""Flux: from a Kustomization to the objects it applies, and on to the Kustomizations among them."""

from __future__ import annotations

from dataclasses import dataclass, field
from posixpath import dirname

from migrate.estate.facts import Facts
from migrate.estate.inventory import Finding
from migrate.estate.kustomize import Builder, flux_patches
from migrate.estate.placed import Placed, patched, renamed
from migrate.estate.settle import as_patched, opted_out, settled, substituted
from migrate.estate.substitute import AS_WRITTEN, Variables
from migrate.estate.tree import Tree, inside
from migrate.model.json import Json, items, reach, text

GROUP = "kustomize.toolkit.fluxcd.io"
OPERATOR_GROUP = "fluxcd.controlplane.io"


@dataclass(frozen=True, slots=True)
class Applied:
    """An object as it reaches a cluster, and who applies it (`namespace/name` of a Flux Kustomization, or a folder)."""

    facts: Facts
    by: str
    variables: Variables = AS_WRITTEN
    placed: Placed | None = None
    """What the build made it of; None where no build did (a plain manifest)."""

    @property
    def patched(self) -> Placed | None:
        """What it was made of, where patches changed it: its file says something else than the cluster gets."""
        return self.placed if self.placed is not None and self.placed.patches else None


@dataclass(slots=True)
class Scope:
    """One cluster's worth of objects: what some starting points reach together."""

    starts: list[str] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)
    paths: dict[str, str] = field(default_factory=dict)
    """Path of each Flux Kustomization by `namespace/name`."""

    def conflicts(self, other: Scope) -> bool:
        """Whether both hold a Kustomization of one name with different paths: then they are two clusters."""
        return any(self.paths.get(name, path) != path for name, path in other.paths.items())

    def join(self, other: Scope) -> None:
        """Take over what another scope holds, each Kustomization once."""
        fresh = [item for item in other.applied if item.by not in self.paths]
        self.starts.extend(other.starts)
        self.applied.extend(fresh)
        self.paths.update(other.paths)


def is_kustomization(fact: Facts) -> bool:
    """Whether a fact is a Flux Kustomization that says what to apply."""
    return fact.kind == "Kustomization" and fact.group == GROUP and bool(fact.spec) and "sourceRef" in _spec(fact)


def follow(start: Facts, builder: Builder) -> Scope:
    """Everything that a Flux Kustomization applies, through the Kustomizations it creates."""
    scope = Scope(starts=[start.file])
    waiting: list[tuple[Facts, Applied | None]] = [(start, None)]
    home = _home(start, builder)
    while waiting:
        current, made = waiting.pop()
        name = f"{current.namespace or 'flux-system'}/{current.name}"
        if name in scope.paths:
            continue
        scope.paths[name] = path_of(current, builder.tree)
        variables = variables_of(current, builder)
        for item in _apply(current, made, builder, home):
            found = applied(item, builder.tree, name, variables)
            scope.applied.append(found)
            if is_kustomization(found.facts):
                waiting.append((found.facts, found))
    return scope


def applied(item: Placed, tree: Tree, by: str, variables: Variables | None = None) -> Applied:
    """An object of a build, settled."""
    variables = variables or AS_WRITTEN
    fact = settled(item, tree, variables)
    return Applied(fact, by, AS_WRITTEN if opted_out(fact) else variables, item)


def path_of(fact: Facts, tree: Tree) -> str:
    """The folder a Kustomization applies, relative to the estate.

    A source may be an artifact made from a part of the repository; its root is then the nearest folder above the
    file from which the path leads somewhere.
    """
    written = text(_spec(fact).get("path")) or "."
    folder = inside("", written)
    base = dirname(fact.file)
    while base and not tree.is_folder(folder):
        if tree.is_folder(candidate := inside(base, written.lstrip("/"))):
            return candidate
        base = dirname(base)
    return folder


def _apply(current: Facts, made: Applied | None, builder: Builder, home: Home) -> list[Placed]:
    """What a Kustomization builds, its own patches made. `made`: how it came about itself; None of a starting point."""
    spec, folder = _spec(current), path_of(current, builder.tree)
    elsewhere = home.elsewhere(spec)
    if not builder.tree.is_folder(folder) or (elsewhere and not folder):
        builder.problems[f"path {current.file} {current.name}"] = _unfollowed(current, folder, elsewhere)
        return []
    components = spec.get("components")
    named = [str(entry) for entry in components] if isinstance(components, list) else []
    objects = builder.build_with(folder, named, current.file)
    if spec.get("patched"):
        objects = patched(objects, flux_patches(reach(_document(current, made, builder.tree), "spec")))
    namespace, prefix, suffix = (text(spec.get(key)) for key in ("targetNamespace", "namePrefix", "nameSuffix"))
    return [renamed(item, namespace=namespace, prefix=prefix, suffix=suffix) for item in objects]


def _document(current: Facts, made: Applied | None, tree: Tree) -> Json:
    """The Kustomization as the cluster has it: whoever applies it may patch it, and fill in variables of its own."""
    if made is None:
        return tree.document(current.file, current.document)
    placed = made.patched
    written = as_patched(placed, tree) if placed else tree.document(current.file, current.document)
    return substituted(written, made.variables)


@dataclass(frozen=True, slots=True)
class Home:
    """Which source is this very repository: the one the starting point comes from, and any with its URL.

    Asked only about paths that this tree does not have (or its root): the same repository goes by many addresses.
    """

    name: str
    urls: dict[str, str]
    """URL of each source declared in the tree, by name."""

    def elsewhere(self, spec: dict[str, Json]) -> str:
        """The address of the other repository that a Kustomization applies; empty where it is this one."""
        name = text(reach(spec, "sourceRef", "name"))
        if name == self.name or (name in self.urls and self.urls[name] == self.urls.get(self.name)):
            return ""
        if name in self.urls:
            return self.urls[name] or name
        return "" if text(spec.get("path")).strip("./") else name


def _home(start: Facts, builder: Builder) -> Home:
    return Home(text(reach(start.spec, "sourceRef", "name")), builder.tree.sources)


def _unfollowed(current: Facts, folder: str, elsewhere: str) -> Finding:
    if elsewhere:
        text = f"Kustomization {current.name} applies another repository: {elsewhere}"
        return Finding("wiring.elsewhere", "info", text, current.file)
    text = f"Kustomization {current.name} applies {folder or '.'}, which is not in the tree"
    return Finding("wiring.missing", "warning", text, current.file)


def variables_of(current: Facts, builder: Builder) -> Variables:
    """What `postBuild` of a Kustomization substitutes: ConfigMaps found in the tree, then its own variables."""
    spec = _spec(current)
    if not spec.get("postBuild"):
        return AS_WRITTEN
    values: dict[str, str] = {}
    complete = not spec.get("masked")
    certain = bool(spec.get("masked"))
    for source in items(spec.get("substituteFrom")):
        found = (
            _config_map(text(source.get("name")), current.file, builder) if source.get("kind") == "ConfigMap" else None
        )
        complete = complete and found is not None and not reach(found, "masked")
        # One that must be there is there when Flux gets so far, and nobody keeps one without a variable.
        certain = certain or (found is None and source.get("optional") is not True) or bool(reach(found, "masked"))
        values.update(_strings(reach(found, "data")))
    values.update(_strings(spec.get("substitute")))
    return Variables(values, complete, active=bool(values) or not complete, certain=certain or complete or bool(values))


def _config_map(name: str, near: str, builder: Builder) -> Json:
    """The ConfigMap of that name closest in the tree: estates with several clusters have one for each."""
    candidates = [fact for fact in builder.tree.config_maps.get(name, ()) if isinstance(fact.spec, dict)]
    if candidates:
        return max(candidates, key=lambda fact: (_shared(fact.file, near), fact.file)).spec
    return _generated_config_map(name, near, builder)


def _generated_config_map(name: str, near: str, builder: Builder) -> Json:
    found: list[Placed] = []
    for folder, kustomization in builder.tree.kustomizations.items():
        generators = items(reach(kustomization.spec, "generators"))
        if any(generator.get("name") == name and generator.get("kind") == "ConfigMap" for generator in generators):
            found.extend(
                item for item in builder.build(folder) if item.facts.kind == "ConfigMap" and item.name.endswith(name)
            )
    return max(found, key=lambda item: _shared(item.facts.file, near)).facts.spec if found else None


def _shared(one: str, other: str) -> int:
    """How many leading folders two paths have in common."""
    count = 0
    for left, right in zip(dirname(one).split("/"), dirname(other).split("/"), strict=False):
        if left != right:
            break
        count += 1
    return count


def _strings(value: Json) -> dict[str, str]:
    """Flux takes line breaks out of a value before it puts it in."""
    texts = value.items() if isinstance(value, dict) else ()
    return {key: item.replace("\n", "") for key, item in texts if isinstance(item, str)}


def _spec(fact: Facts) -> dict[str, Json]:
    return fact.spec if isinstance(fact.spec, dict) else {}
