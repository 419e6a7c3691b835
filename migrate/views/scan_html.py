"""The scan as one HTML file that needs nothing else: no script, no font, no server; dark and light."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from migrate.estate.inventory import VERDICTS, Inventory, Secret
from migrate.estate.report import ordered
from migrate.views.scan_markdown import paths
from migrate.views.scan_svg import drawing
from migrate.views.scan_table import MEANING, SERVED, fetching
from migrate.views.text import safe

STYLE = """
:root{color-scheme:light dark;--ink:#1a202c;--paper:#fff;--soft:#f4f6f8;--line:#cbd5e0;--dim:#5a6678;
--ready:#1f7a4d;--adapt:#2f9e63;--code:#a86a10;--keep:#2b6cb0;--orphan:#7a4fd0}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--paper:#12161c;--soft:#1b222b;--line:#3b4654;--dim:#9aa7b8;
--ready:#4cc38a;--adapt:#63d297;--code:#e0a44a;--keep:#6cb0f5;--orphan:#b596f5}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1500px;padding:1.5rem;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,sans-serif}h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}
.dim{color:var(--dim)}.cards{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0}
.card{flex:1 1 10rem;background:var(--soft);border-left:5px solid var(--c,var(--line));padding:.5rem .8rem;
border-radius:4px}.card b{display:block;font-size:1.5rem}.ready{--c:var(--ready)}.adapt{--c:var(--adapt)}
.code{--c:var(--code)}.keep{--c:var(--keep)}.orphan{--c:var(--orphan)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;
padding:.4rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere}th{position:sticky;top:0;
background:var(--paper)}.word{color:var(--c);font-weight:600;white-space:nowrap}code{font:13px ui-monospace,monospace}
svg{min-width:1100px;width:100%;height:auto;font:11px ui-monospace,monospace}svg text{fill:var(--ink)}
svg .word{font-size:9px;fill:var(--c)}svg .head{font-weight:700;fill:var(--dim)}
svg rect{fill:var(--soft);stroke:var(--c,var(--line))}
svg path{fill:none;stroke:var(--line);stroke-width:1.3}svg path[class]{stroke:var(--c)}ul{padding-left:1.2rem}
""".strip()


def page(inventory: Inventory, place: str) -> str:
    """The page. Everything that came out of the tree is escaped."""
    title = f"Secrets of {_text(place)}"
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        # Nothing may be loaded or run, whatever a name in the tree would like.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{STYLE}</style></head><body>"
    )
    return head + "\n".join((f"<h1>{title}</h1>", *_body(inventory))) + "\n</body></html>\n"


def _body(inventory: Inventory) -> Iterator[str]:
    yield from _summary(inventory)
    yield '<h2>From Vault to the reader</h2><div class="wide">'
    yield drawing(inventory)
    yield "</div>"
    yield from _table(inventory)
    served = [f"<code>{_text(one.target)}</code> {_text(fetching(one))}" for one in inventory.served]
    yield from _list(SERVED.capitalize(), served)
    bootstrap = [
        f"<code>{_text(f'{item.namespace}/{item.name}')}</code> {_text(item.reason)}" for item in inventory.bootstrap
    ]
    yield from _list("On the path to Vault, never moved", bootstrap)
    yield from _list(
        "Worth knowing",
        [f"{item.severity}: {_text(item.text)} <code>{_text(item.file)}</code>" for item in inventory.findings],
    )
    failed = [
        f"<code>{_text(f'{item.file}:{item.line}')}</code> {_text(item.message)}" for item in inventory.files.failed
    ]
    skipped = [f"<code>{_text(item.file)}</code> {_text(item.reason)}" for item in inventory.files.skipped]
    yield from _list("Files that could not be read", failed)
    yield from _list("Files left out", skipped)


def _summary(inventory: Inventory) -> Iterator[str]:
    totals = inventory.totals()
    yield f'<p class="dim">{inventory.files.seen:,} files, {totals["externalSecrets"]} ExternalSecrets</p>'
    yield from cards(totals)


def cards(totals: Mapping[str, int]) -> Iterator[str]:
    """A card for each verdict: how many secrets have it, and what it means."""
    yield '<div class="cards">'
    for verdict in VERDICTS:
        meaning = f'<div class="dim">{MEANING[verdict]}</div>'
        yield f'<div class="card {verdict}"><b>{totals[verdict]}</b>{verdict}{meaning}</div>'
    yield "</div>"


def _table(inventory: Inventory) -> Iterator[str]:
    yield '<h2>Every secret</h2><div class="wide"><table><thead><tr>'
    yield "".join(
        f"<th>{title}</th>" for title in ("Vault path", "ExternalSecret", "Secret", "Readers", "Verdict", "Why")
    )
    yield "</tr></thead><tbody>"
    yield from (_row(secret) for secret in ordered(inventory.secrets))
    yield "</tbody></table></div>"


def _row(secret: Secret) -> str:
    readers = dict.fromkeys(
        f'{_text(reader.target)} <span class="dim">{reader.how}{"" if reader.wired else ", not wired"}</span>'
        for reader in secret.readers
    )
    cells = (
        "<br>".join(f"<code>{_text(path)}</code>" for path in paths(secret)) or "-",
        f"<code>{_text(secret.id)}</code>" + ("" if secret.wired else ' <span class="dim">not wired</span>'),
        f"<code>{_text(secret.target)}</code>",
        "<br>".join(readers) or "none found",
        f'<span class="word {secret.verdict}">{secret.verdict}</span>',
        "<br>".join(dict.fromkeys(_text(reason.text) for reason in secret.reasons)),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _list(title: str, items: list[str]) -> Iterator[str]:
    if items:
        yield f"<h2>{title}</h2><ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def _text(text: str) -> str:
    return escape(safe(text), quote=True)
