"""A run as it happens, and how it ended: lines for people on stderr with the outcome on stdout, or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType

from migrate.engine.ending import Completed, Ending, Failure, Interrupted, Partial, Returned, Waiting
from migrate.model.errors import Exit, MigrateError
from migrate.model.json import Json, mapping
from migrate.model.log import Event
from migrate.views.console import emit_line, emit_text, notes
from migrate.views.text import Line, coloured, fitted, rendered, safe, screen_width, typed

SCHEMA = "migrate.run/v1"

_WORDS = {
    "run.opened": "run opened",
    "run.approved": "approved",
    "run.turned": "going back",
    "run.closed": "closed",
    "step.intent": "writing",
    "step.applied": "done",
    "step.skipped": "nothing to do",
    "step.unknown": "answer lost",
    "step.portion": "so far",
    "step.settled": "settled",
    "step.refused": "refused",
    "step.kept": "left alone",
    "input.renewed": "new password",
    "gate.passed": "gate passed",
    "gate.failed": "gate failed",
    "gate.waiting": "gate waits",
    "gate.soaking": "soak begins",
    "gate.read": "soak goes on",
    "gate.waived": "gate waived",
    "hold.set": "held",
    "hold.cleared": "hold cleared",
}
_STYLES = {"step.applied": "green", "gate.passed": "green", "gate.failed": "red bold", "step.refused": "red bold"}
_STYLES |= {"step.kept": "yellow", "gate.waiting": "yellow", "hold.set": "yellow", "gate.soaking": "yellow"}


class Watcher:
    """Tells of a run while it goes on. With `as_json`: JSON lines, the first naming schema and tool."""

    def __init__(self, verb: str, tool: str, *, as_json: bool, world: str | None, options: str = "") -> None:
        self._json, self._options = as_json, options
        self._over = False
        if as_json:
            self._line({"type": "start", "schema": SCHEMA, "tool": tool, "verb": verb, "world": world})
        elif world:
            notes().print(f"practice world {safe(world)}: nothing here is a real server", markup=False, style="dim")

    def __enter__(self) -> Watcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """JSON lines end with a summary, whatever kept the command from its own."""
        said_already = self._over or hasattr(error, "exit_code")  # typer's own way to leave with a code
        if self._json and error is not None and not said_already:
            code, happened, following = _broken_off(error)
            said: dict[str, Json] = {"happened": happened, "now": "", "notDone": ""}
            if isinstance(error, MigrateError):
                said |= {"now": error.truth, "notDone": error.not_done}
            said["next"] = typed(following, self._options)
            with suppress(BrokenPipeError):  # whoever read these lines went away: the exit code says it then
                self._line({"type": "summary", "ok": False, "exit": int(code), "error": said})

    def event(self, event: Event) -> None:
        """One record of the journal."""
        if self._json:
            self._line({"type": event.type, "time": event.time, **event.data})
            return
        notes().print(
            event_text(event), markup=False, style=_STYLES.get(event.type, "").replace("bold", "bold") or None
        )

    def differences(self, steps: tuple[tuple[str, str], ...]) -> None:
        """What is not as in the plan before, for whoever is about to approve."""
        if self._json:
            for step, how in steps:
                self._line({"type": "plan.differs", "step": step, "how": how})
        elif steps:
            notes().print("not as in the last plan of this phase:", markup=False)
            for step, how in steps:
                notes().print(f"  {how}: {safe(step)}", markup=False)

    def ending(self, run: str, ending: Ending, code: int, *, back: bool) -> None:
        """How the call ended."""
        if self._json:
            self._over = True
            summary = _summary(ending, self._options)
            self._line({"type": "summary", "ok": code == 0, "exit": code, "run": run, **summary})
        else:
            lines = [Line(typed(line.text, self._options), line.style) for line in _said(ending, back=back)]
            emit_text(rendered(fitted(lines, screen_width()), colour=coloured()))

    def _line(self, body: dict[str, Json]) -> None:
        emit_line(body)


def _broken_off(error: BaseException) -> tuple[Exit, str, str]:
    """What ended a command before its time: exit code, what happened, what to do. Of what nobody foresaw, its kind."""
    match error:
        case MigrateError():
            return error.exit, error.happened, error.following
        case KeyboardInterrupt():
            return Exit.INTERRUPTED, "interrupted", "migrate status, then migrate resume"
        case OSError():
            return Exit.FAILED, f"the operating system refused: {error.strerror}", "migrate status"
        case _:
            return Exit.BUG, f"a fault in this tool: {type(error).__name__}", "migrate status, then migrate resume"


def event_text(event: Event) -> str:
    """One record as a line: what, about what, and what was seen."""
    data = event.data
    about = next((str(data[key]) for key in ("step", "gate", "key") if key in data), "")
    seen = next((str(data[key]) for key in ("reading", "why", "reason", "finding", "done", "state") if key in data), "")
    until = f" (until {data['until']})" if "until" in data else ""
    way = " back" if data.get("way") == "back" and event.type != "run.turned" else ""
    text = f"{_WORDS.get(event.type, event.type)}{way}: {about}" + (f": {seen}" if about and seen else seen) + until
    return safe(text.rstrip(": "))


def _summary(ending: Ending, options: str) -> dict[str, Json]:
    match ending:
        case Completed(found):
            return {"residue": list(found)}
        case Returned(units, found):
            return {"returned": list(units), "residue": list(found)}
        case Waiting(by, reason, following, until):
            return {"held": {"by": by, "reason": reason, "next": typed(following, options), "until": until}}
        case Failure(by, reason, fix, _):
            return {"failed": {"by": by, "reason": reason, "fix": typed(fix, options)}}
        case Partial(found, by, following, closed):
            kept: list[Json] = [{"step": step, "why": why} for step, why in found]
            return {"kept": kept, "by": by, "next": "" if closed else typed(following, options)}
        case Interrupted():
            return {"interrupted": True, "next": f"migrate resume{options}"}


def _said(ending: Ending, *, back: bool) -> list[Line]:
    match ending:
        case Completed(found):
            done = "everything this run wrote is taken back" if back else "done: every step and every gate"
            return [Line(done + (", with residue:" if found else ""), "green bold"), *_residue(found)]
        case Returned(units, found):
            done = f"taken back: {', '.join(map(safe, units))}" + (", with residue:" if found else "")
            return [Line(done, "green bold"), *_residue(found), Line("  next: migrate resume goes on with the others")]
        case Waiting(by, reason, following, until):
            lines = [Line(f"held by {safe(by)}: {safe(reason)}", "yellow bold")]
            if until:
                lines.append(Line(f"  until {until}"))
            return [*lines, Line(f"  next: {safe(following)}")]
        case Failure(by, reason, fix, wrote):
            now = "the journal is open: migrate resume goes on, migrate rollback goes back" if wrote else ""
            lines = [Line(f"stopped at {safe(by)}: {safe(reason)}", "red bold")]
            lines.append(Line(f"  now: {now or 'nothing was written'}"))
            return [*lines, Line(f"  next: {safe(fix)}")]
        case Partial(found, by, following, closed):
            lines = [Line(f"taken back but for this, held by {safe(by)}:", "yellow bold")]
            lines += [Line(f"  {safe(step)}: {safe(why)}") for step, why in found]
            if closed:
                return [*lines, Line("  now: these stay for good, and the run is closed: the next plan may follow")]
            return [*lines, Line(f"  next: {safe(following)}")]
        case Interrupted():
            return [Line("interrupted: the step under way was finished", "yellow bold"), Line("  next: migrate resume")]


def _residue(found: tuple[Json, ...]) -> list[Line]:
    lines = list[Line]()
    for one in found:
        entry = mapping(one)
        until = f", until {entry['until']}" if entry.get("until") else ""
        lines.append(Line(f"  {safe(str(entry.get('target')))}: {safe(str(entry.get('remains')))}{until}"))
        lines.append(Line(f"      who could use it: {safe(str(entry.get('who')))}; {safe(str(entry.get('clean')))}"))
    return lines


def left_aside(damaged: Sequence[tuple[str, MigrateError]]) -> None:
    """Runs or sessions beside the one that is meant which cannot be read: said, and in nobody's way."""
    for name, error in damaged:
        notes().print(f"{safe(name)} is damaged, and left aside: {safe(error.happened)}", style="yellow", markup=False)


def log(events: list[Event], *, as_json: bool) -> None:
    """A journal, as it is or for people."""
    if as_json:
        emit_text("\n".join(json.dumps({"type": one.type, "time": one.time, **one.data}) for one in events))
        return
    emit_text("\n".join(f"{one.time}  {event_text(one)}" for one in events))
