"""Settings with their sources, servers, and what the checks say, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from migrate.engine.examining import Examined
from migrate.planning.origins import Setting
from migrate.views.console import emit_json, emit_text
from migrate.views.text import Line, coloured, rendered, safe

SCHEMA = "migrate.doctor/v1"
_COLOURS = {"pass": "green", "fail": "red", "inconclusive": "yellow", "later": "dim"}


@dataclass(frozen=True, slots=True)
class Server:
    """A server by what it calls itself, or what is wrong with it."""

    name: str
    identity: str
    wrong: str
    following: str = ""


def show(
    settings: tuple[Setting, ...], servers: tuple[Server, ...], checks: tuple[Examined, ...], *, as_json: bool
) -> None:
    """Everything that is known. The checks come in the order of the phase's way."""
    if as_json:
        parts = {"settings": settings, "servers": servers, "checks": checks}
        emit_json({"schema": SCHEMA} | {name: [asdict(one) for one in found] for name, found in parts.items()})  # type: ignore[call-overload]
        return
    emit_text(rendered([*_settings(settings), *_servers(servers), *_checks(checks)], colour=coloured()))


def _settings(settings: tuple[Setting, ...]) -> Iterator[Line]:
    width = max(len(one.name) for one in settings)
    yield Line("settings", "bold")
    for one in settings:
        value = "(not set)" if one.value is None else safe(str(one.value))
        yield Line(f"  {one.name:<{width}}  {value}  [{one.source}]")


def _servers(servers: tuple[Server, ...]) -> Iterator[Line]:
    if servers:
        yield Line("servers", "bold")
    for one in servers:
        yield Line(f"  {one.name:<9} {safe(one.identity or one.wrong)}", "red" if one.wrong else "")
        if one.wrong:
            yield Line(f"      next: {safe(one.following)}")


def _checks(checks: tuple[Examined, ...]) -> Iterator[Line]:
    if checks:
        yield Line("checks", "bold")
    for one in checks:
        yield Line(f"  {one.finding:<12} {one.gate}: {safe(one.reading)}", _COLOURS[one.finding])
        if one.finding in {"fail", "inconclusive"}:
            yield Line(f"      next: {safe(one.following)}")
