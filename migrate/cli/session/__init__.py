"""`migrate session`: a runbook followed step by step, by people who may come and go.

where      which session is meant, its runbook as pinned, and who may drive
hands      what a session needs done here: run our commands in process, ask, look, keep
chain      a session's records held against each other, offline
recording  what a command says, shown and kept at once, without secrets
begin, going, word, stops, watching, reporting: the verbs
"""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the verb and its own verbs to the command table."""
    from migrate.cli.session import begin, going, reporting, stops, watching, word

    group = typer.Typer(no_args_is_help=True, help="Follow a runbook step by step, with evidence.")
    group.command("start")(begin.start)
    group.command("next")(going.next_step)
    group.command("run")(going.run)
    group.command("status")(watching.status)
    group.command("pause")(stops.pause)
    group.command("resume")(stops.resume)
    group.command("handover")(stops.handover)
    group.command("approve")(word.approve)
    group.command("skip")(stops.skip)
    group.command("abort")(stops.abort)
    group.command("report")(reporting.report)
    app.add_typer(group, name="session")
