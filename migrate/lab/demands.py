"""What an estate needs of the lab it is brought into, read from its files by the rules of `migrate.estate`.

Nothing here knows an estate by name: which Secrets stand on the path to Vault, which values Vault must have, what
must be called what, all of it follows from who reads what.
"""

from __future__ import annotations

import json
import posixpath
import secrets
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from migrate.documents.reader import YamlFault, load_all
from migrate.estate.extract import extract
from migrate.estate.facts import Facts, Use
from migrate.estate.flux import Applied, is_kustomization
from migrate.estate.inventory import Inventory
from migrate.estate.placed import is_cluster_scoped, namespace_of
from migrate.estate.scan import assemble
from migrate.estate.tree import Tree as Planted
from migrate.estate.tree import plant
from migrate.estate.wiring import Wired, wire
from migrate.model.config import Config
from migrate.model.errors import Failed
from migrate.model.json import Json, mapping, reach, sequence, text
from migrate.planning import database
from migrate.planning.configuration import read_config
from migrate.planning.files import Files
from migrate.stores.tree import Tree, listing

_STORES = frozenset({"SecretStore", "ClusterSecretStore"})
_EXTERNAL = frozenset({"ExternalSecret", "ClusterExternalSecret"})
# Places that name a Secret without needing it to be there: whoever reads them finds out later, or never.
_LOOSE = frozenset({"text", "rbac", "ingress-tls", "gateway-tls", "helm-values", "custom-resource", "imagePullSecrets"})
_KV = "secret"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object that the estate has. `namespaced` as far as the files tell."""

    api: str
    kind: str
    namespaced: bool


@dataclass(frozen=True, slots=True)
class Server:
    """A name and port under which the estate knows its Vault."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Root:
    """Where Flux begins: the Kustomization that leads to everything, and its source."""

    namespace: str
    name: str
    path: str
    source: str
    branch: str


@dataclass(frozen=True, slots=True)
class Made:
    """A Secret that the estate itself makes and that is read for Vault's authority: here it would be the wrong one."""

    namespace: str
    name: str
    key: str
    by: str
    """`namespace/name` of the Flux Kustomization."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A store of another provider than Vault: nothing in a lab answers for it, and Flux may wait for it."""

    kind: str
    name: str
    by: str
    """`namespace/name` of the Flux Kustomization."""


@dataclass(frozen=True, slots=True)
class Demands:
    """Everything the lab must have before the estate can live in it. Values are generated: none is anybody's."""

    root: Root
    vaults: tuple[Server, ...]
    kv: tuple[str, ...]
    """Mounts of the KV engine."""
    values: dict[tuple[str, str], dict[str, str]]
    """(mount, path) to keys and generated values."""
    tokens: tuple[tuple[str, str, str], ...]
    """(namespace, Secret, key) that must hold the token of the External Secrets Operator."""
    authorities: tuple[tuple[str, str, str], ...]
    """(namespace, Secret, key) that must hold the certificate of Vault's authority."""
    wrong_authorities: tuple[Made, ...]
    foreign_stores: tuple[Foreign, ...]
    secrets: dict[tuple[str, str], dict[str, str]]
    """Further Secrets that somebody needs and nobody in the estate makes, with generated values."""
    first: tuple[dict[str, Json], ...]
    """Objects of the tree that must be there before Flux begins: whoever made the cluster brought them."""
    namespaces: tuple[str, ...]
    kinds: tuple[Kind, ...]
    inventory: Inventory
    files: Files


def read(folder: Path) -> Demands:
    """Read an estate. Writes nothing. Raises Failed where it is no folder or nothing in it is applied."""
    if not folder.is_dir():
        raise Failed(
            f"{folder} is no folder.", undone="No lab was started.", following="migrate lab up --estate FOLDER"
        )
    tree = Tree(str(folder))
    found = listing(tree.root)
    facts = [extract(entry.path, tree.read(entry.path)) for entry in found.entries]
    inventory = assemble(facts, tree.read, found.seen, found.skipped)
    planted = plant(facts, tree.read, (item.file for item in found.skipped))
    files = Files(tuple(entry.path for entry in found.entries), tree.read)
    return demands(wire(planted), planted, inventory, files)


def configured(found: Demands) -> Config:
    """The estate's migrate.yaml; all defaults where it has none. Raises Failed where it cannot be understood."""
    try:
        return read_config(found.files.read("migrate.yaml"))
    except OSError:
        return Config()


def postgres_major(found: Demands) -> int | None:
    """The major version of PostgreSQL that the estate's database operator runs, where the files say."""
    return next((server.version for server in database.servers(found.files) if server.version), None)


def demands(wired: Wired, tree: Planted, inventory: Inventory, files: Files) -> Demands:
    """What the first cluster of an estate needs."""
    if not wired.scopes:
        raise Failed("Nothing in the estate is applied by anything.", undone="No lab was started.")
    applied = wired.scopes[0].applied
    facts = tuple(item.facts for item in applied)
    special = tuple(_credentials(facts, tree))
    tokens = tuple(place for place, what in special if what == "token")
    authorities = tuple(place for place, what in special if what == "authority")
    values = _values(inventory)
    stores = [store for store in inventory.stores if store.provider == "vault"]
    return Demands(
        root=_root(wired, facts),
        vaults=tuple(dict.fromkeys(_server(store.server) for store in stores if store.server)),
        kv=tuple(dict.fromkeys([*(store.mount or _KV for store in stores), *(mount for mount, _ in values)])) or (_KV,),
        values=values,
        tokens=tokens,
        authorities=authorities,
        wrong_authorities=tuple(_wrong(authorities, applied)),
        foreign_stores=tuple(_foreign(applied)),
        secrets=_needed(facts, {(place[0], place[1]) for place in (*tokens, *authorities)}),
        first=tuple(_first(facts, tree)),
        namespaces=tuple(sorted({"flux-system", *_namespaces(facts)})),
        kinds=_kinds(files),
        inventory=inventory,
        files=files,
    )


