"""What `kustomize build` of a folder yields: which objects, under which names and namespaces, with which patches.

Patches are only collected here, in order; `settled` applies them to the whole object. Load restrictions are off,
as in Flux. A folder without a kustomization takes all its manifests, as Flux generates one for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from posixpath import dirname

from migrate.estate import kinds
from migrate.estate.extract import KUSTOMIZE_GROUP
from migrate.estate.facts import Facts
from migrate.estate.helm import naming, read_values
from migrate.estate.injections import injections
from migrate.estate.inventory import Finding, Severity
from migrate.estate.placed import Patch, Placed, is_for, patched, renamed, through
from migrate.estate.replacements import replaced
from migrate.estate.tree import Tree, inside, is_remote, parse
from migrate.model.json import Json, items, reach, strings, text


@dataclass(slots=True)
class Builder:
    """Builds folders of one tree, each once; `problems` gathers what did not resolve, `built` the folders reached."""

    tree: Tree
    problems: dict[str, Finding] = field(default_factory=dict)
    built: set[str] = field(default_factory=set)
    patch_files: set[str] = field(default_factory=set)
    unmatched: set[str] = field(default_factory=set)
    """Merges that are for no object of their build, in words: kustomize refuses those."""
    _done: dict[str, tuple[Placed, ...]] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def build(self, folder: str) -> tuple[Placed, ...]:
        """The objects that a folder yields; empty (and a finding) where there is no such folder."""
        if folder not in self._done:
            self._done[folder] = ()  # a cycle of resources ends here
            self.built.add(folder)
            self._done[folder] = tuple(self._folder(folder))
        return self._done[folder]

    def _folder(self, folder: str) -> list[Placed]:
        kustomization = self.tree.kustomizations.get(folder)
        if kustomization is None:
            return list(self._manifests(folder))
        return self._apply([], kustomization)

    def _manifests(self, folder: str) -> Iterator[Placed]:
        for path in self.tree.children.get(folder, ()):
            if path in self.tree.kustomizations:
                # A component cannot stand as a resource; only whoever names it applies it.
                if self.tree.kustomizations[path].kind != "Component":
                    yield from self.build(path)
            elif self.tree.is_folder(path):
                self.built.add(path)
                yield from self._manifests(path)
            else:
                yield from self._file(path)

    def _file(self, path: str) -> list[Placed]:
        facts = self.tree.objects.get(path, ())
        return [Placed(fact, fact.namespace, fact.name) for fact in facts if fact.group != KUSTOMIZE_GROUP]

    def _apply(self, objects: list[Placed], kustomization: Facts) -> list[Placed]:
        """One kustomization over what is there already (nothing, or a parent's objects for a component)."""
        folder = dirname(kustomization.file)
        objects = list(objects)
        for field_name in ("resources", "bases"):
            for entry in _names(kustomization, field_name):
                objects.extend(self._resource(folder, entry, kustomization))
        objects = [*objects, *self._generated(kustomization), *self._charts(kustomization)]
        for entry in _names(kustomization, "components"):
            objects = self.component(objects, inside(folder, entry), kustomization.file)
        changed = bool(reach(kustomization.spec, "patched"))
        # In kustomize's own order: merges, patches, names, and only then the older JSON patches.
        if changed:
            patches = self._patches(kustomization, "patchesStrategicMerge", "patches")
            self.unmatched.update(
                f"{kustomization.file} patches {reach(one.body, 'kind')} {reach(one.body, 'metadata', 'name')}"
                for one in patches
                if one.target is None and isinstance(one.body, dict) and not any(is_for(one, item) for item in objects)
            )
            objects = patched(objects, patches)
        objects = [_renamed(item, kustomization.spec) for item in through(objects, folder)]
        if changed:
            objects = patched(objects, self._patches(kustomization, "patchesJson6902"))
        if reach(kustomization.spec, "replaced"):
            value = self.tree.document(kustomization.file, kustomization.document)
            objects = replaced(objects, items(reach(value, "replacements")), self.tree)
        return objects

    def component(self, objects: list[Placed], folder: str, named_by: str) -> list[Placed]:
        """A component applied over objects; unknown ones become a finding."""
        kustomization = self.tree.kustomizations.get(folder)
        if kustomization is None:
            self._missing(named_by, folder)
            return objects
        if folder in self._open:
            return objects  # a component that names itself, or whoever names it
        self.built.add(folder)
        self._open.append(folder)
        try:
            return self._apply(objects, kustomization)
        finally:
            self._open.pop()

    def build_with(self, folder: str, components: list[str], named_by: str) -> list[Placed]:
        """A folder's build with further components, which come before the folder's own patches and names."""
        kustomization = self.tree.kustomizations.get(folder)
        if not components:
            return list(self.build(folder))
        if kustomization is None or not isinstance(kustomization.spec, dict):
            objects = list(self.build(folder))
            for entry in components:
                objects = self.component(objects, inside(folder, entry), named_by)
            return objects
        self.built.add(folder)
        named: list[Json] = [*_names(kustomization, "components"), *components]
        return self._apply([], kustomization._replace(spec={**kustomization.spec, "components": named}))

    def _resource(self, folder: str, entry: str, kustomization: Facts) -> Iterable[Placed]:
        if is_remote(entry):
            self._problem(
                "wiring.remote",
                "info",
                f"{entry} lies in another repository and was not read",
                kustomization.file,
            )
            return ()
        path = inside(folder, entry)
        if self.tree.is_folder(path):
            return self.build(path)
        if path not in self.tree.files:
            self._missing(kustomization.file, path)
        return self._file(path)

    def _generated(self, kustomization: Facts) -> Iterator[Placed]:
        folder = dirname(kustomization.file)
        for generator in items(reach(kustomization.spec, "generators")):
            name, namespace = text(generator.get("name")), text(generator.get("namespace"))
            files = dict(_generator_file(folder, entry) for entry in strings(generator.get("files")))
            spec: dict[str, Json] = {
                "data": {**self._environment(folder, generator), **_map(generator.get("literals"))},
                "files": dict(files),
                "generated": True,
            }
            kind = text(generator.get("kind"))
            yield Placed(
                kustomization._replace(
                    kind=kind, api="v1", namespace=namespace, name=name, spec=spec, texts=bool(files)
                ),
                namespace,
                name,
            )

    def _charts(self, kustomization: Facts) -> Iterator[Placed]:
        """`helmCharts`: kustomize renders these itself; what we can read of them are their values."""
        if not reach(kustomization.spec, "charts"):
            return
        value = self.tree.document(kustomization.file, kustomization.document)
        folder = dirname(kustomization.file)
        for index, chart in enumerate(items(reach(value, "helmCharts"))):
            yield self._chart(kustomization, folder, index, chart)

    def _chart(self, kustomization: Facts, folder: str, index: int, chart: dict[str, Json]) -> Placed:
        name = text(chart.get("releaseName")) or text(chart.get("name"))
        namespace = text(chart.get("namespace"))
        uses, containers = read_values(
            chart.get("valuesInline"), ("helmCharts", index, "valuesInline"), name, namespace
        )
        asked = [*injections("", chart.get("valuesInline"), ("helmCharts", index, "valuesInline"))]
        named = naming(chart.get("valuesInline"))
        entries = [chart.get("valuesFile"), *strings(chart.get("additionalValuesFiles"))]
        paths = [inside(folder, entry) for entry in entries if isinstance(entry, str) and entry]
        for path in paths:
            for document in self.tree.documents(path):
                found, more = read_values(document, (), name, namespace)
                named = {**named, **naming(document)}
                uses.extend(use._replace(file=path) for use in found)
                containers.extend(more)
                asked.extend(one._replace(file=path) for one in injections("", document))
        spec: dict[str, Json] = {
            "chart": text(chart.get("name")),
            "version": str(chart.get("version") or ""),
            "release": name,
            "generated": True,
            "index": index,
            "named": named,
            "valuesFiles": list(paths),
        }
        fact = kustomization._replace(
            kind="HelmChart", namespace=namespace, name=name, spec=spec,
            uses=tuple(uses), containers=tuple(containers), texts=True, injections=tuple(asked),
        )  # fmt: skip
        return Placed(fact, namespace, name)

    def _environment(self, folder: str, generator: dict[str, Json]) -> dict[str, Json]:
        if generator.get("kind") != "ConfigMap":
            return {}
        found: dict[str, Json] = {}
        for entry in strings(generator.get("envs")):
            for line in self.tree.data(inside(folder, entry)).decode("utf-8", "replace").splitlines():
                key, equals, word = line.strip().partition("=")
                if equals and not key.startswith("#") and not kinds.sensitive(key):
                    found[key] = word
        return found

    def _patches(self, kustomization: Facts, *fields: str) -> list[Patch]:
        value = self.tree.document(kustomization.file, kustomization.document)
        folder = dirname(kustomization.file)
        found: list[Patch] = []
        for name in fields:
            if name == "patchesStrategicMerge":
                found.extend(
                    Patch(None, body) for entry in strings(reach(value, name)) for body in self._merge(folder, entry)
                )
                continue
            for item in items(reach(value, name)):
                inline = text(item.get("patch"))
                path = text(item.get("path"))
                bodies = parse(inline.encode()) if inline else self._patch_file(inside(folder, path))
                found.extend(Patch(item.get("target"), body) for body in bodies if body is not None)
        return found

    def _merge(self, folder: str, entry: str) -> Iterator[Json]:
        bodies = parse(entry.encode()) if "\n" in entry else self._patch_file(inside(folder, entry))
        yield from (body for body in bodies if body is not None)

    def _patch_file(self, path: str) -> list[Json]:
        self.patch_files.add(path)
        return self.tree.documents(path)

    def _missing(self, file: str, path: str) -> None:
        self._problem("wiring.missing", "warning", f"names {path or '.'}, which is not in the tree", file)

    def _problem(self, code: str, severity: Severity, text: str, file: str) -> None:
        self.problems[f"{code} {file} {text}"] = Finding(code, severity, text, file)


def flux_patches(spec: Json) -> list[Patch]:
    """`spec.patches` of a Flux Kustomization."""
    return [
        Patch(item.get("target"), body)
        for item in items(reach(spec, "patches"))
        for body in parse(text(item.get("patch")).encode())
        if body is not None
    ]


def _renamed(item: Placed, spec: Json) -> Placed:
    texts = {key: text(reach(spec, key)) for key in ("namespace", "namePrefix", "nameSuffix")}
    return renamed(item, namespace=texts["namespace"], prefix=texts["namePrefix"], suffix=texts["nameSuffix"])


def _names(fact: Facts, name: str) -> list[str]:
    return strings(reach(fact.spec, name))


def _map(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _generator_file(folder: str, entry: str) -> tuple[str, str]:
    key, equals, path = entry.partition("=")
    if not equals:
        key, path = entry.rpartition("/")[2], entry
    return key, inside(folder, path)
