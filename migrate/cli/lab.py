"""`migrate lab`: real servers on this machine, built once, started and stopped at will."""

from __future__ import annotations

from typing import Annotated

import typer

from migrate.cli import lab_world


def register(app: typer.Typer) -> None:
    """Add the verb and its own verbs to the command table."""
    group = typer.Typer(help="Real servers for practice: Vault, Kubernetes, ESO, Flux.", no_args_is_help=True)
    group.command("build")(build)
    group.command("clean")(clean)
    group.command("doctor")(doctor)
    lab_world.add(group)
    app.add_typer(group, name="lab")


def build(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[PROGRAM]...", help="Only what these need; default: all of them.")
    ] = None,
) -> None:
    """Build the lab's servers into this user's cache; does nothing when they are there.

    The first time takes tens of minutes and downloads Go modules. May be interrupted and repeated.
    """
    from migrate.lab import build as lab
    from migrate.lab import cache, postgresql
    from migrate.views import lab_build as view

    lab.build(view.BuildLines(), names or ())
    if not names and not postgresql.fetch():
        view.no_postgres()
    view.programs(((found.name, found.version, found.built) for found in lab.programs()), str(cache.home()))


def clean(
    compiler: Annotated[
        bool, typer.Option("--compiler", help="Only what the compiler keeps for its next build; programs stay.")
    ] = False,
) -> None:
    """Remove what was built, and the compiler's caches with it."""
    from migrate.lab import build as lab
    from migrate.lab import cache
    from migrate.views import lab_build as view

    view.freed(lab.clean(programs_too=not compiler), str(cache.compiler() if compiler else cache.home()))


def doctor(
    install: Annotated[
        bool, typer.Option("--install", help="Install the Debian packages that are missing. Needs root.")
    ] = False,
) -> None:
    """Say what this machine lacks for the lab. Exit 1 when something is missing."""
    from migrate.lab import machine, needs, packages, postgresql
    from migrate.model.errors import Exit
    from migrate.views import lab_build as view

    own = postgresql.available()
    if install and (missing := packages.missing(machine.look(), own_postgres=own)):
        packages.install(missing)
    missing = packages.missing(machine.look(), own_postgres=own)
    found = [*needs.for_building(), packages.as_need(missing)]
    view.doctor((need.what, need.holds, need.found) for need in found)
    raise typer.Exit(Exit.DONE if all(need.holds for need in found) else Exit.FAILED)