def generated() -> str:
    """A value that is nobody's."""
    return secrets.token_urlsafe(18)


def _root(wired: Wired, facts: tuple[Facts, ...]) -> Root:
    starts = set(wired.scopes[0].starts)
    flux = next((fact for fact in facts if is_kustomization(fact) and fact.file in starts), None)
    if wired.wiring.how != "flux" or flux is None:
        path = wired.scopes[0].starts[0] if wired.wiring.how == "kustomize" else "."
        return Root("flux-system", "flux-system", f"./{path}", "flux-system", "main")
    source = text(reach(flux.spec, "sourceRef", "name")) or "flux-system"
    repository = next((fact for fact in facts if fact.kind == "GitRepository" and fact.name == source), None)
    branch = text(reach(repository.spec, "ref", "branch")) if repository else ""
    path = text(reach(flux.spec, "path"))
    return Root(flux.namespace or "flux-system", flux.name, path or "./", source, branch or "master")


def _server(url: str) -> Server:
    parts = urlsplit(url)
    return Server(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))


def _values(inventory: Inventory) -> dict[tuple[str, str], dict[str, str]]:
    """A value for every key that an ExternalSecret takes from Vault; a whole map has the keys its readers want."""
    stores = {(store.kind, store.name): store for store in inventory.stores}
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for secret in inventory.secrets:
        store = stores.get((secret.store.kind, secret.store.name))
        if store is not None and store.provider != "vault":
            continue
        for datum in secret.data:
            mount, path = _place(datum.vault.path, store.mount if store else _KV)
            keys = [datum.vault.property] if datum.vault.property else _wanted(secret.readers)
            for key in keys:
                found[mount, path].setdefault(key, generated())
    return {place: dict(keys) for place, keys in found.items() if place[1]}


def _place(path: str, mount: str | None) -> tuple[str, str]:
    """Mount and path of a key as ESO reads it: without a mount in the store, the key begins with one."""
    if mount:
        return mount, path.removeprefix(f"{mount}/").removeprefix("data/")
    first, _, rest = path.partition("/")
    return first, rest.removeprefix("data/")


def _wanted(readers: object) -> list[str]:
    keys = [key for reader in readers for key in reader.keys] if isinstance(readers, tuple) else []
    return list(dict.fromkeys(keys)) or ["value"]


def _credentials(facts: tuple[Facts, ...], tree: Planted) -> Iterator[tuple[tuple[str, str, str], str]]:
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


def _wrong(authorities: tuple[tuple[str, str, str], ...], applied: list[Applied]) -> Iterator[Made]:
    for namespace, name, key in authorities:
        for item in applied:
            if (item.facts.kind, item.facts.namespace, item.facts.name) == ("Secret", namespace, name):
                yield Made(namespace, name, key, item.by)


def _foreign(applied: list[Applied]) -> Iterator[Foreign]:
    for item in applied:
        if item.facts.kind in _STORES and reach(item.facts.spec, "provider") != "vault":
            yield Foreign(item.facts.kind, item.facts.name, item.by)


def _first(facts: tuple[Facts, ...], tree: Planted) -> Iterator[dict[str, Json]]:
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


def _needed(facts: tuple[Facts, ...], special: set[tuple[str, str]]) -> dict[tuple[str, str], dict[str, str]]:
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


def _namespaces(facts: tuple[Facts, ...]) -> Iterator[str]:
    for fact in facts:
        if fact.kind == "Namespace":
            yield fact.name
        elif fact.namespace and not is_cluster_scoped(fact.kind):
            yield fact.namespace
        yield from (use.namespace for use in fact.uses if use.namespace)


def _kinds(files: Files) -> tuple[Kind, ...]:
    """Every kind outside the core that a file has an object of; one that never has a namespace is cluster-wide."""
    homes = {
        posixpath.dirname(path)
        for path, value in _objects(files)
        if _is_kustomization(value) and value.get("namespace")
    }
    found: dict[tuple[str, str], bool] = {}
    for path, value in _objects(files):
        api, kind, metadata = value.get("apiVersion"), value.get("kind"), mapping(value.get("metadata"))
        if not isinstance(api, str) or not isinstance(kind, str) or "/" not in api or _is_kustomization(value):
            continue
        placed = bool(metadata.get("namespace")) or posixpath.dirname(path) in homes
        found[api, kind] = found.get((api, kind), False) or (placed and not _everywhere(kind))
    return tuple(Kind(api, kind, namespaced) for (api, kind), namespaced in sorted(found.items()))


def _everywhere(kind: str) -> bool:
    return is_cluster_scoped(kind) or kind.startswith("Cluster")


def _is_kustomization(value: dict[str, Json]) -> bool:
    return str(value.get("apiVersion", "")).startswith("kustomize.config.k8s.io/") or "apiVersion" not in value


def _objects(files: Files) -> Iterator[tuple[str, dict[str, Json]]]:
    for path in files.paths:
        try:
            documents = load_all(files.read(path))
        except (OSError, YamlFault):
            continue
        for document in documents:
            if isinstance(document.value, dict):
                yield path, document.value
