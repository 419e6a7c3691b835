"""The way of every secret as a graph: Vault path -> store -> ExternalSecret -> Secret -> reader.

One graph, two drawings: Mermaid for pages that render it, SVG for the HTML page.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from migrate.estate.inventory import Inventory, Secret
from migrate.estate.report import ordered
from migrate.views.text import safe

COLUMNS = ("Vault path", "store", "ExternalSecret", "Secret", "reader")


@dataclass(frozen=True, slots=True)
class Node:
    """A box. `style` is a verdict, or empty."""

    id: str
    column: int
    label: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow between two boxes. `label` keeps what a shared box in between would lose."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """Boxes and arrows, each once, in the order of the secrets."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def flow(inventory: Inventory) -> Flow:
    """The graph of an inventory."""
    drawing = _Drawing()
    for secret in ordered(inventory.secrets):
        drawing.secret(secret)
    return Flow(tuple(drawing.nodes.values()), tuple(drawing.edges))


@dataclass(slots=True)
class _Drawing:
    nodes: dict[tuple[object, ...], Node] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)

    def secret(self, secret: Secret) -> None:
        store = self.node(1, (secret.store.kind, secret.store.name), secret.store.name)
        places = list(dict.fromkeys(datum.vault.path for datum in secret.data))
        for path in places:
            self.edge(self.node(0, (secret.store.name, path), path), store)
        mark = "" if secret.wired else " (not wired)"
        own = self.node(2, (secret.file, secret.document, secret.id), secret.id + mark, secret.verdict)
        target = self.node(3, (secret.scope, secret.namespace, secret.target), f"{secret.namespace}/{secret.target}")
        self.edge(store, own, ", ".join(places))
        self.edge(own, target)
        for reader in secret.readers:
            mark = "" if reader.wired else " (not wired)"
            self.edge(target, self.node(4, (reader.target, reader.wired), reader.target + mark), reader.how)

    def node(self, column: int, key: tuple[object, ...], label: str, style: str = "") -> str:
        known = self.nodes.setdefault((column, *key), Node(f"n{len(self.nodes)}", column, safe(label), style))
        return known.id

    def edge(self, source: str, target: str, label: str = "") -> None:
        self.edges.setdefault(Edge(source, target, safe(label)))
