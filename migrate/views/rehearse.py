"""A rehearsal as it goes on, and what it came to: lines for people, or JSON lines."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator

from migrate.model.errors import MigrateError
from migrate.model.json import Json, mapping, sequence
from migrate.model.log import Event
from migrate.views.console import emit_line, emit_text, notes
from migrate.views.run import SCHEMA, event_text
from migrate.views.text import Line, coloured, rendered, safe

_QUIET = frozenset({"start", "summary", "step.intent", "run.approved", "hold.cleared", "gate.read"})
_LEGS = {
    "there": "there: apply, merge, resume, up to the contract stage",
    "drill": "before the contract stage: Vault is sealed for a while, then every pod starts cold",
    "back": "back: rollback, merge, until everything is taken back",
    "there again": "there again, through the contract stage to the end",
}


class Lines:
    """Tells of a rehearsal. With `as_json` everything is a line of JSON, the first naming schema and tool."""

    def __init__(self, tool: str, *, as_json: bool) -> None:
        self._json, self._began, self._before = as_json, time.monotonic(), ""
        if as_json:
            self._line({"type": "start", "schema": SCHEMA, "tool": tool, "verb": "rehearse", "world": None})

    def note(self, type: str, text: str, **data: Json) -> None:  # noqa: A002
        """Something that happened around the commands."""
        if self._json:
            self._line({"type": type, "text": text, **data})
        else:
            notes().print(f"{self._clock}  {safe(text)}", markup=False, style="dim")

    def leg(self, name: str) -> None:
        """A way begins."""
        if self._json:
            self._line({"type": "rehearsal.leg", "leg": name})
        else:
            notes().print(f"{self._clock}  {_LEGS.get(name, name)}", markup=False, style="bold")

    def event(self, line: dict[str, Json]) -> None:
        """One line that a command printed."""
        kind = str(line.get("type", ""))
        if self._json:
            if kind not in {"start", "summary"}:
                self._line(line)
            return
        if kind in _QUIET or not kind:
            return
        data = {key: value for key, value in line.items() if key not in {"type", "time"}}
        text = event_text(Event(0, str(line.get("time", "")), kind, data, "", ""))
        if text != self._before:  # a wait that was asked about again
            notes().print(f"{self._clock}    {text}", markup=False)
        self._before = text

    def mark(self, found: dict[str, Json]) -> None:
        """What the observer says."""
        if self._json:
            self._line({"type": "rehearsal.mark", **found})
            return
        style = "green" if found.get("ok") else "red bold"
        notes().print(f"{self._clock}  observer: {safe(_marked(found))}", markup=False, style=style)

    def problem(self, error: MigrateError) -> None:
        """JSON lines end with a summary, whatever kept the command from its own."""
        if self._json:
            said: dict[str, Json] = {"happened": error.happened, "now": error.truth, "notDone": error.undone}
            said["next"] = error.following
            self._line({"type": "summary", "ok": False, "exit": int(error.exit), "error": said})

    def observed(self, log: str) -> None:
        """The observer's own log, each second's count left out and failures of one gap together."""
        if not self._json:
            emit_text("what the observer saw (UTC):\n" + "\n".join(_observed(log)))

    def verdict(self, document: dict[str, Json], folder: str, code: int) -> None:
        """The end of it, and where it is kept."""
        if self._json:
            self._line({"type": "summary", "exit": code, "evidence": folder, **document})
        else:
            emit_text(rendered(_verdict(document, folder), colour=coloured()))

    @property
    def _clock(self) -> str:
        return f"{time.monotonic() - self._began:6.1f} s"

    def _line(self, body: dict[str, Json]) -> None:
        emit_line(body)


def _observed(log: str) -> Iterator[str]:
    failed = 0
    for line in log.splitlines():
        found = mapping(json.loads(line))
        what = found.get("what")
        if what == "failed":
            failed += 1
        elif what != "second":
            if failed:
                yield f"  {'':24}  {failed} queries failed"
            failed = 0
            yield f"  {found.get('time')}  {safe(_seen(found))}"


def _seen(found: dict[str, Json]) -> str:
    match found.get("what"):
        case "pod":
            ready = "ready" if found.get("ready") else "not ready"
            agent = "with" if found.get("agent") else "without"
            return f"pod {found.get('pod')}, {agent} the agent: {ready}, {found.get('restarts')} restarts"
        case "secret":
            return f"Secret {found.get('secret')}: {found.get('state')}"
        case "rotation":
            return f"a new password for {found.get('login')}"
        case "renewal":
            return f"another certificate for {found.get('login')}"
        case "refused":
            return f"psql with a pod's certificate was refused: {found.get('why')}"
        case "absent":
            announced = "as was announced" if found.get("announced") else "which nobody announced"
            return f"no pod of {found.get('workload')} is up, {announced}"
        case "restart":
            after = found.get("secondsAfterRotation")
            return f"{found.get('pod')} was restarted" + (f", {after} s after the rotation" if after else "")
        case _:
            return _marked(found)


def _marked(found: dict[str, Json]) -> str:
    text = f"{found.get('mark')}: {'; '.join(_figures(found))}; "
    wrong = [str(one) for one in sequence(found.get("wrong"))]
    return text + ("all as it should be" if not wrong else "; ".join(wrong))


def _figures(found: dict[str, Json]) -> Iterator[str]:
    yield f"{found.get('queries')} queries, {found.get('failed')} failed"
    if gaps := ", ".join(f"{gap} s" for gap in sequence(found.get("gaps"))):
        yield f"rotations {found.get('rotations')}, each seen {gaps} later by a restart"
    if found.get("failedInGaps"):
        yield f"{found.get('failedInGaps')} more failed within those"
    if found.get("strangers"):
        yield f"psql let in {found.get('strangers')} times with {found.get('certificates')} certificates of pods"
    if found.get("opened"):
        yield f"Vault opened {found.get('opened')} ciphertexts, each as it was written"
    for workload, names in mapping(found.get("read")).items():
        yield f"{workload} reads {len(sequence(names))} values as Vault holds them"
    if scan := mapping(found.get("scan")):
        yield f"scan: {', '.join(f'{count} {word}' for word, count in scan.items())}"


def _verdict(document: dict[str, Json], folder: str) -> Iterable[Line]:
    wrong = [str(one) for one in sequence(document.get("wrong"))]
    head = f"{document.get('name')}: " + ("passed there, back and there again" if not wrong else "not a pass")
    yield Line(head, "green bold" if not wrong else "red bold")
    yield from (Line(f"  {safe(why)}", "red") for why in wrong)
    yield from (Line(f"  lived through: {safe(str(one))}") for one in sequence(document.get("lived")))
    yield Line(f"  took {document.get('seconds')} s, on:")
    for server in sequence(document.get("servers")):
        one = mapping(server)
        yield Line(f"    {one.get('name')} {one.get('version') or '(made for the lab)'}, pid {one.get('pid')}")
    yield Line("  not shown by this:")
    yield from (Line(f"    {safe(str(one))}") for one in sequence(document.get("unproven")))
    yield Line(f"  kept: {safe(folder)}")
