"""The flow of secrets as a Mermaid flowchart, for pages that draw it (GitHub, GitLab, wikis)."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.estate.inventory import VERDICTS, Inventory
from migrate.views.scan_flow import COLUMNS, Edge, Flow, Node, flow

# Fill and text per verdict, readable on light and dark pages.
_FILL = {"ready": "#2f855a", "adapt": "#38a169", "code": "#b7791f", "keep": "#2b6cb0", "orphan": "#805ad5"}
_SHAPES = (("[(", ")]"), ("{{", "}}"), ("[", "]"), ("(", ")"), ("([", "])"))


def chart(inventory: Inventory) -> str:
    """The chart, ready to stand in a ```mermaid block."""
    return "\n".join(_lines(flow(inventory))) + "\n"


def _lines(drawn: Flow) -> Iterator[str]:
    yield "flowchart LR"
    for column, title in enumerate(COLUMNS):
        nodes = [node for node in drawn.nodes if node.column == column]
        if nodes:
            yield f'  subgraph c{column}["{title}"]'
            yield from (f"    {_node(node)}" for node in nodes)
            yield "  end"
    for edge in drawn.edges:
        yield f"  {_edge(edge)}"
    for verdict in VERDICTS:
        if ids := [node.id for node in drawn.nodes if node.style == verdict]:
            yield f"  classDef {verdict} fill:{_FILL[verdict]},color:#fff,stroke:#0003"
            yield f"  class {','.join(ids)} {verdict}"


def _node(node: Node) -> str:
    opening, closing = _SHAPES[node.column]
    # The verdict as a word too: colour alone tells some readers nothing.
    label = f"{node.label} · {node.style}" if node.style else node.label
    return f'{node.id}{opening}"{escaped(label)}"{closing}'


def _edge(edge: Edge) -> str:
    label = f'|"{escaped(edge.label)}"|' if edge.label else ""
    return f"{edge.source} -->{label} {edge.target}"


def escaped(label: str) -> str:
    """A label in which only letters, digits and plain punctuation stand for themselves.

    Mermaid reads `#35;` as a character by its number, inside quotes as well.
    """
    return "".join(sign if sign.isalnum() or sign in " -./:,_·()=" else f"#{ord(sign)};" for sign in label) or "-"
