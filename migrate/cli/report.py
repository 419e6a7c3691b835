"""`migrate report`: what changed, who agreed, and how to go back, as Markdown or as one HTML file."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.completing import session_ids
from migrate.cli.place import EstateOption, RunArgument, WorldOption

if TYPE_CHECKING:
    from migrate.cli.place import Known, Place
    from migrate.cli.session.where import Open
    from migrate.sessions.answers import RunPart
    from migrate.sessions.report import Record, Report


class Format(StrEnum):
    """What is written."""

    MARKDOWN = "markdown"
    HTML = "html"


FormatOption = Annotated[Format | None, typer.Option("--format", help="Default: by the file's ending, else markdown.")]
OutputOption = Annotated[Path | None, typer.Option("-o", "--output", help="The file. Default: stdout.")]


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("report")(report)


def report(
    run: RunArgument = None,
    session: Annotated[
        str | None,
        typer.Option("--session", help="The session that drove it.", autocompletion=session_ids),
    ] = None,
    output: OutputOption = None,
    wanted: FormatOption = None,
    estate: EstateOption = None,
    world: WorldOption = None,
) -> None:
    """Write the report of a run, with the session that drove it where there is one. Reads only. Exit 0."""
    from migrate.cli.place import chosen_run, place
    from migrate.cli.session.where import chosen

    if session is not None:
        of_session(chosen(estate, session), output, wanted)
        return
    where = place(estate, world)
    one = chosen_run(where, run)
    write(_made(where, one, _driver(where, one.folder.id)), output, wanted)


def of_session(one: Open, output: Path | None, wanted: Format | None) -> None:
    """Write the report of a session and the run it drove last."""
    from migrate.cli.place import chosen_run

    where = one.where
    runs = [str(event.data["run"]) for event in one.session.events if event.data.get("run")]
    write(_made(where, chosen_run(where, runs[-1]) if runs else None, one), output, wanted)


def write(found: Report, output: Path | None, wanted: Format | None) -> None:
    """Render the report to where it is wanted. Raises Failed where it cannot be written."""
    from migrate.stores.handout import handed_out
    from migrate.views import report_html, report_markdown
    from migrate.views.console import emit_text

    as_html = wanted is Format.HTML or (wanted is None and output is not None and output.suffix in {".html", ".htm"})
    text = report_html.page(found) if as_html else report_markdown.markdown(found)
    if output is None:
        emit_text(text)
        return
    with handed_out(output) as stream:
        stream.write(text)
    emit_text(f"written to {output}")


def _made(where: Place, one: Known | None, driver: Open | None) -> Report:
    from migrate.sessions.reporting import report as model

    return model(_part(where, one) if one else None, driver.session if driver else None, _verified(where, driver))


def _part(where: Place, one: Known) -> RunPart:
    from migrate.sessions.answers import RunPart
    from migrate.stores.journal import whole

    place = ("--estate", str(where.estate), *(("--world", where.world_name) if where.world_name else ()))
    events, rehearsals = whole(one.folder.journal).events, tuple(_rehearsals(where, one))
    return RunPart(one.run, one.loaded.plan, events, str(one.folder.script), place, rehearsals)


def _rehearsals(where: Place, one: Known) -> Iterator[Record]:
    """What was tried of this very plan, and how that went."""
    from migrate.cli.rehearsing.evidence import of_plan
    from migrate.sessions.report import Record

    for found in of_plan(where.runs, one.loaded.digest):
        outcome = "passed" if found.ok else "not a pass"
        yield Record(found.text("at"), "rehearsal of this plan on a lab", outcome, str(found.file), found.digest)


def _verified(where: Place, driver: Open | None) -> str:
    """What a look over the records found. A journal that does not hold was refused when it was read."""
    from migrate.cli.session.chain import looked

    if driver is None:
        return "the journal's records hold; migrate verify compares them with the servers"
    chain = looked(where, driver.folder)
    if chain.broken:
        return f"the chain does not hold at record {chain.broken[0].record}: {chain.broken[0].text}"
    return f"every link of {len(chain.events)} records and {chain.files} files holds"


def _driver(where: Place, run: str) -> Open | None:
    """The session that drove a run, the newest first."""
    from migrate.cli.session.where import Open, sessions_of

    driven = (one for _, one in sessions_of(where) if isinstance(one, Open))
    return next((one for one in driven if any(event.data.get("run") == run for event in one.session.events)), None)
