"""The board: runs, gates with their clocks, verdicts and the flow of secrets, as a page that looks again by itself."""

from __future__ import annotations

from html import escape

from migrate.engine.fold import Failing, Passed, Pending, Run, Waived
from migrate.engine.standing import Standing
from migrate.estate.inventory import Inventory
from migrate.views.scan_html import STYLE
from migrate.views.scan_svg import drawing
from migrate.views.status import next_command
from migrate.views.text import safe

_EVERY = 5  # seconds between two looks


def gates(run: Run) -> list[tuple[str, str, str]]:
    """Each gate that was asked: its name, its state, and what it saw or until when it soaks."""
    return [(f"{gate} (back)" if way == "back" else gate, *_said(state)) for (way, gate), state in run.gates.items()]


def _said(state: object) -> tuple[str, str]:
    match state:
        case Passed():
            return "passed", ""
        case Waived():
            return "waived", ""
        case Pending(_, reading, _, until) if until:
            return "soaks", f"{reading}; until {until}"
        case Pending(since, reading, settles, _):
            return "waits", f"{reading}; {settles}; since {since}"
        case Failing(reading, fix):
            return "failed", f"{reading}; {fix}"
        case _:
            return "asked", ""


def page(
    estate: str, world: str | None, runs: list[Standing], asked: list[tuple[str, str, str]], inventory: Inventory
) -> str:
    """The page. Nothing on it can be pressed; everything that came from outside is escaped."""
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="refresh" content="{_EVERY}">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>migrate</title><style>{STYLE}</style></head><body><h1>{_text(estate)}</h1>"
    )
    practice = f'<p class="dim">practice world {_text(world)}: nothing here is a real server</p>' if world else ""
    totals = inventory.totals()
    cards = "".join(
        f'<div class="card {escape(word)}"><b>{count}</b>{_text(word)}</div>' for word, count in totals.items()
    )
    return "".join(
        (
            head,
            practice,
            "<h2>Runs</h2>",
            _table(("run", "state", "steps", "waits for", "next"), [_run(one) for one in runs]),
            "<h2>Gates of the newest run</h2>",
            _table(("gate", "state", "what it saw"), asked),
            f'<h2>Verdicts</h2><div class="cards">{cards}</div>',
            f'<h2>From Vault to the reader</h2><div class="wide">{drawing(inventory)}</div></body></html>\n',
        )
    )


def _run(one: Standing) -> tuple[str, ...]:
    held = f"{one.held.by}: {one.held.reason}" if one.held else ""
    return one.run, f"{one.state}, {one.stage}", f"{one.done} of {one.total}", held, next_command(one)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]] | list[tuple[str, str, str]]) -> str:
    if not rows:
        return '<p class="dim">none</p>'
    titles = "".join(f"<th>{name}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'


def _text(text: str) -> str:
    return escape(safe(text), quote=True)
