"""The board: where the newest run stands, its gates and clocks, verdicts and the flow of secrets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from html import escape

from migrate.engine.overview import GateClock, Overview, StageRow
from migrate.engine.standing import Standing
from migrate.estate.inventory import Inventory
from migrate.views.live import Screen
from migrate.views.scan_html import STYLE, cards
from migrate.views.scan_svg import drawing
from migrate.views.status import next_command
from migrate.views.text import safe, typed

_EVERY = 5  # seconds between two looks
_STYLE = (
    STYLE
    + """
body{overflow-wrap:anywhere}.practice{border:2px dashed var(--code);padding:.4rem .8rem;border-radius:4px}
.now{border-left:6px solid var(--c,var(--line));background:var(--soft);padding:.7rem 1rem;border-radius:4px;
margin:1rem 0;overflow-wrap:anywhere}.now b{font-size:1.25rem}
.now dl{margin:.5rem 0 0;display:grid;grid-template-columns:max-content 1fr;
gap:.25rem 1rem}.now dt{color:var(--dim)}.now dd{margin:0}.held,.soaks,.waits,.open{--c:var(--code)}
.done,.passed{--c:var(--ready)}.stopped,.failed{--c:#c9372c}.rolled-back{--c:var(--orphan)}
.stages{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:.6rem}
.stage{background:var(--soft);padding:.5rem .8rem;border-radius:4px}
.stage progress{width:100%;accent-color:var(--ready)}
.gate{padding:.5rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
.gate progress{width:100%;max-width:30rem}
.gate .word{color:var(--c);font-weight:600}.chips{display:flex;flex-wrap:wrap;gap:.3rem;padding:0;list-style:none}
.chips li{background:var(--soft);border-left:3px solid var(--c,var(--line));padding:.1rem .5rem;border-radius:3px;
font:13px ui-monospace,monospace;overflow-wrap:anywhere}
@media(max-width:40rem){body{padding:.8rem}thead{display:none}table,tbody,tr,td{display:block}
td{border:0;padding:.1rem 0}
tr{border-bottom:1px solid var(--line);padding:.4rem 0}td::before{content:attr(data-head) ": ";color:var(--dim)}
.now dl{grid-template-columns:1fr;gap:0}}
""".strip()
)


def page(seen: Screen, passed: Sequence[tuple[str, str]], inventory: Inventory) -> str:
    """The page. `passed`: the gates behind, each with `passed` or `waived`. Nothing on it can be pressed.

    Everything that came from outside is escaped.
    """
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="refresh" content="{_EVERY}">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{_title(seen)}</title><style>{_STYLE}</style></head><body>"
    )
    return head + "\n".join(_body(seen, passed, inventory)) + "\n</body></html>\n"


def _title(seen: Screen) -> str:
    return _text(f"{seen.runs[0].state}: {seen.runs[0].run}" if seen.runs else "migrate: no run")


def _body(seen: Screen, passed: Sequence[tuple[str, str]], inventory: Inventory) -> Iterator[str]:
    yield f'<h1>{_text(seen.look.estate)}</h1><p class="dim">as of {seen.now:%Y-%m-%d %H:%M:%S} UTC</p>'
    if seen.look.world:
        yield f'<p class="practice">practice world {_text(seen.look.world)}: nothing here is a real server</p>'
    if seen.runs:
        yield _now(seen, seen.runs[0])
    else:
        yield '<p class="now">no run yet; this page shows one as soon as it begins</p>'
    if seen.overview is not None:
        yield from _overview(seen.overview, seen.now)
        yield from _behind(passed)
    if seen.runs[1:]:
        rows = [(one.run, one.state, f"{one.done} of {one.total}", next_command(one)) for one in seen.runs[1:]]
        yield "<h2>Earlier runs</h2>" + _table(("run", "state", "steps", "next"), rows)
    yield from _verdicts(inventory)
    yield f'<h2>From Vault to the reader</h2><div class="wide">{drawing(inventory)}</div>'


def _now(seen: Screen, one: Standing) -> str:
    back = ", going back" if one.back and one.state != "rolled-back" else ""
    stage = f", stage {one.stage}" if one.stage else ""
    facts = [("serving", _text(seen.look.serving)), ("steps", f"{one.done} of {one.total} done")]
    if one.held:
        facts.append(("held by", _text(f"{one.held.by}: {one.held.reason}")))
    facts.append(("next", f"<code>{_text(typed(next_command(one), seen.look.options))}</code>"))
    if one.reversible_until:
        facts.append(("back", _text(f"can be taken back until {one.reversible_until}")))
    if seen.look.owner:
        facts.append(("at work", _text(seen.look.owner)))
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)
    return (
        f'<section class="now {one.state}"><b>{one.state}{stage}{back}</b> '
        f'<span class="dim">{_text(one.run)}</span><dl>{listed}</dl></section>'
    )


def _overview(overview: Overview, now: datetime) -> Iterator[str]:
    yield f'<h2>Stages</h2><div class="stages">{"".join(map(_stage, overview.stages))}</div>'
    yield "<h2>Gates</h2>"
    waived = f", {overview.waived} waived" if overview.waived else ""
    yield (
        f'<p class="dim">{overview.passed} passed{waived}, {len(overview.clocks)} asked now, '
        f"{overview.to_come} to come</p>"
    )
    yield from (_gate(one, now) for one in overview.clocks)


def _stage(row: StageRow) -> str:
    return (
        f'<div class="stage"><b>{_text(row.name)}</b> <span class="dim">{row.mark}</span>'
        f'<progress max="{row.total}" value="{row.done}"></progress>{row.done} of {row.total}</div>'
    )


def _gate(one: GateClock, now: datetime) -> str:
    clock = f"since {_text(one.since)}"
    if one.until:
        since, until = datetime.fromisoformat(one.since), datetime.fromisoformat(one.until)
        left = max(until - now, timedelta(0))
        words = f"{timedelta(seconds=int(left.total_seconds()))} left" if left else "over: go on when you like"
        whole, gone = max((until - since).total_seconds(), 1.0), min(now, until) - since
        clock = f"{words}, until {_text(one.until)}"
        clock += f'<br><progress max="{whole:.0f}" value="{gone.total_seconds():.0f}"></progress>'
    return (
        f'<div class="gate {one.state}"><span class="word">{one.state}</span> <code>{_text(one.gate)}</code> '
        f'{_text(one.said)}<div class="dim">{clock}</div></div>'
    )


def _behind(passed: Sequence[tuple[str, str]]) -> Iterator[str]:
    if passed:
        chips = "".join(f'<li class="{state}">{_text(gate)} {state}</li>' for gate, state in passed)
        yield f'<ul class="chips">{chips}</ul>'


def _verdicts(inventory: Inventory) -> Iterator[str]:
    totals = inventory.totals()
    yield f'<h2>Verdicts</h2><p class="dim">{totals["externalSecrets"]} ExternalSecrets</p>'
    yield from cards(totals)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    titles = "".join(f"<th>{name}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f'<td data-head="{name}">{_text(cell)}</td>' for name, cell in zip(head, row, strict=True))
        + "</tr>"
        for row in rows
    )  # fmt: skip
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def _text(text: str) -> str:
    return escape(safe(text), quote=True)
