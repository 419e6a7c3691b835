"""Shows a scan in the form asked for. Everything goes to stdout, so that it can be kept in a file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from migrate.estate.inventory import Inventory
from migrate.model.plan import Beginning
from migrate.views import console

Format = Literal["table", "json", "markdown", "mermaid", "html"]


@dataclass(frozen=True, slots=True)
class Estate:
    """Where the scanned folder stands."""

    path: str
    commit: str | None
    dirty: bool

    @property
    def title(self) -> str:
        """The folder and its commit, as a person names them."""
        changed = ", changed since" if self.dirty else ""
        return f"{self.path} at commit {self.commit[:10]}{changed}" if self.commit else self.path


def show(inventory: Inventory, estate: Estate, wanted: Format, beginning: Callable[[], Beginning], folder: str) -> None:
    """Print the scan. `folder`: the estate as commands must name it; empty where one stands in it.

    `beginning` is asked for a person only, and once the rest is on the screen: it makes a plan, which takes longer.
    """
    if wanted == "json":
        from migrate.estate.report import document

        console.emit_json(document(inventory, estate.path, estate.commit, dirty=estate.dirty))
        return
    console.emit_text(_text(inventory, estate, wanted))
    if wanted == "table":
        from migrate.views import scan_table, text

        sys.stdout.flush()
        following = scan_table.Following(beginning(), text.safe(folder))
        lines = scan_table.to_do(inventory, text.screen_width(), following)
        console.emit_text(text.rendered(lines, colour=text.coloured()))


def _text(inventory: Inventory, estate: Estate, wanted: Format) -> str:
    if wanted == "markdown":
        from migrate.views import scan_markdown

        return scan_markdown.page(inventory, estate.title)
    if wanted == "mermaid":
        from migrate.views import scan_mermaid

        return scan_mermaid.chart(inventory)
    if wanted == "html":
        from migrate.views import scan_html

        return scan_html.page(inventory, estate.title)
    from migrate.views import scan_table, text

    lines = scan_table.screen(inventory, estate.title, text.screen_width())
    return text.rendered(lines, colour=text.coloured())
