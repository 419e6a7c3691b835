"""A practice world for people."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.json import Json, mapping, sequence
from migrate.views.console import emit_json, emit_text
from migrate.views.text import Line, coloured, rendered, safe

BANNER = "practice world: no server is touched, every value is made up"


def show(document: dict[str, Json], folder: str, *, as_json: bool) -> None:
    """The whole world in short."""
    if as_json:
        emit_json(document)
    else:
        emit_text(rendered(_lines(document, folder), colour=coloured()))


def done(what: str, folder: str) -> None:
    """Something was broken, mended or changed."""
    emit_text(f"{safe(what)}\n  next: migrate practice show {safe(folder)}")


def _lines(document: dict[str, Json], folder: str) -> Iterator[Line]:
    yield Line(f"{safe(folder)}: {BANNER}", "yellow")
    yield Line(f"  estate {safe(str(document['estate']))}, deployed {str(document['deployed'])[:12]}")
    for name, text in mapping(document["servers"]).items():
        yield Line(f"  {name:<9} {safe(str(text))}")
    yield from _faults(sequence(document["faults"]))
    yield Line("workloads", "bold")
    for one in map(mapping, sequence(document["workloads"])):
        yield from _workload(one)
    yield Line("logins with sessions", "bold")
    for one in map(mapping, sequence(document["logins"])):
        yield from _login(one)
    yield Line("in Vault, written by somebody", "bold")
    yield from (Line(f"  {safe(str(path))}") for path in sequence(document["vault"]))
    waiting = [one for one in map(mapping, sequence(document["externalSecrets"])) if not one["ready"]]
    yield Line(f"ExternalSecrets: {len(sequence(document['externalSecrets']))}, {len(waiting)} not Ready", "bold")
    yield from (Line(f"  {safe(str(one['name']))}: {safe(str(one['message']))}", "red") for one in waiting)


def _faults(faults: list[Json]) -> Iterator[Line]:
    for one in map(mapping, faults):
        yield Line(f"  fault {one['fault']} ({one['setting']}): {one['means']}", "red")


def _workload(one: dict[str, Json]) -> Iterator[Line]:
    yield Line(f"  {safe(str(one['name']))}" + (f": {safe(str(one['blocked']))}" if one["blocked"] else ""))
    for pod in map(mapping, sequence(one["pods"])):
        agent = ", agent" if pod["agent"] else ""
        state = "ready" if pod["ready"] else f"NOT READY: {safe(str(pod['waiting']))}"
        yield Line(f"    {safe(str(pod['name']))}: {state}{agent}", "" if pod["ready"] else "red")


def _login(one: dict[str, Json]) -> Iterator[Line]:
    if one["sessions"] or not one["login"]:
        state = "" if one["login"] else ", cannot log in"
        clients = ", ".join(safe(str(client)) for client in sequence(one["clients"]))
        yield Line(f"  {safe(str(one['name']))}: {one['sessions']} sessions{f' ({clients})' if clients else ''}{state}")
