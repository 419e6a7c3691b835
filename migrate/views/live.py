"""A run while somebody watches it: one calm screen on a terminal, and elsewhere a line for each thing that changed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from migrate.engine.overview import GateClock, Overview
from migrate.engine.standing import Standing
from migrate.model.log import Event
from migrate.views.console import emit_text, result
from migrate.views.run import event_text
from migrate.views.status import Look, next_command
from migrate.views.text import safe, typed

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

_LATELY = 6  # records at the foot of the screen
_STYLES = {"done": "green", "now": "bold", "to come": "dim", "taken back": "yellow"}
_CLOCKS = {"waits": "yellow", "soaks": "yellow", "failed": "bold red"}


@dataclass(frozen=True, slots=True)
class Screen:
    """What is seen at a moment. `overview` None: no run, or one that is damaged. `events`: the newest run's."""

    look: Look
    runs: tuple[Standing, ...]
    overview: Overview | None
    events: tuple[Event, ...]
    now: datetime


def watched(look: Callable[[], Screen], every: float) -> None:
    """Show how it stands whenever that changes. Returns when interrupted from the keyboard."""
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        _drawn_again(look, every)
    else:
        _told(look, every)


def _drawn_again(look: Callable[[], Screen], every: float) -> None:
    from rich.live import Live

    seen = look()
    try:
        with Live(drawn(seen), console=result(), screen=True, auto_refresh=False) as live:
            while True:
                live.update(drawn(seen), refresh=True)
                time.sleep(every)
                seen = look()
    except KeyboardInterrupt:
        emit_text("\n".join(first_words(seen)))  # the screen is gone with its reader; where it stood stays


def _told(look: Callable[[], Screen], every: float) -> None:
    before: Screen | None = None
    try:
        while True:
            seen = look()
            if lines := list(changes(before, seen)):
                emit_text("\n".join(lines))
                sys.stdout.flush()
            before = seen
            time.sleep(every)
    except KeyboardInterrupt:
        return


def first_words(seen: Screen) -> Iterator[str]:
    """Where it stands in a few lines: for a screen that ends, and for one that is none."""
    if seen.look.world:
        yield f"practice world {safe(seen.look.world)}: nothing here is a real server"
    if not seen.runs:
        yield f"no run in {safe(seen.look.estate)}"
        return
    one = seen.runs[0]
    held = f" by {one.held.by}: {one.held.reason}" if one.held else ""
    yield f"serving: {safe(seen.look.serving)}"
    yield safe(f"{one.run}: {one.state}{held}, {one.done} of {one.total} steps done")
    yield f"  next: {safe(typed(next_command(one), seen.look.options))}"


def changes(before: Screen | None, seen: Screen) -> Iterator[str]:
    """Lines for what is new since `before`; at first how it stands."""
    known = before.events if before is not None and _same_run(before, seen) else ()
    if before is not None:
        yield from (_record(event) for event in seen.events[len(known) :])
    now = list(first_words(seen))
    if before is None or now != list(first_words(before)):
        yield from now


def _same_run(before: Screen, seen: Screen) -> bool:
    return bool(before.runs and seen.runs) and before.runs[0].run == seen.runs[0].run


def _record(event: Event) -> str:
    return f"{_clock(event.time)}  {event_text(event)}"


# --- the screen ------------------------------------------------------------------------------------------------------


def drawn(seen: Screen) -> RenderableType:
    """The screen. Every word that a colour says stands there too."""
    from rich.console import Group

    return Group(*_parts(seen))


def _parts(seen: Screen) -> Iterator[RenderableType]:
    """From what matters most downwards: a low terminal cuts the screen off below."""
    from rich.text import Text

    yield Text(f"as of {seen.now:%H:%M:%S} UTC; Ctrl-C ends this screen, and nothing else", style="dim")
    if seen.look.world:
        yield Text(f"practice world {safe(seen.look.world)}: nothing here is a real server", style="dim")
    if not seen.runs:
        yield Text(f"no run in {safe(seen.look.estate)}; this screen shows one as soon as it begins")
        return
    one = seen.runs[0]
    back = ", going back" if one.back and one.state != "rolled-back" else ""
    yield Text(f"{safe(one.run)}: {one.state}{back}", style="bold")
    yield from _what_to_do(seen, one)
    if seen.overview is not None:
        yield Text()
        yield _stages(seen.overview)
        yield Text()
        yield Text(_counted(seen.overview))
        if seen.overview.clocks:
            yield _clocks(seen.overview.clocks, seen.now)
    if seen.events:
        yield Text()
        yield Text("lately, the newest first", style="dim")
        yield _lately(seen.events[: -_LATELY - 1 : -1])


def _what_to_do(seen: Screen, one: Standing) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(overflow="fold")
    grid.add_row("serving", Text(safe(seen.look.serving)))
    if one.held:
        grid.add_row("held by", Text(safe(f"{one.held.by}: {one.held.reason}"), style="yellow"))
    grid.add_row("next", Text(safe(typed(next_command(one), seen.look.options)), style="bold"))
    if one.reversible_until:
        grid.add_row("back", Text(f"can be taken back until {one.reversible_until}"))
    if seen.look.owner:
        grid.add_row("at work", Text(safe(seen.look.owner)))
    yield grid


def _stages(overview: Overview) -> Table:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for row in overview.stages:
        words = f"{row.done} of {row.total}"
        bar = ProgressBar(total=row.total, completed=row.done, width=16)
        grid.add_row(Text(row.name), bar, words, Text(row.mark, style=_STYLES[row.mark]))
    return grid


def _counted(overview: Overview) -> str:
    waived = f", {overview.waived} waived" if overview.waived else ""
    return f"gates: {overview.passed} passed{waived}, {len(overview.clocks)} asked now, {overview.to_come} to come"


def _clocks(clocks: Sequence[GateClock], now: datetime) -> Table:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(overflow="fold")
    for one in clocks:
        grid.add_row(Text(f"  {one.state}", style=_CLOCKS[one.state]), Text(safe(f"{one.gate}: {one.said}")))
        grid.add_row("", Text(_left(one, now), style="dim"))
        if one.until:
            whole, gone = _seconds(one.since, one.until), (now - datetime.fromisoformat(one.since)).total_seconds()
            grid.add_row("", ProgressBar(total=max(whole, 1.0), completed=min(gone, whole), width=40))
    return grid


def _lately(events: Sequence[Event]) -> Table:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(overflow="fold")
    for event in events:
        grid.add_row(Text(_clock(event.time), style="dim"), Text(event_text(event), style="dim"))
    return grid


def _left(one: GateClock, now: datetime) -> str:
    if not one.until:
        return f"since {_clock(one.since)}"
    left = datetime.fromisoformat(one.until) - now
    if left <= timedelta(0):
        return f"its soak ended at {_clock(one.until)}: go on when you like"
    return f"{timedelta(seconds=int(left.total_seconds()))} left, until {one.until}"


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _clock(time_: str) -> str:
    return datetime.fromisoformat(time_).strftime("%H:%M:%S")
