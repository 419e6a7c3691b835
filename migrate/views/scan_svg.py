"""The flow of secrets as an SVG picture: five columns of boxes, a curve for every arrow."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from migrate.estate.inventory import Inventory
from migrate.views.scan_flow import COLUMNS, Edge, Flow, Node, flow

_WIDTH, _BOX, _HIGH, _STEP, _TOP = 1500, 250, 20, 26, 40
_GAP = (_WIDTH - _BOX * len(COLUMNS)) / (len(COLUMNS) - 1)
_LETTERS = 36  # that fit into a box; the whole label is in its tooltip and in the table below the picture


def drawing(inventory: Inventory) -> str:
    """The picture as an `<svg>` element, without any identifier that could clash with the page's."""
    drawn = flow(inventory)
    heights = _heights(drawn)
    bottom = max((*heights.values(), _TOP)) + _STEP
    return "".join(
        (
            f'<svg viewBox="0 0 {_WIDTH} {bottom:.0f}" role="img" aria-label="Flow of secrets from Vault to readers">',
            *(_title(column) for column in range(len(COLUMNS))),
            *_curves(drawn, heights),
            *(_box(node, heights[node.id]) for node in drawn.nodes),
            "</svg>",
        )
    )


def _heights(drawn: Flow) -> dict[str, float]:
    """Where each box stands: ExternalSecrets under each other, the rest beside what they are tied to."""
    heights = {
        node.id: float(_TOP + row * _STEP) for row, node in enumerate(node for node in drawn.nodes if node.column == 2)
    }
    for column, near in ((3, 2), (4, 3), (1, 2), (0, 1)):
        nodes = [node for node in drawn.nodes if node.column == column]
        if near == 1:  # paths hang on few stores: their own order, which is that of the secrets, says more
            wishes = {node.id: float(_TOP + row * _STEP) for row, node in enumerate(nodes)}
        else:
            wishes = {node.id: _mean(heights, node.id, drawn.edges) for node in nodes}
        heights |= _spread(wishes)
    return heights


def _mean(heights: dict[str, float], node: str, edges: tuple[Edge, ...]) -> float:
    near = [
        heights[other]
        for edge in edges
        for this, other in ((edge.source, edge.target), (edge.target, edge.source))
        if this == node and other in heights
    ]
    return sum(near) / len(near) if near else float(_TOP)


def _spread(wishes: dict[str, float]) -> dict[str, float]:
    """As wished, but never over each other."""
    placed: dict[str, float] = {}
    free = float(_TOP)
    for node, wish in sorted(wishes.items(), key=lambda item: item[1]):
        placed[node] = max(wish, free)
        free = placed[node] + _STEP
    return placed


def _title(column: int) -> str:
    return f'<text class="head" x="{_left(column):.0f}" y="22">{COLUMNS[column]}</text>'


def _left(column: int) -> float:
    return column * (_BOX + _GAP)


def _box(node: Node, top: float) -> str:
    short = _short(node)
    verdict = f" ({node.style})" if node.style else ""
    style = f' class="{node.style}"' if node.style else ""
    left = _left(node.column)
    return (
        f"<g{style}><title>{escape(node.label + verdict)}</title>"
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{_BOX}" height="{_HIGH}" rx="4"/>'
        f'<text x="{left + 7:.0f}" y="{top + 14:.0f}">{escape(short)}</text>'
        + (f'<text class="word" x="{left + _BOX + 5:.0f}" y="{top + 7:.0f}">{node.style}</text>' if node.style else "")
        + "</g>"
    )


def _short(node: Node) -> str:
    """Paths differ at their end, names at their start."""
    if len(node.label) <= _LETTERS:
        return node.label
    return "…" + node.label[1 - _LETTERS :] if node.column == 0 else node.label[: _LETTERS - 1] + "…"


def _curves(drawn: Flow, heights: dict[str, float]) -> Iterator[str]:
    nodes = {node.id: node for node in drawn.nodes}
    for edge in drawn.edges:
        source, target = nodes[edge.source], nodes[edge.target]
        x1, x2 = _left(source.column) + _BOX, _left(target.column)
        y1, y2 = heights[source.id] + _HIGH / 2, heights[target.id] + _HIGH / 2
        middle = (x1 + x2) / 2
        style = f' class="{word}"' if (word := source.style or target.style) else ""
        title = f"<title>{escape(edge.label)}</title>" if edge.label else ""
        yield (
            f'<path{style} d="M{x1:.0f} {y1:.0f}C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}">'
            f"{title}</path>"
        )
