"""Who reads which Secret: the uses of applied objects, turned round."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import filter as fitting
from typing import NamedTuple

from migrate.estate import helm, kinds
from migrate.estate.facts import Container, Facts, Use
from migrate.estate.flux import Applied, Scope
from migrate.estate.inventory import Reader
from migrate.estate.kinds.argo import inline_values
from migrate.estate.mentions import mentions, tokens
from migrate.estate.placed import is_cluster_scoped, namespace_of
from migrate.estate.settle import as_patched, substituted
from migrate.estate.stores import declared, from_stores
from migrate.estate.templates import in_templates
from migrate.estate.tree import Tree
from migrate.estate.values import Maps, values_maps, values_of
from migrate.model.json import Json, Pointer, items, reach, text

ANYWHERE = "*"
_NAME = re.compile(rb"[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?")


@dataclass(slots=True)
class Readers:
    """Readers by (namespace, Secret). Objects of no namespace read by name alone."""

    _by_secret: dict[tuple[str, str], dict[tuple[object, ...], Reader]] = field(default_factory=dict)

    def add(self, namespace: str, secret: str, reader: Reader) -> None:
        """Note a reader once; the same place may be found in more than one way."""
        place = (reader.kind, reader.namespace, reader.name, reader.container, reader.file, reader.pointer)
        self._by_secret.setdefault((namespace, secret), {}).setdefault(place, reader)

    def of(self, namespace: str, secret: str) -> tuple[Reader, ...]:
        """Everybody who reads the Secret; in any namespace where that of the Secret itself is not known."""
        places = [namespace, ANYWHERE]
        if namespace == ANYWHERE:
            places = sorted({place for place, name in self._by_secret if name == secret})
        found = [reader for place in places for reader in self._by_secret.get((place, secret), {}).values()]
        return tuple(sorted(found, key=lambda reader: (reader.file, reader.document, reader.pointer, reader.name)))


def read_scope(scope: Scope, tree: Tree, names: frozenset[str]) -> Readers:
    """The readers in one cluster. `names` are the Secrets worth looking for in texts."""
    return _gather(scope.applied, tree, names, wired=True)


def read_loose(facts: Iterable[Facts], tree: Tree) -> Readers:
    """Places in files that nobody applies."""
    return _gather([Applied(fact, "") for fact in facts], tree, frozenset(), wired=False)


def _gather(applied: Sequence[Applied], tree: Tree, names: frozenset[str], *, wired: bool) -> Readers:
    readers = Readers()
    maps = values_maps(applied)
    words: dict[str, _Words] = {}
    stores = declared(item.facts for item in applied)
    for item in applied:
        fact = item.facts
        in_maps, started = _in_values(item, maps, tree, names)
        fact = fact._replace(containers=(*fact.containers, *started)) if started else fact
        uses = [*fact.uses, *in_maps]
        is_values = fact.kind == "ConfigMap" and (fact.namespace, fact.name) in maps
        if names and fact.texts and not is_values:
            uses.extend(_mentioned(item, tree, names, words))
        uses.extend(from_stores(fact, stores))
        uses.extend(in_templates(fact, tree))
        for use in uses:
            namespace = namespace_of(fact, use) or ANYWHERE
            readers.add(namespace, use.secret, _reader(fact, use, wired=wired))
            for name in _guessed(use.secret, names):
                guess = replace(_reader(fact, use, wired=wired), guess=True)
                readers.add(namespace, name, guess)
    return readers


_TEMPLATE = re.compile(r"\{\{.*?\}\}|\$\{.*?\}")
_ENOUGH = 3


def _guessed(written: str, names: frozenset[str]) -> list[str]:
    """The names that a template in place of a name may come out as, where enough of it is plain text to tell."""
    if "{{" not in written and "${" not in written:
        return []
    pattern = _TEMPLATE.sub("*", written)
    return fitting(sorted(names), pattern) if len(pattern.replace("*", "").strip("-.")) >= _ENOUGH else []


def _reader(fact: Facts, use: Use, *, wired: bool) -> Reader:
    pod = next((item for item in fact.containers if item.name == use.container), None)
    return Reader(
        kind=fact.kind,
        namespace="" if is_cluster_scoped(fact.kind) else fact.namespace or "default",
        name=fact.name,
        container=use.container or None,
        file=use.file or fact.file,
        document=0 if use.file else fact.document,
        pointer=use.pointer,
        how=use.how,
        wired=wired,
        keys=use.keys,
        variable=use.variable,
        whole=use.whole,
        api=fact.api,
        chart=text(reach(fact.spec, "chart")),
        pod=pod,
        workload=fact.workload,
    )


# --- Helm values that stand in ConfigMaps ---------------------------------------------------------------------


def _in_values(item: Applied, maps: Maps, tree: Tree, names: frozenset[str]) -> tuple[list[Use], list[Container]]:
    """What the values say that a release takes from elsewhere, and the containers they speak of."""
    release = item.facts
    name = text(reach(release.spec, "release"))
    found: list[Use] = []
    containers: list[Container] = []
    for values, place in values_of(item, maps, tree):
        uses, started = helm.read_values(values, (), name, release.namespace)
        known = {use.pointer for use in uses}
        loose = (use for use in mentions(values, names, helm.HOW) if use.pointer not in known)
        found.extend(use._replace(file=place) for use in (*uses, *loose))
        containers.extend(started)
    return found, containers


# --- mentions in texts ----------------------------------------------------------------------------------------


class _Words(NamedTuple):
    """What a file's text says of the names looked for: how often each stands there, and whether it has variables."""

    counts: Counter[str]
    variables: bool


