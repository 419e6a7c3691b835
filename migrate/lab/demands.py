"""What an estate needs of the lab it is brought into: values only; `survey` reads them from its files."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from migrate.estate.inventory import Inventory
from migrate.model.json import Json
from migrate.planning.files import Files


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
    scheme: str = "https"

    @property
    def url(self) -> str:
        """As pods know it."""
        return f"{self.scheme}://{self.host}:{self.port}"


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


def generated() -> str:
    """A value that is nobody's."""
    return secrets.token_urlsafe(18)
