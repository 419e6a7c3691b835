"""What an estate needs of the lab it is brought into, read from its files by the rules of `migrate.estate`.

Nothing here knows an estate by name: which Secrets stand on the path to Vault, which values Vault must have, what
must be called what, all of it follows from who reads what.
"""

from __future__ import annotations

import os
from collections import defaultdict
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from migrate.estate.extract import extract
from migrate.estate.facts import Facts
from migrate.estate.flux import is_kustomization
from migrate.estate.inventory import Inventory
from migrate.estate.scan import assemble
from migrate.estate.tree import Tree as Planted
from migrate.estate.tree import plant
from migrate.estate.wiring import Wired, wire
from migrate.lab import bootstrap, kinds
from migrate.lab.demands import Demands, Root, Server, generated
from migrate.model.config import Config
from migrate.model.errors import Failed
from migrate.model.json import reach, text
from migrate.planning import database
from migrate.planning.configuration import FILE, read_config
from migrate.planning.files import Files
from migrate.stores.tree import Tree, listing

_KV = "secret"


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
    """The estate's migrate.yaml with what the environment says instead, as every command has it.

    Raises Failed where it cannot be understood.
    """
    try:
        return read_config(found.files.read(FILE), os.environ)
    except OSError:
        return read_config(None, os.environ)


def postgres_major(found: Demands) -> int | None:
    """The major version of PostgreSQL that the estate says it has: migrate.yaml, else its operator's object."""
    said = configured(found).database.version
    return said or next((server.version for server in database.servers(found.files) if server.version), None)


def database_address(found: Demands) -> Server | None:
    """The name and port by which the estate's Vault knows the database; None where it is none, or a bare address."""
    host, _, port = (configured(found).database.address or "").rpartition(":")
    if not host or not port.isdigit() or is_address(host):
        return None
    return Server(host, int(port))


def is_address(host: str) -> bool:
    """Whether it is a number: a lab can give a name another meaning, and takes no address from its machine."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def demands(wired: Wired, tree: Planted, inventory: Inventory, files: Files) -> Demands:
    """What the first cluster of an estate needs."""
    if not wired.scopes:
        raise Failed("Nothing in the estate is applied by anything.", undone="No lab was started.")
    applied = wired.scopes[0].applied
    facts = tuple(item.facts for item in applied)
    special = tuple(bootstrap.credentials(facts, tree))
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
        wrong_authorities=tuple(bootstrap.wrong(authorities, applied)),
        foreign_stores=tuple(bootstrap.foreign(applied)),
        secrets=bootstrap.needed(facts, {(place[0], place[1]) for place in (*tokens, *authorities)}),
        first=tuple(bootstrap.first(facts, tree)),
        namespaces=tuple(sorted({"flux-system", *kinds.namespaces(facts)})),
        kinds=kinds.kinds(files),
        inventory=inventory,
        files=files,
    )


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
    scheme = parts.scheme if parts.scheme == "http" else "https"
    return Server(parts.hostname or "", parts.port or (443 if scheme == "https" else 80), scheme)


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
