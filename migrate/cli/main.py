"""The program: builds the command table, runs one verb, turns its outcome into an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import typer

from migrate.cli.verbs import module_of, verbs
from migrate.model.errors import Exit, MigrateError

_COMPLETION = "_MIGRATE_COMPLETE"
_TYPER_USAGE_EXIT = 2  # typer's own code for a mistyped command; ours is 64, because 2 means "changes pending"


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


def run(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code; never raises."""
    # Looking for plugins of other packages costs pydantic 10 ms at every start, and none has any business here.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        typed = sys.argv[1:] if arguments is None else arguments
        application(typed)(typed, prog_name="migrate", standalone_mode=True)
    except SystemExit as end:
        return _code(end)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except MigrateError as error:
        from migrate.cli.place import said_where
        from migrate.views.console import problem

        problem(error, said_where(typed))
        return error.exit
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            return _unwritable(error)
        # The reader of our output went away (`migrate scan | head`): not a fault of ours or theirs.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except Exception as error:  # the one boundary: nobody should meet a stack trace at 23:00
        if os.environ.get("MIGRATE_DEBUG"):
            raise
        from migrate.views.console import bug

        bug(error)
        return Exit.BUG
    return Exit.DONE


def _unwritable(error: OSError) -> int:
    """The result could not be written (a full disk, a closed stream)."""
    from migrate.model.errors import Failed
    from migrate.views.console import problem

    problem(
        Failed(
            f"the operating system refused: {error.strerror}" + (f" ({error.filename})" if error.filename else ""),
            following="free the disk, or see who may read and write there",
        )
    )
    return Exit.FAILED


def _code(end: SystemExit) -> int:
    if isinstance(end.code, Exit):
        return end.code  # said by one of our verbs: its 2 is "changes pending"
    code = end.code if isinstance(end.code, int) else Exit.DONE if end.code is None else Exit.FAILED
    return Exit.USAGE if code == _TYPER_USAGE_EXIT else code


def main() -> None:
    """Entry point of the `migrate` command."""
    sys.exit(run())
