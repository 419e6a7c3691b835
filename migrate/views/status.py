"""Where runs stand, for who just sat down: is it serving, what is the next safe command, what does it cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.engine.standing import Standing, standing_json
from migrate.model.json import Json
from migrate.views.console import emit_json, emit_text
from migrate.views.text import Line, coloured, fitted, rendered, safe, screen_width, typed

SCHEMA = "migrate.status/v1"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A rehearsal that was kept. `at`: RFC 3339; `folder`: where its evidence lies."""

    plan: str
    digest: str
    ok: bool
    at: str
    folder: str


def status_json(estate: str, world: str | None, runs: list[Standing]) -> dict[str, Json]:
    """The whole document."""
    return {"schema": SCHEMA, "estate": estate, "world": world, "runs": [standing_json(one) for one in runs]}


def show_json(estate: str, world: str | None, runs: list[Standing]) -> None:
    """One JSON document."""
    emit_json(status_json(estate, world, runs))


@dataclass(frozen=True, slots=True)
class Look:
    """What is seen around the runs. `serving` is in words; `owner` is who is at work now; `options` say where."""

    estate: str
    world: str | None
    serving: str
    owner: str | None
    options: str
    rehearsed: tuple[Rehearsed, ...] = ()
    made: bool = True
    """Whether the practice world that was named is there."""


def show(look: Look, runs: list[Standing]) -> None:
    """The newest run at length, the others by a line each."""
    lines = [Line(typed(line.text, look.options), line.style) for line in _lines(look, runs)]
    emit_text(rendered(fitted(lines, screen_width()), colour=coloured()))


def _lines(look: Look, runs: list[Standing]) -> Iterator[Line]:
    if look.world and not look.made:
        yield Line(f"there is no practice world in {safe(look.world)}; migrate plan makes one", "yellow")
    elif look.world:
        yield Line(f"practice world {safe(look.world)}: nothing here is a real server", "dim")
    if not runs:
        yield Line(f"no run in {safe(look.estate)}")
        yield Line(f"  next: {safe(_first_commands(look))}")
        yield from _rehearsed(look)
        return
    yield from _first(runs[0], look)
    if len(runs) > 1:
        yield Line()
        yield Line("earlier runs")
        yield from (Line(f"  {one.run}: {one.state}, {one.done} of {one.total} steps") for one in runs[1:])
    yield from _rehearsed(look)


def _first_commands(look: Look) -> str:
    """From no run to one. A plan of a practice world is practised there, and not rehearsed."""
    rehearse = "" if look.world else f"migrate rehearse FILE{look.options}, then "
    return f"migrate plan PHASE{look.options} -o FILE, then {rehearse}migrate apply FILE{look.options}"


def _rehearsed(look: Look) -> Iterator[Line]:
    if look.rehearsed:
        yield Line()
        yield Line("rehearsals")
    for one in look.rehearsed:
        yield Line(f"  {one.plan}: {'passed' if one.ok else 'not a pass'}, {one.at}, {safe(one.folder)}")


def _first(one: Standing, look: Look) -> Iterator[Line]:
    yield Line(f"serving: {safe(look.serving)}", "bold")
    yield Line(f"next:    {safe(next_command(one))}", "bold")
    yield Line(f"  replaces pods of: {', '.join(one.restarts) if one.restarts else 'nobody'}")
    if one.minutes:
        yield Line(f"  takes: at most {one.minutes} minutes of checks in this stage, soaks and merges aside")
    yield Line(f"  needs: {safe('; '.join(one.needs)) if one.needs else 'no credential'}")
    yield Line()
    direction = ", going back" if one.back and one.state != "rolled-back" else ""
    residue = ", with residue (migrate verify lists what still matters)" if one.residue else ""
    stage = f", stage {one.stage}" if one.stage else ""
    yield Line(f"{safe(one.run)}: {one.state}{residue}{direction}, {one.done} of {one.total} steps done{stage}")
    if one.held:
        yield Line(f"  held by {safe(one.held.by)} since {one.held.since}; as last asked:", "yellow")
        yield Line(f"    {safe(one.held.reason)}")
    if one.reversible_until:
        yield Line(f"  can be taken back until {one.reversible_until}")
    if look.owner:
        yield Line(f"  at work now: {safe(look.owner)}")


def next_command(one: Standing) -> str:
    """The next safe command."""
    match one.state:
        case "done":
            return "migrate verify" + (
                f" (or migrate rollback, until {one.reversible_until})" if one.reversible_until else ""
            )
        case "rolled-back":
            return "migrate plan, when you want to try again"
        case _ if one.held and one.held.next:
            return one.held.next
        case _:
            return "migrate rollback" if one.back else "migrate resume"
