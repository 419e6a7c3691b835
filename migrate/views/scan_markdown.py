"""The estate's secrets mapping as a Markdown page: one row a secret, for the repository or a ticket."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.estate.inventory import VERDICTS, Inventory, Reader, Secret
from migrate.estate.report import ordered
from migrate.views.scan_table import MEANING, SERVED, fetching
from migrate.views.text import safe

# Everything that Markdown or HTML inside it could take for more than text.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&])")


def page(inventory: Inventory, place: str) -> str:
    """The page."""
    return "\n".join(_lines(inventory, place)) + "\n"


def _lines(inventory: Inventory, place: str) -> Iterator[str]:
    totals = inventory.totals()
    yield f"# Secrets mapping: {plain(place)}"
    yield ""
    yield "| Verdict | Secrets | Meaning |"
    yield "|---|---:|---|"
    for verdict in VERDICTS:
        yield f"| {verdict} | {totals[verdict]} | {MEANING[verdict]} |"
    yield f"| total | {totals['externalSecrets']} | |"
    yield ""
    yield "| Vault path | ExternalSecret | Secret | Readers | Verdict | Why |"
    yield "|---|---|---|---|---|---|"
    for secret in ordered(inventory.secrets):
        yield "| " + " | ".join(_cells(secret)) + " |"
    yield from _served(inventory)
    yield from _bootstrap(inventory)
    yield from _findings(inventory)


def _cells(secret: Secret) -> tuple[str, ...]:
    return (
        "<br>".join(code(path) for path in paths(secret)) or "-",
        code(secret.id) + ("" if secret.wired else " (not wired)"),
        code(f"{secret.namespace}/{secret.target}"),
        "<br>".join(dict.fromkeys(_reader(reader) for reader in secret.readers)) or "none found",
        f"**{secret.verdict}**",
        plain(secret.reasons[0].text) if secret.reasons else "",
    )


def paths(secret: Secret) -> list[str]:
    """The places in the provider that a secret is made from, `path#property`, each once."""
    return list(
        dict.fromkeys(
            datum.vault.path + (f"#{datum.vault.property}" if datum.vault.property else "") for datum in secret.data
        )
    )


def _reader(reader: Reader) -> str:
    container = f", container {plain(reader.container)}" if reader.container else ""
    return f"{plain(reader.target)} ({reader.how}{container}{'' if reader.wired else ', not wired'})"


def _served(inventory: Inventory) -> Iterator[str]:
    if inventory.served:
        yield from ("", f"## {SERVED.capitalize()}", "")
        for one in inventory.served:
            yield f"- {code(one.target)}: {plain(fetching(one))}"


def _bootstrap(inventory: Inventory) -> Iterator[str]:
    if inventory.bootstrap:
        yield from ("", "## On the path to Vault, never moved", "")
        for item in inventory.bootstrap:
            yield f"- {code(f'{item.namespace}/{item.name}')}: {plain(item.reason)}"


def _findings(inventory: Inventory) -> Iterator[str]:
    if inventory.findings:
        yield from ("", "## Worth knowing", "")
        for finding in inventory.findings:
            yield f"- {finding.severity}: {plain(finding.text)} ({code(finding.file)})"


def plain(text: str) -> str:
    """Text that renders as itself."""
    return _SPECIAL.sub(r"\\\1", safe(text))


def code(text: str) -> str:
    """Text as code; names with characters that would end the cell or the code are escaped instead."""
    shown = safe(text)
    return plain(text) if "`" in shown or "|" in shown or not shown else f"`{shown}`"
