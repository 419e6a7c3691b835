"""The lab a rehearsal stands on: of its own, brought up by a process that can be ended, and always taken away.

Three things take it away, each where the one before cannot: this process at its end, the warden when this process is
killed, and `migrate lab down` when the machine took both. Every process of the rehearsal carries the lab's mark, so
whoever takes the lab away ends them too.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from migrate.lab import build, companions, control, database, handing, levels, machine, ports, vault, world
from migrate.lab.hosts import knowing
from migrate.lab.levels import Level
from migrate.lab.machine import search_path
from migrate.lab.processes import MARK
from migrate.lab.warden import away
from migrate.lab.world import World
from migrate.model.errors import Failed

PROGRAM = ("-c", "import sys; from migrate.cli.main import run; sys.exit(run())")
"""This very tool, wherever it is installed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the lab must be like."""

    estate: Path
    address: str
    major: int | None
    eso: str


@dataclass(frozen=True, slots=True)
class Ground:
    """A lab that is up, and how its processes are started."""

    world: World
    environment: Mapping[str, str]
    prefix: tuple[str, ...]
    """Begins a command that knows the estate's servers by the estate's names."""

    def folder(self, name: str) -> Path:
        """A folder of the rehearsal, gone with the lab."""
        made = self.world.data("rehearsal", name)
        made.mkdir(mode=0o700, parents=True, exist_ok=True)
        return made


def insist() -> None:
    """Return if this machine can have a lab in which pods run. Raises Refused with what is missing."""
    levels.choose(machine.look(), frozenset(build.binaries()), Level.FULL)


@dataclass(frozen=True, slots=True)
class Site:
    """Where a lab will stand: its name, and a folder for what is needed before it is there."""

    name: str
    folder: Path


@contextmanager
def site() -> Iterator[Site]:
    """A free name and an empty folder; at the end nothing of either is left, however this process ends."""
    name = f"rehearse-{secrets.token_hex(3)}"
    with tempfile.TemporaryDirectory(prefix="migrate-rehearse-") as folder:
        warden = _warden(name, folder)
        try:
            yield Site(name, Path(folder))
        finally:
            assert warden.stdin is not None
            warden.stdin.write(b"gone\n")
            warden.stdin.close()
            warden.wait()


@contextmanager
def standing(where: Site, wanted: Wanted, told: Callable[[str], None]) -> Iterator[Ground]:
    """A lab with the estate in it, taken away at the end. Raises Failed where it does not come up."""
    try:
        yield _up(where.name, wanted, told)
    finally:
        with _undisturbed():
            _away(where.name)


def _away(name: str) -> None:
    if away(name):
        raise Failed(
            f"the rehearsal's lab {name} is not gone altogether",
            truth="nothing of the estate was touched",
            following=f"migrate lab down --name {name}",
        )


def _up(name: str, wanted: Wanted, told: Callable[[str], None]) -> Ground:
    more = {MARK: str(world.place(name))}
    if wanted.address:
        more["MIGRATE_DATABASE_ADDRESS"] = wanted.address
    words = ["lab", "up", "--name", name, "--level", "full", "--estate", str(wanted.estate), "--eso", wanted.eso]
    if wanted.major:
        words += ["--postgres", str(wanted.major)]
    child = subprocess.Popen(
        [sys.executable, *PROGRAM, *words],
        env={**os.environ, **companions.path(), **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    said = list[str]()
    for line in child.stderr or ():
        said.append(line.strip())
        told(line.rstrip())
    if child.wait():
        raise Failed(
            f"the lab did not come up: {next((line for line in said[::-1] if line), f'exit {child.returncode}')}",
            undone="nothing was rehearsed",
            following="migrate lab up, and migrate lab logs SERVER where it fails",
        )
    made = world.load(name)
    assert made is not None
    return _ready(made, more)


def _ready(made: World, more: Mapping[str, str]) -> Ground:
    path = os.pathsep.join([*handing.programs(), search_path()])
    own = {"PATH": path, "HOME": str(made.data("home")), "LANG": "C.UTF-8"}
    environment = {**own, **companions.path(), **more, **handing.variables(made)}
    return Ground(made, environment, tuple(knowing(made, machine.look())))


def identities(ground: Ground) -> dict[str, str]:
    """Who the lab's servers are, by store, as they say themselves."""
    asked = vault.as_root(ground.world)
    cluster = control.api(ground.world)
    try:
        return {
            "vault": str(asked.ask("GET", "/v1/sys/health")["cluster_id"]),
            "cluster": str(cluster.ask("GET", "/api/v1/namespaces/kube-system")["metadata"]["uid"]),
            "postgres": _system(ground),
        }
    finally:
        asked.close()
        cluster.close()


def _system(ground: Ground) -> str:
    query = "select system_identifier::text from pg_control_system()"
    words = ("psql", "-XAt", "-c", query)
    return subprocess.run(words, env=ground.environment, check=True, capture_output=True, text=True).stdout.strip()


def credentials(ground: Ground) -> Path:
    """Write the database administrator's DSN where commands find it; returns its place."""
    key, made = ground.world.credential, ground.world
    password = key("postgres-admin").read_text()
    options = f"sslmode=verify-full&sslrootcert={key('ca.crt')}"
    place = f"{made.address}:{ports.POSTGRES}/postgres?{options}"
    return world.write(key("dsn"), f"postgresql://{database.ADMIN}:{password}@{place}")


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals that ask this process to end wait: what it does now must be done."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _warden(name: str, folder: str) -> subprocess.Popen[bytes]:
    words = [*companions.module("migrate.lab.warden"), "--name", name, "--folder", folder]
    environment = {**os.environ, **companions.path()}
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(
        words, env=environment, stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere, start_new_session=True
    )
