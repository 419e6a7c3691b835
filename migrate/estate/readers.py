"""Who reads which Secret: the uses of applied objects, turned round."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from migrate.estate import helm, kinds
from migrate.estate.facts import Container, Facts, Use
from migrate.estate.flux import Applied, Scope
from migrate.estate.inventory import Reader
from migrate.estate.placed import CLUSTER_SCOPED
from migrate.estate.references import mentions, tokens
from migrate.estate.tree import Tree, parse
from migrate.model.json import Json

ANYWHERE = "*"
_NAME = re.compile(rb"[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?")


@dataclass(slots=True)
class Readers:
    """Readers by (namespace, Secret). Objects of no namespace read by name alone."""

    _by_secret: dict[tuple[str, str], list[Reader]] = field(default_factory=dict)

    def add(self, namespace: str, secret: str, reader: Reader) -> None:
        """Note a reader once; the same place may be found in more than one way."""
        found = self._by_secret.setdefault((namespace, secret), [])
        if not any(_same(reader, other) for other in found):
            found.append(reader)

    def of(self, namespace: str, secret: str) -> tuple[Reader, ...]:
        """Everybody who reads the Secret."""
        found = [*self._by_secret.get((namespace, secret), ()), *self._by_secret.get((ANYWHERE, secret), ())]
        return tuple(sorted(found, key=lambda reader: (reader.file, reader.document, reader.pointer, reader.name)))


def _same(one: Reader, other: Reader) -> bool:
    return (one.kind, one.namespace, one.name, one.container, one.file, one.pointer) == (
        other.kind, other.namespace, other.name, other.container, other.file, other.pointer,
    )  # fmt: skip


def read_scope(scope: Scope, tree: Tree, names: frozenset[str]) -> Readers:
    """The readers in one cluster. `names` are the Secrets worth looking for in texts."""
    return _gather(scope.applied, tree, names, wired=True)


def read_loose(facts: Iterable[Facts], tree: Tree) -> Readers:
    """Places in files that nobody applies."""
    return _gather([Applied(fact, "") for fact in facts], tree, frozenset(), wired=False)


def _gather(applied: Sequence[Applied], tree: Tree, names: frozenset[str], *, wired: bool) -> Readers:
    readers = Readers()
    maps = _values_maps(applied)
    for item in applied:
        fact = item.facts
        uses = [*fact.uses, *_values_files(item, maps, tree)]
        if names and fact.texts and (fact.namespace, fact.name) not in maps:
            uses.extend(_mentioned(item, tree, names))
        for use in uses:
            readers.add(_namespace(fact, use), use.secret, _reader(fact, use, wired=wired))
    return readers


def _namespace(fact: Facts, use: Use) -> str:
    if use.namespace:
        return use.namespace
    if fact.kind in CLUSTER_SCOPED:
        return ANYWHERE
    target = kinds.text(kinds.field(fact.spec, "targetNamespace"))
    if fact.kind == "HelmRelease" and target and use.how not in {"valuesFrom", "secretRef"}:
        return target
    if fact.group == "argoproj.io" and (namespace := kinds.text(kinds.field(fact.spec, "namespace"))):
        return namespace
    return fact.namespace or "default"


def _reader(fact: Facts, use: Use, *, wired: bool) -> Reader:
    pod = next((item for item in fact.containers if item.name == use.container), None)
    return Reader(
        kind=fact.kind,
        namespace="" if fact.kind in CLUSTER_SCOPED else fact.namespace or "default",
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
        chart=kinds.text(kinds.field(fact.spec, "chart")),
        pod=pod,
        workload=fact.workload,
    )


# --- Helm values that stand in ConfigMaps ---------------------------------------------------------------------


def _values_maps(applied: Sequence[Applied]) -> dict[tuple[str, str], Applied]:
    wanted = {
        kinds.text(source.get("name"))
        for item in applied
        if item.facts.kind == "HelmRelease"
        for source in kinds.items(kinds.field(item.facts.spec, "valuesFrom"))
        if source.get("kind") == "ConfigMap"
    }
    maps = (item for item in applied if item.facts.kind == "ConfigMap" and item.facts.name in wanted)
    return {(item.facts.namespace, item.facts.name): item for item in maps}


def _values_files(item: Applied, maps: dict[tuple[str, str], Applied], tree: Tree) -> Iterator[Use]:
    """Uses in values that a HelmRelease takes from ConfigMaps."""
    fact = item.facts
    if fact.kind != "HelmRelease":
        return
    for source in kinds.items(kinds.field(fact.spec, "valuesFrom")):
        found = maps.get((fact.namespace, kinds.text(source.get("name"))))
        if source.get("kind") == "ConfigMap" and found is not None:
            key = kinds.text(source.get("valuesKey")) or "values.yaml"
            yield from _values_uses(fact, found, key, tree)


def _values_uses(release: Facts, found: Applied, key: str, tree: Tree) -> Iterator[Use]:
    config_map = found.facts
    file = kinds.text(kinds.field(config_map.spec, "files", key))
    if file:
        data, place = tree.data(file), file
    else:
        content = kinds.field(tree.document(config_map.file, config_map.document), "data", key)
        data, place = kinds.text(content).encode(), config_map.file
    name = kinds.text(kinds.field(release.spec, "release"))
    for values in parse(_replaced(data, found)):
        for use in helm.read_values(values, (), name, release.namespace)[0]:
            yield use._replace(file=place)


def _replaced(data: bytes, item: Applied) -> bytes:
    """A text as the cluster sees it, its variables replaced."""
    if not item.variables.active or b"${" not in data:
        return data
    return item.variables.apply(data.decode("utf-8", "replace")).encode()


# --- mentions in texts ----------------------------------------------------------------------------------------


def _mentioned(item: Applied, tree: Tree, names: frozenset[str]) -> Iterator[Use]:
    """Uses found only by reading texts again."""
    fact = item.facts
    if kinds.field(fact.spec, "generated") is True:
        yield from _in_scripts(fact, tree, names)
        return
    data = tree.data(fact.file)
    if not _may_mention(fact, data, names) and (b"${" not in data or not item.variables.active):
        return
    document = _document(item, data, tree)
    known = {use.pointer for use in fact.uses}
    yield from (
        use for use in mentions(document, names, kinds.loosely(fact.group, fact.kind)) if use.pointer not in known
    )


def _document(item: Applied, data: bytes, tree: Tree) -> Json:
    fact = item.facts
    replaced = _replaced(data, item)
    if replaced is data:
        return tree.document(fact.file, fact.document)
    documents = parse(replaced)
    return documents[fact.document] if fact.document < len(documents) else None


def _may_mention(fact: Facts, data: bytes, names: frozenset[str]) -> bool:
    """Whether a file names a Secret more often than this object's uses do: only then is it worth parsing again."""
    counts = Counter(word for raw in _NAME.findall(data) if (word := raw.decode("ascii")) in names)
    counts.subtract(use.secret for use in {use.pointer: use for use in fact.uses}.values())
    return any(count > 0 for count in counts.values())


def _in_scripts(fact: Facts, tree: Tree, names: frozenset[str]) -> Iterator[Use]:
    """Scripts and settings that a generator puts into a ConfigMap."""
    files = kinds.field(fact.spec, "files")
    for file in files.values() if isinstance(files, dict) else ():
        for name in sorted(tokens(tree.data(str(file)).decode("utf-8", "replace")) & names):
            yield Use(name, "", "text", "", file=str(file))


def without_self(readers: Iterable[Reader], file: str, document: int) -> tuple[Reader, ...]:
    """Readers other than the object at that place (an ExternalSecret is no reader of its own target)."""
    return tuple(reader for reader in readers if (reader.file, reader.document) != (file, document))


def pod_of(reader: Reader, image: str) -> Reader:
    """The reader with an image that a profile knows and the values leave out."""
    pod = reader.pod or Container(reader.container or "", "", init=False, command=False)
    return replace(reader, pod=pod._replace(image=image))
