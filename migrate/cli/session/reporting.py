"""`migrate session report`: the session's evidence chain, with the run it drove."""

from __future__ import annotations

from migrate.cli.report import FormatOption, OutputOption
from migrate.cli.session.where import EstateOption, SessionOption


def report(
    session: SessionOption = None,
    output: OutputOption = None,
    wanted: FormatOption = None,
    estate: EstateOption = None,
) -> None:
    """Write the report of a session and of the run it drove, as Markdown or one HTML file. Reads only. Exit 0."""
    from migrate.cli.report import of_session
    from migrate.cli.session.where import chosen

    of_session(chosen(estate, session), output, wanted)
