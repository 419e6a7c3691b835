"""Stores of an estate: which there are, who uses them, and which are used without being declared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from migrate.estate.facts import Facts, Use
from migrate.estate.inventory import Finding, Reason, Secret, Store
from migrate.estate.wiring import Wired
from migrate.model.json import items, pointer_text, reach, text

_KINDS = frozenset({"SecretStore", "ClusterSecretStore"})

Key: TypeAlias = tuple[str, str, str]
"""Kind, namespace (empty for the whole cluster) and name."""


def declared(facts: Iterable[Facts]) -> dict[Key, Facts]:
    """The stores among one cluster's objects."""
    return {
        (fact.kind, "" if fact.kind == "ClusterSecretStore" else fact.namespace or "default", fact.name): fact
        for fact in facts
        if fact.kind in _KINDS
    }


def from_stores(fact: Facts, stores: Mapping[Key, Facts]) -> Iterator[Use]:
    """The Secrets that an ExternalSecret copies from: those behind a store of this very cluster."""
    if fact.kind not in {"ExternalSecret", "ClusterExternalSecret"}:
        return
    for field, place in (("data", ("data", "remoteRef")), ("from", ("dataFrom", "extract"))):
        for index, entry in enumerate(items(reach(fact.spec, field))):
            named = entry.get("store") or reach(fact.spec, "store")
            kind = text(reach(named, "kind")) or "SecretStore"
            namespace = "" if kind == "ClusterSecretStore" else fact.namespace or "default"
            store = stores.get((kind, namespace, text(reach(named, "name"))))
            name = text(reach(entry, "ref", "key"))
            if store is not None and name and _of_this_cluster(store):
                remote = text(reach(store.spec, "remoteNamespace")) or "default"
                pointer = pointer_text(("spec", place[0], index, place[1], "key"))
                yield Use(name, remote, "custom-resource", pointer)


def _of_this_cluster(store: Facts) -> bool:
    """Whether the provider is Kubernetes, and the API server its own."""
    address = text(reach(store.spec, "server", "url"))
    return text(reach(store.spec, "provider")) == "kubernetes" and (not address or "kubernetes.default" in address)


def _key(secret: Secret) -> Key:
    namespace = "" if secret.store.kind == "ClusterSecretStore" else secret.namespace
    return secret.store.kind, namespace, secret.store.name


def with_provider(secret: Secret, stores: Mapping[Key, Facts]) -> Secret:
    """Where the value is not in Vault yet, say so: the verdict is about readers, this is what comes first."""
    store = stores.get(_key(secret))
    provider = text(reach(store.spec, "provider")) if store else "vault"
    if provider == "vault" or not provider or secret.generated:
        return secret
    reason = Reason("needs.vault", f"the value comes from {provider}: it must be in Vault before it can move")
    return replace(secret, reasons=(*secret.reasons, reason))


def undeclared(secrets: Iterable[Secret], stores: Mapping[Key, Facts]) -> Iterator[Finding]:
    """A finding for each store that secrets name and the tree does not declare."""
    missing = Counter(_key(item) for item in secrets if item.store.name)
    for (kind, namespace, name), count in sorted(missing.items()):
        if (kind, namespace, name) not in stores:
            place = f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
            text = f"{place}, which {count} ExternalSecrets use, is not declared in the tree"
            yield Finding("store.undeclared", "warning", text, "")


def stores_of(wired: Wired, secrets: Sequence[Secret]) -> Iterator[Store]:
    """Every store of the tree, applied or not, and how many secrets use it."""
    used = Counter((item.store.kind, item.store.name, item.namespace) for item in secrets)
    by_cluster = Counter((item.store.kind, item.store.name) for item in secrets)
    applied = [(item.facts, True) for scope in wired.scopes for item in scope.applied]
    found: dict[tuple[str, str, str, str], Store] = {}
    for fact, is_wired in [*applied, *((fact, False) for fact in wired.loose)]:
        if fact.kind in _KINDS:
            cluster_wide = fact.kind == "ClusterSecretStore"
            namespace = None if cluster_wide else fact.namespace or "default"
            count = by_cluster[fact.kind, fact.name] if cluster_wide else used[fact.kind, fact.name, namespace or ""]
            store = _store(fact, namespace, count, is_wired=is_wired)
            found.setdefault((fact.kind, namespace or "", fact.name, fact.file), store)
    yield from (found[key] for key in sorted(found))


def _store(fact: Facts, namespace: str | None, references: int, *, is_wired: bool) -> Store:
    def setting(name: str) -> str | None:
        return text(reach(fact.spec, name)) or None

    return Store(
        fact.kind, namespace, fact.name, setting("provider") or "", setting("server"), setting("path"),
        setting("version"), fact.file, references, is_wired,
    )  # fmt: skip
