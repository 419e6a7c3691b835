"""`migrate session approve`: a person's word for what is due, from any terminal, bound to what they have read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.completing import session_steps
from migrate.cli.session.where import EstateOption, SessionOption
from migrate.model.errors import Refused, Usage

if TYPE_CHECKING:
    from migrate.cli.session.hands import Terminal
    from migrate.cli.session.where import Open
    from migrate.sessions.course import Due
    from migrate.sessions.runbook import Evidence

_SHORTEST = 12


def approve(
    step: Annotated[
        str,
        typer.Argument(help="The step that waits (migrate session status names it).", autocompletion=session_steps),
    ],
    digest: Annotated[str, typer.Option("--digest", help="Of what is approved: the plan, or the part as shown.")],
    text: Annotated[str | None, typer.Option("--text", help="The text, where evidence is asked for.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="The file, where evidence is asked for.")] = None,
    session: SessionOption = None,
    estate: EstateOption = None,
) -> None:
    """Say yes to the part that waits, or hand in its evidence. Whoever drives goes on with migrate session run.

    Exit 0 written down; 3 nothing of that digest waits there.
    """
    from migrate.cli.session.hands import Terminal
    from migrate.cli.session.where import chosen, still_open
    from migrate.sessions.runbook import Evidence
    from migrate.views import session as view

    one = chosen(estate, session)
    still_open(one)
    hands = Terminal(one)
    due, whole = _due(one, hands, step, digest)
    if isinstance(due.part, Evidence):
        _evidence(one, hands, due, due.part, text, file)
    else:
        one.decide("word.given", step=due.step.id, part=due.index, digest=whole, how="digest")
    view.approved(one.session.id, step)


def _due(one: Open, hands: Terminal, step: str, given: str) -> tuple[Due, str]:
    """The part that waits in this step, and its digest, if it is the one given. Raises Refused."""
    from migrate.sessions.course import Due, asked_digest, shown, upcoming
    from migrate.sessions.runbook import Command, Confirm, Gate

    due = upcoming(one.runbook, one.session)
    if not isinstance(due, Due) or due.step.id != step or isinstance(due.part, Command | Gate):
        at = f"it is at step {due.step.id}" if isinstance(due, Due) else "it is over"
        raise Refused(
            f"nothing in step {step} waits for a person's word",
            truth=at,
            undone="nothing was written down",
            following="migrate session status",
        )
    path = shown(due.part.plan, one.session) if isinstance(due.part, Confirm) else ""
    whole = asked_digest(one.session, due, hands.plan(path).digest if path else "")
    if len(given) < _SHORTEST or not whole.startswith(given):
        raise Refused(
            f"what waits there has the digest {whole[:16]}, not {given[:16]}",
            truth="it may not be what you have read",
            undone="nothing was written down",
            following="read it again: " + (f"migrate show {path}" if path else "migrate session status"),
        )
    return due, whole


def _evidence(one: Open, hands: Terminal, due: Due, part: Evidence, text: str | None, file: Path | None) -> None:
    from migrate.cli.place import now
    from migrate.sessions.driving import Guide

    given = str(file) if part.is_file and file else text if not part.is_file else None
    if not given:
        raise Usage(f"evidence is asked for: {part.what}", following="--file PATH" if part.is_file else "--text TEXT")
    Guide(one.runbook, one.session, hands, one.note, now).keep(due, part, given)
