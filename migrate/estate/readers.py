"""Who reads which Secret: the uses of applied objects, turned round."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from migrate.estate import helm, kinds
from migrate.estate.facts import Container, Facts, Use
from migrate.estate.flux import Scope
from migrate.estate.inventory import Reader
from migrate.estate.kustomize import CLUSTER_SCOPED
from migrate.estate.references import mentions, tokens
from migrate.estate.tree import Tree, parse

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
        return tuple(
            sorted(found, key=lambda reader: (reader.file, reader.document, reader.pointer, reader.name))
        )


def _same(one: Reader, other: Reader) -> bool:
    return (one.kind, one.namespace, one.name, one.container, one.file, one.pointer) == (
        other.kind, other.namespace, other.name, other.container, other.file, other.pointer,
    )  # fmt: skip


def read_scope(scope: Scope, tree: Tree, names: frozenset[str]) -> Readers:
    """The readers in one cluster. `names` are the Secrets worth looking for in texts."""
    facts = [item.facts for item in scope.applied]
    return _gather(facts, tree, names, wired=True)


def read_loose(facts: Iterable[Facts], tree: Tree) -> Readers:
    """Places in files that nobody applies."""
    return _gather(list(facts), tree, frozenset(), wired=False)


def _gather(facts: list[Facts], tree: Tree, names: frozenset[str], *, wired: bool) -> Readers:
    readers = Readers()
    maps = _values_maps(facts)
    mentioned = _mentioned(facts, tree, names) if names else {}
    for fact in facts:
        extra = (*_values_files(fact, maps, tree), *mentioned.get((fact.file, fact.document), ()))
        for use in (*fact.uses, *extra):
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


def _values_maps(facts: list[Facts]) -> dict[tuple[str, str], Facts]:
    wanted = {
        kinds.text(source.get("name"))
        for fact in facts
        if fact.kind == "HelmRelease"
        for source in kinds.items(kinds.field(fact.spec, "valuesFrom"))
        if source.get("kind") == "ConfigMap"
    }
    return {
        (fact.namespace, fact.name): fact
        for fact in facts
        if fact.kind == "ConfigMap" and fact.name in wanted
    }


def _values_files(fact: Facts, maps: dict[tuple[str, str], Facts], tree: Tree) -> Iterator[Use]:
    if fact.kind != "HelmRelease":
        return
    for source in kinds.items(kinds.field(fact.spec, "valuesFrom")):
        found = maps.get((fact.namespace, kinds.text(source.get("name"))))
        if source.get("kind") == "ConfigMap" and found is not None:
            key = kinds.text(source.get("valuesKey")) or "values.yaml"
            yield from _values_uses(fact, found, key, tree)


def _values_uses(release: Facts, config_map: Facts, key: str, tree: Tree) -> Iterator[Use]:
    file = kinds.text(kinds.field(config_map.spec, "files", key))
    if file:
        documents, place = tree.documents(file), file
    else:
        content = kinds.field(tree.document(config_map.file, config_map.document), "data", key)
        documents, place = parse(kinds.text(content).encode()), config_map.file
    name = kinds.text(kinds.field(release.spec, "release"))
    for values in documents:
        for use in helm.read_values(values, (), name, release.namespace)[0]:
            yield use._replace(file=place)


# --- mentions in texts ----------------------------------------------------------------------------------------


def _mentioned(
    facts: list[Facts], tree: Tree, names: frozenset[str]
) -> dict[tuple[str, int], tuple[Use, ...]]:
    """Uses found only by reading texts again, by (file, document)."""
    found: dict[tuple[str, int], tuple[Use, ...]] = {}
    by_file: dict[str, list[Facts]] = {}
    for fact in facts:
        if fact.texts:
            by_file.setdefault(fact.file, []).append(fact)
    for file, inside in by_file.items():
        for fact in {(item.file, item.document): item for item in inside}.values():
            if kinds.field(fact.spec, "generated") is True:
                found[(file, fact.document)] = (
                    *found.get((file, fact.document), ()),
                    *_in_scripts(fact, tree, names),
                )
        if _may_mention(inside, tree.data(file), names):
            for fact in {(item.document): item for item in inside}.values():
                known = {use.pointer for use in fact.uses}
                how = helm.HOW if fact.kind == "HelmRelease" else "custom-resource"
                document = tree.document(file, fact.document)
                fresh = (use for use in mentions(document, names, how) if use.pointer not in known)
                found[(file, fact.document)] = (*found.get((file, fact.document), ()), *fresh)
    return found


def _may_mention(facts: list[Facts], data: bytes, names: frozenset[str]) -> bool:
    """Whether a file names a Secret more often than its known uses do: only then is it worth parsing again."""
    counts = Counter(word for raw in _NAME.findall(data) if (word := raw.decode("ascii")) in names)
    for fact in facts:
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
