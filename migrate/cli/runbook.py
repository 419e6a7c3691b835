"""`migrate runbook`: which there are, what one says, whether it can be followed, and a new one to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.completing import phase_names, runbook_names
from migrate.cli.place import PhasesOption
from migrate.model.errors import Exit, Failed, Refused

if TYPE_CHECKING:
    from migrate.sessions.runbook import Fault, Runbook

RunbookArgument = Annotated[
    str, typer.Argument(help="A file, or the name of one that travels with the tool.", autocompletion=runbook_names)
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document (migrate.runbook/v1).")]


def register(app: typer.Typer) -> None:
    """Add the verb and its own verbs to the command table."""
    group = typer.Typer(no_args_is_help=True, help="List, show, check or begin a runbook.")
    group.command("list")(listing)
    group.command("show")(show)
    group.command("check")(check)
    group.command("new")(new)
    app.add_typer(group, name="runbook")


def listing(as_json: JsonOption = False) -> None:
    """List the runbooks that travel with the tool."""
    from migrate.views import runbook as view

    view.listing([(path.stem, read(str(path))) for path in _shipped()], as_json=as_json)


def show(runbook: RunbookArgument, as_json: JsonOption = False) -> None:
    """Show a runbook step by step: what is run, what is asked, what is kept."""
    from migrate.views import runbook as view

    view.show(runbook, read(runbook), as_json=as_json)


def check(
    runbooks: Annotated[
        list[str] | None,
        typer.Argument(help="Files or names. Default: all that travel with the tool.", autocompletion=runbook_names),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find what stands in the way of following a runbook: commands that no longer parse, missing ids, dead ends.

    Exit 0 nothing, 1 findings.
    """
    from migrate.views import runbook as view

    found = [(name, faults_of(read(name))) for name in runbooks or [path.stem for path in _shipped()]]
    view.checked(found, as_json=as_json)
    if any(faults for _, faults in found):
        raise typer.Exit(Exit.FAILED)


def new(
    phase: Annotated[str, typer.Argument(help="The phase it is to drive.", autocompletion=phase_names)],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The file. Default: stdout.")] = None,
    phases: PhasesOption = None,
) -> None:
    """Write a runbook to begin with from a phase: look, plan, agree, apply, soak, and the way back."""
    from datetime import UTC, datetime

    from migrate.planning.own import own_phases
    from migrate.planning.phases import phase_named
    from migrate.sessions.starting import starting_runbook
    from migrate.stores.handout import handed_out
    from migrate.views.console import emit_text

    chosen = phase_named(phase, own_phases(phases) if phases else ())
    text = starting_runbook(chosen, datetime.now(UTC).date())
    if output is None:
        emit_text(text)
        return
    if output.exists():
        raise Refused(f"{output} exists", undone="nothing was written", following="name another file")
    with handed_out(output) as stream:
        stream.write(text)
    emit_text(f"written to {output}\n  next: migrate runbook check {output}")


def read(name: str) -> Runbook:
    """A runbook by file or name. Raises Failed where there is none."""
    from migrate.sessions.reading import read_runbook

    return read_runbook(text_of(name))


def text_of(name: str) -> str:
    """The text of a runbook by file or name. Raises Failed where there is none, or it is no text."""
    path = path_of(name)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Failed(f"{path}: {why}", following="migrate runbook list") from error


def path_of(name: str) -> Path:
    """Where a runbook lies: the file, if there is one of that name, else the shipped one."""
    given = Path(name)
    shipped = {path.stem: path for path in _shipped()}
    return given if given.is_file() or name not in shipped else shipped[name]


def faults_of(runbook: Runbook) -> list[Fault]:
    """What stands in the way of following it."""
    from migrate.checks.catalogue import CHECKS
    from migrate.cli.commands import parse
    from migrate.sessions.checking import check as rules

    return rules(runbook, parse, CHECKS)


def _shipped() -> list[Path]:
    from migrate.catalog import shelf

    return sorted(shelf("runbooks").glob("*.md"))
