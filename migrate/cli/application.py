"""The command table, built for the verb that was typed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module

import typer

from migrate.cli.verbs import module_of, verbs

_COMPLETION = "_MIGRATE_COMPLETE"


def application(arguments: Sequence[str] = ()) -> typer.Typer:
    """The command table for some arguments: the verb they name, or all of them by name and line only."""
    app = typer.Typer(
        name="migrate",
        no_args_is_help=True,
        add_completion=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help="Move Kubernetes workloads from secrets that ESO copies out of Vault to secrets "
        "the Vault Agent Injector hands to each pod: phase by phase, reversible at every step.",
    )
    known = verbs()
    typed = next((word for word in arguments if not word.startswith("-")), "")
    everything = _COMPLETION in os.environ  # the shell asks for the options of any verb
    for name, line in known.items():
        if everything or name == typed:
            import_module(f"migrate.cli.{module_of(name)}").register(app)
        elif typed not in known:
            app.command(name, help=line)(_named_only)
    app.callback()(_options)
    return app


def _named_only() -> None:
    """Stands for a verb where only its name and line are shown."""


def _version(wanted: bool) -> None:
    if wanted:
        from migrate import __version__

        typer.echo(f"migrate {__version__}")
        raise typer.Exit


def _options(
    debug: bool = typer.Option(False, "--debug", help="Show the stack trace of an unexpected error."),
    _shown: bool = typer.Option(
        False, "--version", is_eager=True, callback=_version, help="Print the version and stop."
    ),
) -> None:
    if debug:
        os.environ["MIGRATE_DEBUG"] = "1"
