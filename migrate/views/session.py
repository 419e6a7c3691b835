"""A session for people: where it is, what was run, what it waits for; and as JSON."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from migrate.model.json import Json
from migrate.sessions.chain import Chain
from migrate.sessions.course import Due, behind, progress, shown, upcoming
from migrate.sessions.driving import Failed, Finished, Held, Outcome, Stepped
from migrate.sessions.runbook import Runbook
from migrate.sessions.session import Session
from migrate.views.console import emit_json, emit_text, notes
from migrate.views.runbook import said
from migrate.views.text import Line, coloured, fitted, rendered, safe, screen_width

SCHEMA = "migrate.session/v1"
VERIFY = "migrate.verify/v1"
_TAIL = 8  # lines of a running command that whoever watches sees


def begun(session: str, runbook: Runbook) -> None:
    """A session was begun."""
    lines = [
        Line(f"{session}: {safe(runbook.title)}", "bold"),
        Line(f"  {len(runbook.forward)} steps, nothing run yet"),
    ]
    _print([*lines, Line("  next: migrate session run")])


def heading(title: str, text: Sequence[str]) -> None:
    """A step's title, and the text before what is done next. On stderr: it is no result.

    On a terminal the Markdown is laid out for its width; elsewhere it stays as it was written.
    """
    console = notes()
    if title:
        console.print(f"\n== {safe(title)}", markup=False, style="bold")
    for block in text:
        clean = "\n".join(safe(row) for row in block.split("\n"))
        if console.is_terminal:
            from rich.markdown import Markdown
            from rich.padding import Padding

            console.print(Padding(Markdown(clean, hyperlinks=False), (0, 0, 0, 3)))
        else:
            console.print("\n".join(f"   {row}" if row else "" for row in clean.split("\n")), markup=False)


def command(words: Sequence[str]) -> None:
    """A command that is about to run, as one would type it."""
    notes().print(f"\n$ migrate {safe(shlex.join(words))}", markup=False, style="bold")


def where(runbook: Runbook, session: Session) -> None:
    """One line: which session, how far."""
    done, total = progress(runbook, session)
    back = ", going back" if session.way == "back" else ""
    notes().print(f"{session.id}: {done} of {total} steps behind{back}", markup=False)


def outcome(runbook: Runbook, session: Session, found: Outcome) -> None:
    """How a call of run or next ended."""
    done, total = progress(runbook, session)
    match found:
        case Finished(state):
            text = {"done": "followed to its end", "went-back": "gone back to the end", "aborted": "aborted"}[state]
            lines = [Line(f"{session.id}: {text}", "green bold"), Line("  next: migrate session report")]
        case Stepped(step):
            lines = [Line(f"step {step} is behind, {done} of {total}", "green"), Line("  next: migrate session next")]
        case Held((step, _), reason, following):
            lines = [Line(f"held at step {step}: {safe(reason)}", "yellow bold"), Line(f"  next: {safe(following)}")]
        case Failed((step, _), reason, following):
            lines = [Line(f"stopped at step {step}: {safe(reason)}", "red bold"), Line(f"  next: {safe(following)}")]
    _print(lines)


def approved(session: str, step: str) -> None:
    """A word was written down."""
    _print([Line(f"{session}: written down for step {step}"), Line("  next: whoever drives: migrate session run")])


def decided(session: str, what: str, following: str) -> None:
    """A decision was written down."""
    _print([Line(f"{session}: {safe(what)}", "bold"), Line(f"  next: {safe(following)}")])


def status(runbook: Runbook, session: Session, running: str) -> str:
    """Where the session stands, as a screen."""
    done, total = progress(runbook, session)
    lines = [Line(f"{session.id}: {safe(runbook.title)}", "bold")]
    if session.world:
        lines.append(Line(f"  practice world {safe(session.world)}: nothing here is a real server", "dim"))
    lines.append(Line(f"  {_state(session)}, {done} of {total} steps behind; {safe(session.driver.name)} drives"))
    for step in runbook.forward if session.way == "forward" else runbook.back:
        lines.append(Line(f"  {_mark(step.id, runbook, session):<9} {step.id}: {safe(shown(step.title, session))}"))
    due = upcoming(runbook, session)
    if isinstance(due, Due):
        lines += [Line(), Line(f"due: {safe(shown(said(due.part), session))}", "bold")]
    if session.waiting:
        style = "red" if session.waiting.failed else "yellow"
        word = "stopped" if session.waiting.failed else "waits"
        lines += [
            Line(f"  {word}: {safe(session.waiting.reason)}", style),
            Line(f"  next: {safe(session.waiting.following)}"),
        ]
    for key, words in session.words.items():
        lines += [Line(f"  {safe(str(word.person))} agreed to step {key[0]} ({word.digest[:12]})") for word in words]
    if running:
        lines += [Line(), Line("it says:", "dim"), *(Line(f"  {safe(row)}") for row in running.splitlines()[-_TAIL:])]
    return rendered(fitted(lines, screen_width()), colour=coloured())


def status_json(runbook: Runbook, session: Session) -> None:
    """One JSON document."""
    done, total = progress(runbook, session)
    due = upcoming(runbook, session)
    at: Json = (
        {"step": due.step.id, "part": due.index, "does": shown(said(due.part), session)}
        if isinstance(due, Due)
        else None
    )
    waiting: Json = None
    if session.waiting:
        waiting = {
            "step": session.waiting.key[0],
            "reason": session.waiting.reason,
            "next": session.waiting.following,
            "failed": session.waiting.failed,
        }
    emit_json(
        {
            "schema": SCHEMA,
            "session": session.id,
            "runbook": {"title": runbook.title, "source": session.source, "digest": session.digest},
            "estate": session.estate,
            "world": session.world,
            "driver": session.driver.name,
            "state": session.ended or ("paused" if session.paused is not None else "open"),
            "way": session.way,
            "steps": {"done": done, "total": total},
            "due": at,
            "waiting": waiting,
            "running": session.running is not None,
        }
    )


def verified(session: str, chain: Chain, *, as_json: bool) -> None:
    """Whether a session's records hold together, and the first link that does not."""
    if as_json:
        broken: Json = [{"record": link.record, "text": link.text} for link in chain.broken]
        emit_json({"schema": VERIFY, "session": session, "ok": not chain.broken, "broken": broken})
        return
    if chain.broken:
        first = chain.broken[0]
        lines = [Line(f"{session}: the chain does not hold at record {first.record}: {safe(first.text)}", "red bold")]
        lines += [Line(f"  then record {link.record}: {safe(link.text)}") for link in chain.broken[1:]]
    else:
        what = f"{len(chain.events)} records, {chain.files} files, {len(chain.runs)} runs"
        lines = [Line(f"{session}: every link holds ({what})", "green bold")]
    _print(lines)


def _state(session: Session) -> str:
    if session.ended:
        return session.ended
    if session.paused is not None:
        return f"paused ({safe(session.paused)})"
    return "going back" if session.way == "back" else "open"


def _mark(step: str, runbook: Runbook, session: Session) -> str:
    found = runbook.step(step)
    due = upcoming(runbook, session)
    if step in session.skipped:
        return "left out"
    if isinstance(due, Due) and due.step.id == step:
        return "-> due"
    return "behind" if found and behind(found, session) else "to come"


def _print(lines: list[Line]) -> None:
    emit_text(rendered(fitted(lines, screen_width()), colour=coloured()))
