"""The program: runs one verb, turns its outcome into an exit code.

Imports next to nothing at its top: whoever presses Ctrl-C while it starts is answered as at any other time.
"""

from __future__ import annotations

import os
import sys

from migrate.model.errors import Exit, MigrateError

_TYPER_USAGE_EXIT = 2  # typer's own code for a mistyped command; ours is 64, because 2 means "changes pending"


def run(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code; never raises."""
    # Looking for plugins of other packages costs pydantic 10 ms at every start, and none has any business here.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    typed = sys.argv[1:] if arguments is None else arguments
    try:
        from migrate.cli.application import application

        application(typed)(typed, prog_name="migrate", standalone_mode=True)
    except SystemExit as end:
        return _ended(end, typed)
    except KeyboardInterrupt:
        return _interrupted(typed)
    except MigrateError as error:
        from migrate.cli.verbs import partly
        from migrate.cli.where import said_where
        from migrate.views.console import problem

        problem(error, said_where(typed), partly=partly(_verb(typed)))
        return error.exit
    except OSError as error:
        return _unwritable(error, typed)
    except Exception as error:  # the one boundary: nobody should meet a stack trace at 23:00
        if os.environ.get("MIGRATE_DEBUG"):
            raise
        from migrate.views.console import bug

        bug(error)
        return Exit.BUG
    return Exit.DONE


def _ended(end: SystemExit, typed: list[str]) -> int:
    """How the command table ended. It catches Ctrl-C and a reader who went away itself, and says nothing of either."""
    if isinstance(end.__context__, BrokenPipeError):
        return _unwritable(end.__context__, typed)
    code = _code(end)
    return code if isinstance(end.code, Exit) or code != Exit.INTERRUPTED else _interrupted(typed)


def _interrupted(typed: list[str]) -> int:
    """Somebody pressed Ctrl-C: what is true now depends on the verb, and its own command says it."""
    from migrate.cli.verbs import after_interrupt
    from migrate.cli.where import said_where
    from migrate.views.console import interrupted

    interrupted(*after_interrupt(_verb(typed)), said_where(typed))
    return Exit.INTERRUPTED


def _verb(typed: list[str]) -> str:
    return next((word for word in typed if not word.startswith("-")), "")


def _unwritable(error: OSError, typed: list[str]) -> int:
    """Something could not be read or written (a full disk, a closed stream, no right to)."""
    from migrate.cli.verbs import after_interrupt, writes
    from migrate.cli.where import said_where
    from migrate.model.errors import refused_by_system
    from migrate.views.console import problem

    if isinstance(error, BrokenPipeError) and not writes(_verb(typed)):
        # The reader of our output went away (`migrate scan | head`): not a fault of ours or theirs.
        return Exit.DONE
    truth, following = after_interrupt(_verb(typed))
    problem(refused_by_system(error, truth, following), said_where(typed), partly=True)
    return Exit.FAILED


def _code(end: SystemExit) -> int:
    if isinstance(end.code, Exit):
        return end.code  # said by one of our verbs: its 2 is "changes pending"
    code = end.code if isinstance(end.code, int) else Exit.DONE if end.code is None else Exit.FAILED
    return Exit.USAGE if code == _TYPER_USAGE_EXIT else code


def _opened_streams() -> None:
    """Have both streams: where somebody closed one (`>&-`, some schedulers), what is said there goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))


def main() -> None:
    """Entry point of the `migrate` command."""
    _opened_streams()
    code = run()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still to be written goes nowhere; else Python would complain at its end, and exit with 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        code = code or _unwritable(error, sys.argv[1:])
    sys.exit(code)