def _words(file: str, tree: Tree, names: frozenset[str], known: dict[str, _Words]) -> _Words:
    """Counted once for a file, however many objects it holds."""
    if file not in known:
        data = tree.data(file)
        found = (word for raw in _NAME.findall(data) if (word := raw.decode("ascii")) in names)
        known[file] = _Words(Counter(found), b"${" in data)
    return known[file]


def _mentioned(item: Applied, tree: Tree, names: frozenset[str], words: dict[str, _Words]) -> Iterator[Use]:
    """Uses found only by reading texts again."""
    fact = item.facts
    if fact.kind == "HelmChart":
        yield from _in_chart(fact, tree, names)
        return
    if reach(fact.spec, "generated") is True:
        yield from _in_scripts(fact, tree, names)
        return
    said = None if item.patched else _words(fact.file, tree, names, words)
    if said and not _may_mention(fact, said.counts) and not (said.variables and item.variables.active):
        return
    document = _document(item, tree)
    known = {use.pointer for use in fact.uses}
    if fact.group == "argoproj.io":
        for values, at in inline_values(document):
            yield from (use for use in mentions(values, names, helm.HOW, at) if use.pointer not in known)
    yield from (
        use for use in mentions(document, names, kinds.loosely(fact.group, fact.kind)) if use.pointer not in known
    )


def _document(item: Applied, tree: Tree) -> Json:
    """The object as the cluster gets it, but for its keys: places in it are called as they are written."""
    fact = item.facts
    written = as_patched(item.patched, tree) if item.patched else tree.document(fact.file, fact.document)
    return substituted(written, item.variables)


def _may_mention(fact: Facts, counts: Counter[str]) -> bool:
    """Whether the file names a Secret more often than this object's uses do: only then is it worth parsing again."""
    own = Counter(use.secret for use in {use.pointer: use for use in fact.uses}.values())
    return any(count > own[name] for name, count in counts.items())


def _in_chart(fact: Facts, tree: Tree, names: frozenset[str]) -> Iterator[Use]:
    """Values of a chart that kustomize inflates: inline, and in files."""
    known = {(use.file, use.pointer) for use in fact.uses}
    index = reach(fact.spec, "index")
    charts = items(reach(tree.document(fact.file, fact.document), "helmCharts"))
    inline = charts[index].get("valuesInline") if isinstance(index, int) and index < len(charts) else None
    places: list[tuple[Json, Pointer, str]] = [(inline, ("helmCharts", str(index), "valuesInline"), "")]
    files = reach(fact.spec, "valuesFiles")
    for file in files if isinstance(files, list) else []:
        places += [(values, (), str(file)) for values in tree.documents(str(file))]
    for values, at, file in places:
        for use in mentions(values, names, helm.HOW, at):
            if (file, use.pointer) not in known:
                yield use._replace(file=file)


def _in_scripts(fact: Facts, tree: Tree, names: frozenset[str]) -> Iterator[Use]:
    """Scripts and settings that a generator puts into a ConfigMap."""
    files = reach(fact.spec, "files")
    for file in files.values() if isinstance(files, dict) else ():
        for name in sorted(tokens(tree.data(str(file)).decode("utf-8", "replace")) & names):
            yield Use(name, "", "text", "", file=str(file))


def without_self(readers: Iterable[Reader], file: str, document: int) -> tuple[Reader, ...]:
    """Readers other than the ExternalSecret at that place, which is no reader of its own target."""
    kinds_of_copy = {"ExternalSecret", "ClusterExternalSecret"}
    return tuple(
        reader
        for reader in readers
        if (reader.file, reader.document) != (file, document) or reader.kind not in kinds_of_copy
    )


def pod_of(reader: Reader, image: str) -> Reader:
    """The reader with an image that a profile knows and the values leave out."""
    pod = reader.pod or Container(reader.container or "", "", init=False, command=False)
    return replace(reader, pod=pod._replace(image=image))
