"""ExternalSecrets as an inventory knows them: which store, keys and Secret; once for each namespace they reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.estate.facts import Facts
from migrate.estate.inventory import Datum, Secret, StoreRef, VaultKey
from migrate.estate.kinds.external import COPYING
from migrate.model.json import Json, items, mapping, reach, text

KINDS = frozenset({"ExternalSecret", "ClusterExternalSecret"})


def expanded(fact: Facts, facts: Sequence[Facts]) -> Iterator[Facts]:
    """An ExternalSecret itself; a ClusterExternalSecret once for each namespace that the tree shows it to reach."""
    if fact.kind == "ExternalSecret":
        yield fact
    elif fact.kind == "ClusterExternalSecret":
        name = text(reach(fact.spec, "name")) or fact.name
        for namespace in _namespaces(fact, facts) or ["*"]:
            yield fact._replace(namespace=namespace, name=name)


def _namespaces(fact: Facts, facts: Sequence[Facts]) -> list[str]:
    listed = reach(fact.spec, "namespaces")
    names = {str(item) for item in listed} if isinstance(listed, list) else set()
    selectors = reach(fact.spec, "selectors")
    for selector in selectors if isinstance(selectors, list) else []:
        if isinstance(selector, dict) and selector:
            names.update(item.name for item in facts if item.kind == "Namespace" and _selected(item, selector))
    return sorted(names)


def _selected(namespace: Facts, selector: dict[str, Json]) -> bool:
    """Whether labels match; the API server gives every namespace a label with its own name."""
    labels: dict[str, str] = {**dict(namespace.labels), "kubernetes.io/metadata.name": namespace.name}
    return all(labels.get(key) == word for key, word in selector.items())


def target_of(fact: Facts) -> str:
    """The name of the Secret it makes."""
    return text(reach(fact.spec, "target", "name")) or fact.name


def secret_of(fact: Facts, by: str, scope: str) -> Secret:
    """The secret, its readers and verdict still open. `by` is who applies it, empty for nobody."""
    target = reach(fact.spec, "target")
    own = [item.get("store") for name in ("data", "from") for item in _entries(fact, name)]
    store = next((item for item in (reach(fact.spec, "store"), *own) if reach(item, "name")), None)
    return Secret(
        namespace=fact.namespace or "default",
        name=fact.name,
        file=fact.file,
        document=fact.document,
        api=fact.api,
        store=StoreRef(text(reach(store, "kind")) or "SecretStore", text(reach(store, "name"))),
        target=target_of(fact),
        wired=bool(by),
        wired_by=by,
        creation_policy=text(reach(target, "creationPolicy")) or "Owner",
        deletion_policy=text(reach(target, "deletionPolicy")) or "Retain",
        refresh_interval=text(reach(fact.spec, "refresh")) or "1h",
        data=tuple(_data(fact)),
        template=reach(fact.spec, "template") is True,
        readers=(),
        verdict="orphan",
        reasons=(),
        scope=scope,
        keys=_keys(fact),
        generated=any(item.get("generator") for name in ("data", "from") for item in _entries(fact, name)),
        copied=_copied(fact),
    )


def _entries(fact: Facts, name: str) -> list[dict[str, Json]]:
    return items(reach(fact.spec, name))


def _copied(fact: Facts) -> bool:
    """Whether a controller is told to copy the Secret: without a template it gets the ExternalSecret's annotations."""
    told = mapping(reach(fact.spec, "annotations")) if reach(fact.spec, "template") is True else dict(fact.annotations)
    return any(key.startswith(COPYING) and value != "false" for key, value in told.items())


def _keys(fact: Facts) -> tuple[str, ...]:
    """Keys of the target: the template's where it has data, else one for each entry; unknown with whole maps."""
    templated = reach(fact.spec, "templated")
    named = [str(key) for key in templated] if isinstance(templated, list) else []
    if named and reach(fact.spec, "merged") is not True:
        return tuple(named)
    if _entries(fact, "from"):
        return ()
    return (*named, *(text(item.get("key")) for item in _entries(fact, "data")))


def _data(fact: Facts) -> Iterator[Datum]:
    for item in items(reach(fact.spec, "data")):
        yield Datum(text(item.get("key")), _vault_key(item))
    for item in items(reach(fact.spec, "from")):
        if not item.get("generator"):
            yield Datum("*", _vault_key(item))


def _vault_key(item: object) -> VaultKey:
    reference = reach(item if isinstance(item, dict) else None, "ref")
    return VaultKey(text(reach(reference, "key")), text(reach(reference, "property")) or None)
