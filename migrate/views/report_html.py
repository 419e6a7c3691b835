"""The report as one HTML file that needs nothing else: no script, no font, no server; for screen, print and phone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from migrate.sessions.report import Record, Report, Row, clock
from migrate.views.report_charts import LEGEND, soak, timeline
from migrate.views.text import safe

_STYLE = """
:root{color-scheme:light dark;--ink:#1a202c;--paper:#fff;--soft:#f4f6f8;--line:#cbd5e0;--dim:#5a6678;
--pass:#1f7a4d;--wait:#a86a10;--fail:#b3261e;--accent:#2b6cb0}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--paper:#12161c;--soft:#1b222b;--line:#3b4654;--dim:#9aa7b8;
--pass:#4cc38a;--wait:#e0a44a;--fail:#ff8a80;--accent:#6cb0f5}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1200px;padding:1.2rem;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}h1{font-size:1.5rem;margin:0}
h2{font-size:1.15rem;margin:2rem 0 .5rem}
.dim{color:var(--dim)}.practice{border:2px dashed var(--wait);padding:.4rem .8rem;border-radius:4px;margin:.6rem 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr));gap:.7rem;margin:1rem 0}
.card{background:var(--soft);border-left:5px solid var(--accent);padding:.6rem .9rem;border-radius:4px;
overflow-wrap:anywhere}.card h2{margin:0;font-size:.9rem;color:var(--dim);font-weight:600}
.card ul{margin:.3rem 0 0;padding:0;list-style:none}
.card li+li{margin-top:.35rem}.card code{display:block}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;
border-bottom:1px solid var(--line);overflow-wrap:anywhere}th{color:var(--dim);font-weight:600;white-space:nowrap}
code,pre{font:13px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}pre{background:var(--soft);padding:.6rem;
white-space:pre-wrap;border-radius:4px;margin:.4rem 0}ins{color:var(--pass);text-decoration:none}
del{color:var(--fail);text-decoration:none}.done,.passed{color:var(--pass)}.kept,.waits,.waived{color:var(--wait)}
.failed,.unknown{color:var(--fail)}.state{font-weight:600}.state,.time{white-space:nowrap}
details summary{cursor:pointer}
svg{width:100%;height:auto;font:12px ui-monospace,monospace}svg text{fill:var(--dim)}
svg line{stroke:var(--line)}svg .gap{fill:var(--soft)}
svg.soak{width:10rem;height:1.75rem}svg .pass{fill:var(--pass)}svg .wait{fill:var(--wait)}svg .fail{fill:var(--fail)}
@media(max-width:40rem){body{padding:.8rem}thead{display:none}table,tbody,tr,td{display:block}
tr{border-bottom:2px solid var(--line);padding:.4rem 0}td{border:0;padding:.15rem 0}
td::before{content:attr(data-head) ": ";color:var(--dim)}svg.time{font-size:18px}}
@media print{:root{--ink:#000;--paper:#fff;--soft:#f4f4f4;--line:#999;--dim:#444}body{max-width:none;padding:0}
details>*{display:block}details::details-content{content-visibility:visible;block-size:auto}
tr,.card,pre{break-inside:avoid}h2{break-after:avoid}}
""".strip()


def page(report: Report) -> str:
    """The page. Everything that came out of logs and plans is escaped."""
    title = _text(report.title)
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        # Nothing may be loaded or run, whatever a reason or a name would like.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
    )
    return head + "\n".join((f"<h1>{title}</h1>", *_body(report))) + "\n</body></html>\n"


def _body(report: Report) -> Iterator[str]:
    if report.world:
        yield f'<p class="practice">Practice world {_code(report.world)}: nothing here is a real server.</p>'
    yield f'<p><b>{_text(report.state)}</b> <span class="dim">{_text(report.estate)}</span></p>'
    yield '<div class="cards">'
    for question, answer in (
        ("What changed", report.changed),
        ("Who agreed", report.agreed),
        ("How do we go back", report.back),
    ):
        points = "".join(f"<li>{_text(point.text)} {_code(point.code)}</li>" for point in answer)
        yield f'<section class="card"><h2>{question}</h2><ul>{points}</ul></section>'
    yield "</div>"
    if drawing := timeline(report):
        yield f'<h2>When</h2>{drawing}<p class="dim">{LEGEND}</p>'
    yield from _table("What changed", ("target", "change", "state", "when", "way back"), map(_change, report.rows))
    words = [(_time(word.time), _text(word.who), _text(word.what), _code(word.digest[:16])) for word in report.words]
    yield from _table("Who agreed", ("when", "who", "to what", "digest"), words)
    yield from _table("Gates", ("gate", "state", "soak until", "readings", "last"), _gates(report))
    holds = [(_time(hold.since), _text(hold.by), _text(hold.why)) for hold in report.holds]
    yield from _table("Holds, and why", ("since", "by", "why"), holds)
    yield from _table("Commands", ("when", "command", "outcome", "output"), map(_record, report.commands))
    yield from _table("Evidence", ("when", "what", "by", "kept as"), map(_record, report.evidence))
    if report.residue:
        items = "".join(f"<li>{_text(line)}</li>" for line in report.residue)
        yield f"<h2>What no inverse undoes</h2><ul>{items}</ul>"
    facts = [(_text(name), _code(value)) for name, value in report.facts]
    yield from _table("Versions, digests, verification", ("what", "value"), facts)


def _change(row: Row) -> Sequence[str]:
    style = {"done": "done", "kept": "kept", "its end is not known": "unknown"}.get(row.state, "")
    if row.diff:
        more = f"<details><summary>the diff</summary><pre>{_diff(row.diff)}</pre></details>"
    else:
        both = f"<del>- {_text(row.before)}</del>\n<ins>+ {_text(row.after)}</ins>"
        more = f"<details><summary>before and after</summary><pre>{both}</pre></details>"
    state = f'<span class="state {style}">{_text(row.state)}</span>'
    return _code(row.target), _text(row.summary) + more, state, _time(row.time), _text(row.undo)


def _diff(diff: str) -> str:
    def painted(line: str) -> str:
        if line.startswith("+") and not line.startswith("+++"):
            return f"<ins>{_text(line)}</ins>"
        if line.startswith("-") and not line.startswith("---"):
            return f"<del>{_text(line)}</del>"
        return _text(line)

    return "\n".join(painted(line) for line in diff.split("\n"))


def _gates(report: Report) -> Iterator[Sequence[str]]:
    for gate in report.gates:
        name = _code(gate.gate) + (" on the way back" if gate.way == "back" else "")
        last = next((one.text for one in reversed(gate.readings) if one.text), "")
        state = f'<span class="state {gate.state}">{gate.state}</span>'
        yield name, state, _time(gate.until), soak(gate), _text(last)


def _record(one: Record) -> Sequence[str]:
    kept = f"{_code(one.file)} {_code(one.digest[:16])}" if one.file else ""
    return _time(one.time), _code(one.what), _text(one.outcome), kept


def _time(time: str) -> str:
    """A moment in two lines that stay whole: the day, and the time of day."""
    day, _, rest = clock(time).partition(" ")
    return f'<span class="time">{day}</span> <span class="time">{rest}</span>' if time else ""


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    found = list(rows)
    if not found:
        return
    yield f"<h2>{title}</h2><table><thead><tr>" + "".join(f"<th>{name}</th>" for name in head) + "</tr></thead><tbody>"
    for row in found:
        cells = zip(head, row, strict=True)
        yield "<tr>" + "".join(f'<td data-head="{name}">{cell}</td>' for name, cell in cells) + "</tr>"
    yield "</tbody></table>"


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>" if text else ""


def _text(text: str) -> str:
    return "\n".join(escape(safe(line), quote=True) for line in text.split("\n"))
