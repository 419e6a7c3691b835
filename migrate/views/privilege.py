"""What workloads could read and can read, for people, tickets and programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.model.json import Json
from migrate.planning.privilege import Path, Row
from migrate.views.console import emit_json, emit_text
from migrate.views.scan_markdown import code, plain
from migrate.views.text import Line, coloured, rendered, safe, screen_width, table

SCHEMA = "migrate.privilege/v1"
_Unknown = Sequence[tuple[str, str]]


def show(rows: Sequence[Row], unknown: _Unknown, *, live: bool, as_json: bool, markdown: bool) -> None:
    """Every workload, path by path."""
    if as_json:
        emit_json(_document(rows, unknown, live=live))
    elif markdown:
        emit_text("\n".join(_markdown(rows, unknown, live=live)))
    else:
        emit_text(rendered(_screen(rows, unknown, live=live), colour=coloured()))


def _document(rows: Sequence[Row], unknown: _Unknown, *, live: bool) -> dict[str, Json]:
    return {
        "schema": SCHEMA,
        "live": live,
        "workloads": [_entry(row) for row in rows],
        "unknown": [{"store": store, "why": why} for store, why in unknown],
        "totals": {
            "workloads": len(rows),
            "moved": sum(row.moved for row in rows),
            "couldRead": sum(row.count("could") for row in rows if row.moved),
            "canRead": sum(row.count("can") for row in rows if row.moved),
        },
    }


def _entry(row: Row) -> Json:
    paths: list[Json] = [
        {"path": one.path, "couldRead": one.could, "uses": one.used, "canRead": one.can if row.moved else None}
        for one in row.paths
    ]
    return {
        "workload": row.workload,
        "stores": list(row.stores),
        "moved": row.moved,
        "policies": list(row.policies),
        "says": row.says or None,
        "paths": paths,
    }


def _screen(rows: Sequence[Row], unknown: _Unknown, *, live: bool) -> Iterator[Line]:
    for row in rows:
        yield Line(safe(row.workload), "bold")
        yield Line(f"  {safe(_summary(row))}", "green" if row.moved else "yellow")
        cells = [(safe(one.path), *_words(row, one)) for one in row.paths if row.moved or one.used]
        yield from (Line(text) for text in table(cells, screen_width(), "    "))
        yield Line()
    if not rows:
        yield Line("No workload reads what ESO copies, and none was moved.")
    yield from (Line(f"{safe(store)}: {safe(why)}", "yellow") for store, why in unknown)
    yield Line(_how(live=live), "dim")


def _summary(row: Row) -> str:
    could, through = row.count("could"), ", ".join(row.stores) or "no Vault store of the tree"
    if not row.moved:
        return f"not moved: through {through} it could read {could} paths, and uses {row.count('used')}"
    now = "can read" if row.says == "vault" else "will be able to read"
    return f"could read {could} paths through {through}; with {', '.join(row.policies)} it {now} {row.count('can')}"


def _words(row: Row, one: Path) -> tuple[str, str]:
    before = "could" if one.could else "-"
    return (f"{before}{', used' if one.used else ''}", ("can" if one.can else "no more") if row.moved else "as before")


def _how(*, live: bool) -> str:
    if live:
        return (
            "From Vault's own policies, of ESO's tokens and of the workloads; what policy default gives every token is "
            "left out."
        )
    return "From Git and plans: a store's token reads at least what it copies. --live asks Vault."


def _markdown(rows: Sequence[Row], unknown: _Unknown, *, live: bool) -> Iterator[str]:
    yield from ("# Least privilege", "", _how(live=live), "")
    yield from ("| Workload | Through ESO's token | Uses | With its own policy |", "|---|---:|---:|---:|")
    for row in rows:
        now = str(row.count("can")) if row.moved else "not moved"
        yield f"| {code(row.workload)} | {row.count('could')} | {row.count('used')} | {now} |"
    for row in rows:
        if row.moved:
            yield from (
                "",
                f"## {plain(row.workload)}",
                "",
                plain(_summary(row)),
                "",
                "| Path | Before | Now |",
                "|---|---|---|",
            )
            yield from (f"| {code(one.path)} | {' | '.join(_words(row, one))} |" for one in row.paths)
    if unknown:
        yield from ("", "## Not known", "", *(f"- {plain(store)}: {plain(why)}" for store, why in unknown))
