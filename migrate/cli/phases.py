"""`migrate phases`: which phases there are, and what one does."""

from __future__ import annotations

from typing import Annotated

import typer

from migrate.cli.completing import phase_names
from migrate.cli.place import PhasesOption


def register(app: typer.Typer) -> None:
    """Add the verb and its own verb to the command table."""
    group = typer.Typer(help="List the phases, or explain one.", invoke_without_command=True)
    group.callback()(listing)
    group.command("show")(show)
    app.add_typer(group, name="phases")


def listing(
    context: typer.Context,
    phases: PhasesOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document (migrate.phases/v1).")] = False,
) -> None:
    """List the phases, or explain one."""
    if context.invoked_subcommand is not None:
        return
    from migrate.planning.own import own_phases
    from migrate.planning.phases import all_phases
    from migrate.views import phases as view

    view.listing([*all_phases(), *(own_phases(phases) if phases else ())], as_json=as_json)


def show(
    name: Annotated[str, typer.Argument(help="The phase, for example phase1.", autocompletion=phase_names)],
    phases: PhasesOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document (migrate.phases/v1).")] = False,
) -> None:
    """Explain a phase: what it selects, its operations stage by stage, its gates."""
    from migrate.planning.own import own_phases
    from migrate.planning.phases import phase_named
    from migrate.views import phases as view

    view.show(phase_named(name, own_phases(phases) if phases else ()), as_json=as_json)
