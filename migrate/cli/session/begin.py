"""`migrate session start`: the runbook is read, checked and pinned; what it asks is asked; nothing is run yet."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.completing import runbook_names
from migrate.cli.session.where import EstateOption
from migrate.model.errors import Failed, Refused, Usage

if TYPE_CHECKING:
    from migrate.cli.place import Place
    from migrate.sessions.runbook import Input, Runbook


def start(
    runbook: Annotated[
        str, typer.Argument(help="A file, or the name of a shipped runbook.", autocompletion=runbook_names)
    ],
    given: Annotated[
        list[str] | None, typer.Option("--input", help="NAME=VALUE; asked for where it is not given.")
    ] = None,
    estate: EstateOption = None,
    world: Annotated[
        Path | None, typer.Option("--world", help="A practice world: a folder that stands for the servers.")
    ] = None,
) -> None:
    """Begin a session: pin the runbook, take its inputs. Runs nothing: migrate session run does.

    Exit 0 begun; 1 the runbook cannot be followed; 3 another session is open.
    """
    from migrate.cli.place import place
    from migrate.cli.runbook import faults_of, path_of, read
    from migrate.views import session as view

    where = place(estate, world)
    found = read(runbook)
    if faults := faults_of(found):
        first = faults[0]
        raise Failed(
            f"{runbook} cannot be followed: {len(faults)} findings",
            truth=f"the first, in line {first.line}: {first.text}",
            undone="no session was begun",
            following=f"migrate runbook check {runbook}",
        )
    _no_other(where)
    inputs = taken(found, _pairs(given or []))
    view.begun(_begun(found, path_of(runbook), inputs, where.estate, where.world_name), found)


def _no_other(where: Place) -> None:
    from migrate.cli.session.where import Open, sessions_of

    for name, one in sessions_of(where):
        if isinstance(one, Open) and one.session.ended is None:
            raise Refused(
                f"session {name} is open",
                undone="no other was begun",
                following="migrate session run goes on with it, migrate session abort REASON ends it",
            )


def _begun(runbook: Runbook, source: Path, inputs: dict[str, str], estate: Path, world: str | None) -> str:
    from migrate import __version__
    from migrate.cli.place import now, place
    from migrate.cli.session.where import copy_name, person
    from migrate.sessions.session import person_json
    from migrate.stores.sessions import Sessions

    sessions = Sessions(place(estate, None).runs)
    name = sessions.fresh(source.stem, now())
    folder = sessions.create(name)
    folder.write(copy_name(runbook.digest), runbook.text.encode("utf-8", "surrogatepass"))
    folder.append(
        "session.opened",
        {
            "session": name,
            "runbook": runbook.title,
            "source": str(source.absolute()),
            "digest": runbook.digest,
            "copy": copy_name(runbook.digest),
            "folder": str(Path.cwd()),
            "estate": str(estate),
            "world": world,
            "inputs": {**inputs},
            "tool": f"migrate {__version__}",
            **person_json(person()),
        },
        now,
    )
    return name


def _pairs(given: list[str]) -> dict[str, str]:
    if wrong := [pair for pair in given if "=" not in pair]:
        raise Usage(f"{wrong[0]} is not NAME=VALUE", following="--input plan=phase1.plan.json")
    return dict(pair.split("=", 1) for pair in given)


def taken(runbook: Runbook, given: dict[str, str]) -> dict[str, str]:
    """A value for each input: given, asked for, or its default. Raises Usage where one is missing or does not fit."""
    known = {one.name for one in runbook.inputs}
    if unknown := sorted(given.keys() - known):
        raise Usage(f"the runbook has no input {unknown[0]}", following=f"its inputs: {', '.join(sorted(known))}")
    return {one.name: fitting(one, given.get(one.name)) for one in runbook.inputs}


def fitting(one: Input, given: str | None) -> str:
    """A value that fits the input. Raises Usage, also where it looks like a secret: inputs are written down."""
    from migrate.sessions.redaction import Redactor
    from migrate.views.prompt import ask

    value = given
    if value is None and sys.stdin.isatty() and sys.stderr.isatty():
        value = ask(f"{one.name}, {one.what}" + (f" [{one.default}]" if one.default else "") + ": ")
    value = value or one.default
    if value is None:
        raise Usage(f"input {one.name} is missing: {one.what}", following=f"--input {one.name}={one.sample}")
    if value.startswith("-") or not re.fullmatch(one.pattern, value):
        raise Usage(f"input {one.name} does not fit {one.pattern}", following=f"for example: {one.sample}")
    if Redactor().line(value) != value:
        raise Usage(f"input {one.name} looks like a secret, and inputs are written down", following="name its file")
    return value
