"""`migrate session run` and `next`: go on, and stop where something waits."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import typer

from migrate.cli.place import in_words
from migrate.cli.session.where import EstateOption, Open, SessionOption
from migrate.model.errors import Exit, Refused
from migrate.model.json import Json

AcceptOption = Annotated[
    str | None,
    typer.Option(
        "--accept-change",
        help="Go on with the runbook as it was edited meanwhile; the reason is kept.",
        callback=in_words,
    ),
]


def next_step(session: SessionOption = None, estate: EstateOption = None, accept: AcceptOption = None) -> None:
    """Do the next step, and stop after it. Exit as migrate session run."""
    _go(session, estate, accept, one=True)


def run(session: SessionOption = None, estate: EstateOption = None, accept: AcceptOption = None) -> None:
    """Go on until something waits: a person, a gate, a command that is held.

    Exit 0 the runbook is followed to its end; 4 it waits; 1 or 6 a part failed, before or after something was written;
    3 refused: the runbook was edited, or somebody else drives; 5 another terminal drives.
    """
    _go(session, estate, accept, one=False)


def _go(name: str | None, estate: Path | None, accept: str | None, *, one: bool) -> None:
    from migrate.cli.place import now
    from migrate.cli.session.hands import Terminal
    from migrate.cli.session.where import chosen, driving, still_open
    from migrate.sessions.driving import Failed, Guide, Held
    from migrate.views import session as view

    found = chosen(estate, name)
    still_open(found)
    with driving(found, "migrate session run"):
        found = _as_pinned(chosen(estate, found.session.id), accept)
        if found.session.paused is not None:
            raise Refused(
                f"{found.session.id} is paused: {found.session.paused}",
                undone="nothing was run",
                following="migrate session resume",
            )
        view.where(found.runbook, found.session)
        outcome = Guide(found.runbook, found.session, Terminal(found), found.note, now).go(one=one)
    view.outcome(found.runbook, found.session, outcome)
    match outcome:
        case Held():
            raise typer.Exit(Exit.HELD)
        case Failed():
            raise typer.Exit(Exit.STOPPED if found.session.wrote else Exit.FAILED)


def _as_pinned(one: Open, accept: str | None) -> Open:
    """The session with its runbook as pinned, or as edited where that is accepted. Raises Refused with the diff."""
    from migrate.cli.runbook import faults_of
    from migrate.cli.session.where import copy_name, opened
    from migrate.sessions.course import text_changes
    from migrate.sessions.reading import read_runbook

    try:
        text = Path(one.session.source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return one  # the pinned copy is enough to go on
    edited = read_runbook(text)
    if edited.digest == one.session.digest:
        return one
    diff = "\n".join(
        unified_diff(one.runbook.text.splitlines(), text.splitlines(), "as pinned", "as it is now", lineterm="")
    )
    if accept is None:
        raise Refused(
            f"{one.session.source} was edited since the session began",
            truth=f"the change:\n{diff}",
            undone="nothing was run",
            following="migrate session run --accept-change REASON, or take the edit back",
        )
    if faults := faults_of(edited):
        raise Refused(
            f"as it is now it cannot be followed: line {faults[0].line}: {faults[0].text}",
            undone="nothing was run, the pinned runbook stays",
            following=f"migrate runbook check {one.session.source}",
        )
    one.folder.write(copy_name(edited.digest), text.encode())
    again: list[Json] = [*text_changes(one.runbook, edited, one.session)]
    copy, before = copy_name(edited.digest), one.session.digest
    data: dict[str, Json] = {"before": before, "copy": copy, "again": again, "reason": accept, "diff": diff}
    one.decide("session.changed", digest=edited.digest, **data)
    return opened(one.folder) or one
