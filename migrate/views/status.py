"""Where runs stand, for who just sat down: is it serving, what is the next safe command, what does it cost."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.engine.standing import Standing, standing_json
from migrate.model.json import Json
from migrate.views.console import emit_json, emit_text
from migrate.views.text import Line, coloured, rendered, safe

SCHEMA = "migrate.status/v1"


def status_json(estate: str, world: str | None, runs: list[Standing]) -> dict[str, Json]:
    """The whole document."""
    return {"schema": SCHEMA, "estate": estate, "world": world, "runs": [standing_json(one) for one in runs]}


def show_json(estate: str, world: str | None, runs: list[Standing]) -> None:
    """One JSON document."""
    emit_json(status_json(estate, world, runs))


def show(estate: str, world: str | None, runs: list[Standing], serving: str, owner: str | None) -> None:
    """The newest run at length, the others by a line each."""
    emit_text(rendered(_lines(estate, world, runs, serving, owner), colour=coloured()))


def _lines(estate: str, world: str | None, runs: list[Standing], serving: str, owner: str | None) -> Iterator[Line]:
    if world:
        yield Line(f"practice world {safe(world)}: nothing here is a real server", "dim")
    if not runs:
        yield Line(f"no run in {safe(estate)}")
        yield Line("  next: migrate plan PHASE -o FILE, then migrate apply FILE")
        return
    yield from _first(runs[0], serving, owner)
    if len(runs) > 1:
        yield Line()
        yield Line("earlier runs")
        yield from (Line(f"  {one.run}: {one.state}, {one.done} of {one.total} steps") for one in runs[1:])


def _first(one: Standing, serving: str, owner: str | None) -> Iterator[Line]:
    yield Line(f"serving: {safe(serving)}", "bold")
    yield Line(f"next:    {safe(next_command(one))}", "bold")
    yield Line(f"  replaces pods of: {', '.join(one.restarts) if one.restarts else 'nobody'}")
    yield Line(f"  needs: {safe('; '.join(one.needs)) if one.needs else 'no credential'}")
    yield Line()
    direction = ", going back" if one.back and one.state != "rolled-back" else ""
    yield Line(f"{safe(one.run)}: {one.state}{direction}, {one.done} of {one.total} steps done, stage {one.stage}")
    if one.held:
        yield Line(f"  held by {safe(one.held.by)} since {one.held.since}", "yellow")
        yield Line(f"    {safe(one.held.reason)}")
        yield Line(f"    {safe(one.held.next)}")
    if one.reversible_until:
        yield Line(f"  can be taken back until {one.reversible_until}")
    if owner:
        yield Line(f"  at work now: {safe(owner)}")


def next_command(one: Standing) -> str:
    """The next safe command."""
    match one.state:
        case "done":
            return "migrate verify" + (
                f" (or migrate rollback, until {one.reversible_until})" if one.reversible_until else ""
            )
        case "rolled-back":
            return "migrate plan, when you want to try again"
        case _:
            return "migrate rollback" if one.back else "migrate resume"
