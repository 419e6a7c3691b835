"""`migrate doctor`: what holds here, and what would stand in the way today. Reads only."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.place import EstateOption, PhasesOption
from migrate.model.errors import Exit, MigrateError

if TYPE_CHECKING:
    from migrate.engine.examining import Examined
    from migrate.model.config import Config
    from migrate.planning.origins import Setting
    from migrate.planning.phases import Phase
    from migrate.stores.servers.opening import Servers
    from migrate.views.doctor import Server


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("doctor")(doctor)


def doctor(
    estate: EstateOption = None,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the servers, and run every check of the phase without a plan.")
    ] = False,
    phase: Annotated[str, typer.Option(help="The phase whose checks are run.")] = "phase1",
    phases: PhasesOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document (migrate.doctor/v1).")] = False,
) -> None:
    """Print each setting with its source. With --live, name the servers and run all checks; nothing is written.

    Exit 0; 1 where a server cannot be asked or does not answer, the phase cannot be planned, or a check fails that asks
    about today.
    """
    from migrate.cli.place import standing_in
    from migrate.views import doctor as view

    root = (estate or standing_in()).absolute()
    config, settings = _settings(root)
    servers, checks = _asked(root, config, _phase(phase, phases)) if live else ((), ())
    view.show(settings, servers, checks, as_json=as_json)
    if any(one.wrong for one in servers) or any(one.finding == "fail" for one in checks):
        raise typer.Exit(Exit.FAILED)


def _settings(root: Path) -> tuple[Config, tuple[Setting, ...]]:
    from migrate.planning.configuration import FILE, read_config, written_in
    from migrate.planning.origins import origins
    from migrate.stores.tree import Tree

    try:
        data: bytes | None = Tree(str(root)).read(FILE)
    except FileNotFoundError:
        data = None
    config = read_config(data, os.environ)
    return config, origins(config, written_in(data), os.environ, FILE)


def _phase(name: str, folder: Path | None) -> Phase:
    from migrate.planning.own import own_phases
    from migrate.planning.phases import phase_named

    return phase_named(name, own_phases(folder) if folder else ())


def _asked(root: Path, config: Config, phase: Phase) -> tuple[tuple[Server, ...], tuple[Examined, ...]]:
    """What can be known, whatever is not there: settings are shown, and what stands in the way is a line of its own."""
    from migrate.cli.live import opened
    from migrate.views.doctor import Server

    servers = list[Server]()
    try:
        found = opened(root, config)
        servers += _servers(found)
        return tuple(servers), _checks(root, found, phase)
    except MigrateError as error:
        servers.append(Server(phase.name if servers else "servers", "", error.happened, error.following))
        return tuple(servers), ()


def _servers(found: Servers) -> list[Server]:
    from migrate.stores.vault.product import product
    from migrate.views.doctor import Server

    answer = list[Server]()
    for name, store in found.stores.items():
        try:
            answer.append(Server(name, store.identity(), ""))
        except MigrateError as error:
            answer.append(Server(name, "", error.happened, error.following))
    try:
        answer.append(Server("product", product(found.vault), ""))
        token = found.standing()
        life = "for ever" if token.left is None else f"{token.left // 3600}h"
        answer.append(
            Server("token", f"{token.display_name or 'token'} ({', '.join(token.policies)}), lives {life}", "")
        )
        found.insist_on_writing()
    except MigrateError as error:
        answer.append(Server("token", "", error.happened, error.following))
    return answer


def _checks(root: Path, found: Servers, phase: Phase) -> tuple[Examined, ...]:
    """The checks of the phase as it would be planned here from Git."""
    from migrate.checks.catalogue import check_for
    from migrate.cli.plan import read_estate
    from migrate.engine.examining import examined
    from migrate.planning.cases import NothingToDo
    from migrate.planning.make import make_plan

    made = make_plan(read_estate(root), phase)
    if isinstance(made, NothingToDo):
        return ()
    return examined(made, found.observer, check_for, lambda: datetime.now(UTC))
