"""What whoever made a cluster brought into it before Flux began: Secrets on the path to Vault, and what waits for them.

Found by who reads it, never by a name: the token and the authority that a store of Vault reads, Secrets that nobody in
the tree makes, stores and variables that a tree needs before it can apply them itself.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

from migrate.estate.facts import Facts, Use
from migrate.estate.flux import Applied
from migrate.estate.placed import namespace_of
from migrate.estate.tree import Tree as Planted
from migrate.lab.demands import Foreign, Made, generated
from migrate.model.json import Json, mapping, reach, sequence, text

_STORES = frozenset({"SecretStore", "ClusterSecretStore"})
_EXTERNAL = frozenset({"ExternalSecret", "ClusterExternalSecret"})
# Places that name a Secret without needing it to be there: whoever reads them finds out later, or never.
_LOOSE = frozenset({"text", "rbac", "ingress-tls", "gateway-tls", "helm-values", "custom-resource", "imagePullSecrets"})


def credentials(facts: tuple[Facts, ...], tree: Planted) -> Iterator[tuple[tuple[str, str, str], str]]:
    """What stores of Vault read to reach it: tokens and certificates, each with the key it is under."""
    for fact in facts:
        if fact.kind not in _STORES or reach(fact.spec, "provider") != "vault":
            continue
        for use in fact.uses:
            place = (namespace_of(fact, use) or fact.namespace, use.secret)
            beside = _beside(tree.document(fact.file, fact.document), use.pointer)
            if use.pointer.endswith("/caProvider/name"):
                yield (*place, text(beside.get("key")) or "ca.crt"), "authority"
            elif use.pointer.endswith("/tokenSecretRef/name"):
                yield (*place, text(beside.get("key")) or "token"), "token"


def _beside(document: Json, pointer: str) -> dict[str, Json]:
    """The mapping that holds a place."""
    value = document
    for part in pointer.strip("/").split("/")[:-1]:
        if isinstance(value, list):
            value = value[int(part)] if part.isdigit() and int(part) < len(value) else None
        else:
            value = value.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def wrong(authorities: tuple[tuple[str, str, str], ...], applied: list[Applied]) -> Iterator[Made]:
    for namespace, name, key in authorities:
        for item in applied:
            if (item.facts.kind, item.facts.namespace, item.facts.name) == ("Secret", namespace, name):
                yield Made(namespace, name, key, item.by)


def foreign(applied: list[Applied]) -> Iterator[Foreign]:
    for item in applied:
        if item.facts.kind in _STORES and reach(item.facts.spec, "provider") != "vault":
            yield Foreign(item.facts.kind, item.facts.name, item.by)


def first(facts: tuple[Facts, ...], tree: Planted) -> Iterator[dict[str, Json]]:
    """Stores of Vault, and ConfigMaps that Flux substitutes from.

    A tree may need these before the Kustomization that applies them can be ready (an ExternalSecret on the way to
    Vault, waited for), because the real cluster was bootstrapped with them.
    """
    variables = {place for fact in facts if fact.kind == "Kustomization" for place in _substituted(fact, tree)}
    for fact in facts:
        vault = fact.kind in _STORES and reach(fact.spec, "provider") == "vault"
        if not vault and (fact.kind, fact.namespace, fact.name) not in variables:
            continue
        document = tree.document(fact.file, fact.document)
        if isinstance(document, dict) and document.get("kind") == fact.kind and "${" not in json.dumps(document):
            metadata = {**mapping(document.get("metadata")), "name": fact.name}
            place: dict[str, Json] = {"namespace": fact.namespace} if fact.namespace else {}
            yield {**document, "metadata": {**metadata, **place}}


def _substituted(fact: Facts, tree: Planted) -> Iterator[tuple[str, str, str]]:
    spec = mapping(mapping(tree.document(fact.file, fact.document)).get("spec"))
    for source in sequence(mapping(spec.get("postBuild")).get("substituteFrom")):
        name = mapping(source).get("name")
        if mapping(source).get("kind") == "ConfigMap" and isinstance(name, str):
            yield "ConfigMap", fact.namespace or "flux-system", name


def needed(facts: tuple[Facts, ...], special: set[tuple[str, str]]) -> dict[tuple[str, str], dict[str, str]]:
    """Secrets that pods, Flux or Helm wait for and no object of the estate makes: an operator's or Terraform's."""
    made = {(fact.namespace or "default", fact.name) for fact in facts if fact.kind == "Secret"}
    made |= {(fact.namespace or "default", _target(fact)) for fact in facts if fact.kind in _EXTERNAL}
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for fact in facts:
        if fact.kind == "GitRepository":
            continue  # its source is the lab's, which asks for nothing
        for use in fact.uses:
            place = (namespace_of(fact, use) or "default", use.secret)
            if use.how in _LOOSE or place in made or place in special or "$" in use.secret:
                continue
            for key in _keys(use):
                found[place].setdefault(key, generated())
    return dict(found)


def _keys(use: Use) -> tuple[str, ...]:
    return use.keys or (("value",) if use.how != "envFrom" else ("LAB_VALUE",))


def _target(fact: Facts) -> str:
    return text(reach(fact.spec, "target", "name")) or fact.name
