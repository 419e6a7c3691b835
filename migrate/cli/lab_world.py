"""`migrate lab up`, `down`, `status`, `logs`, `shell`, `faults`: a lab as an operator handles it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.model.errors import Exit, Failed, Usage

if TYPE_CHECKING:
    from migrate.lab.world import World

_Name = Annotated[str, typer.Option("--name", help="Which lab; several can be up at once.")]


def add(group: typer.Typer) -> None:
    """Add these verbs to `migrate lab`."""
    for verb in (up, down, status, logs, shell, faults, backup):
        group.command(verb.__name__)(verb)


def up(
    name: _Name = "lab",
    estate: Annotated[
        Path | None, typer.Option(help="The GitOps folder that lives in it; default: the example estate.")
    ] = None,
    empty: Annotated[bool, typer.Option("--empty", help="No estate: servers only.")] = False,
    level: Annotated[
        str | None,
        typer.Option(help="full, control or vault; refused where impossible. Default: the highest possible."),
    ] = None,
    eso: Annotated[str, typer.Option(help="Version of External Secrets Operator.")] = "v0.16.2",
    postgres: Annotated[
        int | None, typer.Option(help="Major version of PostgreSQL. Default: the estate's, or 16.")
    ] = None,
    saved: Annotated[
        Path | None,
        typer.Option("--backup", help="With Vault and PostgreSQL as `migrate lab backup` wrote them."),
    ] = None,
    docker: Annotated[
        bool, typer.Option("--docker", help="Servers as containers of this machine's engine; no pods.")
    ] = False,
    context: Annotated[
        str | None, typer.Option(help="Start no server: bring the lab into the cluster of this kubectl context.")
    ] = None,
    vault: Annotated[str | None, typer.Option(metavar="URL", help="With --context: its Vault's address.")] = None,
    vault_ca: Annotated[
        Path | None, typer.Option(help="With --vault: the authority that signed its certificate.")
    ] = None,
    vault_token_file: Annotated[
        Path | None, typer.Option(help="With --vault: a file with its token. Default: VAULT_TOKEN.")
    ] = None,
    disposable: Annotated[
        str,
        typer.Option("--i-know-this-is-disposable", metavar="NAME", help="With --context: the cluster's name again."),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document (migrate.lab/v1).")] = False,
) -> None:
    """Start real servers as a disposable world: Vault, PostgreSQL and, where possible, Kubernetes, Flux and ESO.

    Returns when all are ready. Everything lies in one folder and listens on the lab's own address only. With --context
    and --vault nothing is started: what the estate needs is brought into servers that are there, and down removes it.
    """
    from migrate.cli.demo import example
    from migrate.lab import existing, starting
    from migrate.views import lab as view

    version = eso if eso.startswith("v") else f"v{eso}"
    place = None if empty else estate or example()
    wanted = starting.Wanted(name, place, _level(level), version, postgres, docker=docker, backup=saved)
    if bool(context) != bool(vault):
        raise Usage("An existing cluster and an existing Vault go together.", following="--context NAME --vault URL")
    if context and vault:
        target = existing.Wanted(context, vault, vault_ca, vault_token_file, disposable)
        made = starting.attach(wanted, target, view.done)
    else:
        made = starting.start(wanted, view.level, view.done)
    _show(made, as_json=as_json)
    if not as_json:
        view.following(made.name)


def down(name: _Name = "lab", everything: Annotated[bool, typer.Option("--all", help="Every lab.")] = False) -> None:
    """Take a lab away: its processes, mounts, bridge, control groups and files. Works on half-made ones too."""
    from migrate.lab import down as lab
    from migrate.lab import world
    from migrate.views import lab as view

    names = world.names() if everything else [name]
    for one in names:
        folder = world.place(one)
        lab.down(world.load(one) or world.remains(one))
        view.gone(one, str(folder))
    if not names:
        view.none()


def status(
    name: _Name = "lab",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document (migrate.lab/v1).")] = False,
) -> None:
    """Say what of a lab runs. Exit 0 when every server is ready, 1 when one is not or there is no lab."""
    from migrate.lab import status as lab

    world = _world(name)
    _show(world, as_json=as_json)
    if not all(server.ready for server in lab.servers(world)):
        raise typer.Exit(Exit.FAILED)


def logs(
    server: Annotated[str, typer.Argument(help="A server's name, as `migrate lab status` has it.")],
    name: _Name = "lab",
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines; 0 for all.")] = 100,
) -> None:
    """Print what a server of the lab has said."""
    from migrate.lab import logging, status
    from migrate.views import lab as view

    world = _world(name)
    program = status.program(server)
    known = logging.known(world)
    if program not in known:
        raise Usage(f"No server of this lab is called {server}.", following=f"Name one of: {', '.join(known)}.")
    text = logging.words(world, program).splitlines()
    view.log("\n".join(text[-lines:] if lines else text))


def shell(
    name: _Name = "lab",
    command: Annotated[
        list[str] | None, typer.Argument(metavar="[COMMAND]...", help="What to run instead of a shell.")
    ] = None,
) -> None:
    """A shell (or one command) whose kubectl, vault, psql and git mean this lab, as its administrator.

    Its exit code is that of the shell.
    """
    import os
    import subprocess

    from migrate.lab import handing

    world = _world(name)
    path = os.pathsep.join([*handing.programs(), os.environ.get("PATH", os.defpath)])
    token = {"VAULT_TOKEN": world.credential("vault-root").read_text()}
    environment = {**os.environ, **handing.variables(world), **token, "PATH": path}
    words = command or [os.environ.get("SHELL", "/bin/sh")]
    try:
        raise typer.Exit(subprocess.run(words, env=environment, check=False).returncode)
    except FileNotFoundError as error:
        raise Usage(f"There is no program called {words[0]}.") from error


def backup(
    folder: Annotated[Path, typer.Argument(help="A folder that is not there yet; only its owner may enter it.")],
    name: _Name = "lab",
) -> None:
    """Write a backup of the lab's Vault and PostgreSQL, keys included. PostgreSQL rests for a moment meanwhile.

    `migrate lab up --backup FOLDER` makes a lab of the same name from it and from Git, as after the loss of a cluster.
    """
    from migrate.lab import backup as lab
    from migrate.lab import faults as stopping
    from migrate.views import lab as view

    world = _world(name)
    lab.take(world, folder.absolute(), lambda act: stopping.rest_postgres(world, act))
    view.saved(str(folder), name)


def faults(
    fault: Annotated[str | None, typer.Argument(help="What to break; without it, all are listed.")] = None,
    name: _Name = "lab",
    undo: Annotated[bool, typer.Option("--undo", help="Mend it.")] = False,
) -> None:
    """Break something in a lab on purpose, or mend it again."""
    from migrate.lab import faults as lab
    from migrate.views import lab as view

    world = _world(name)
    if fault is None:
        view.faults((one.name, one.what, world.level.holds(one.level)) for one in lab.known())
        return
    chosen = lab.named(fault, world)
    if undo:
        chosen.end(world)
        view.mended(fault)
    else:
        chosen.begin(world)
        view.broken(fault, chosen.what, f"migrate lab faults {fault} --undo --name {name}")


def _level(word: str | None) -> str | None:
    if word not in {None, "full", "control", "vault"}:
        raise Usage(f"There is no level {word}.", following="full, control or vault")
    return word


def _world(name: str) -> World:
    from migrate.lab import world

    found = world.load(name)
    if found is None:
        others = world.names()
        raise Failed(
            f"There is no lab called {name}.",
            truth=f"there are: {', '.join(others)}" if others else "",
            following="migrate lab up",
        )
    return found


def _show(world: World, *, as_json: bool) -> None:
    from migrate.lab import status as lab
    from migrate.views import lab as view
    from migrate.views.console import emit_json

    found = lab.servers(world)
    if as_json:
        emit_json(lab.document(world, found))
        return
    title = f"lab {world.name}, level {world.level} ({world.reason}), {world.folder}"
    view.servers(title, ((one.name, one.version, one.pid, one.address, one.ready) for one in found))
