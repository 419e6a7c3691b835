"""The lab's own small servers, each a module of this package run by this interpreter: images, names, disks."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import urllib3

from migrate.lab import database, hostrules, ports, processes
from migrate.lab.demands import Kind
from migrate.lab.web import wait
from migrate.lab.world import World, write, write_json

_PACKAGE = Path(__file__).parents[2]


def module(name: str) -> list[str]:
    """The beginning of a command that runs a module of this package with this interpreter."""
    return [sys.executable, "-m", name]


def path() -> dict[str, str]:
    """The environment in which this package is found, wherever it is installed."""
    return {"PYTHONPATH": os.pathsep.join([str(_PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])])}


def start_surroundings(world: World) -> None:
    """Give claims their disks and load balancers an address, from now on."""
    flags = [f"--folder={world.data('volumes')}", f"--address={world.node}", *_as_admin(world)]
    processes.start(world, "surroundings", [*module("migrate.lab.surroundings"), *flags], path())


def start_hostrules(world: World, kinds: Iterable[Kind]) -> None:
    """Do for PostgreSQL's host-based rules what database operators of these kinds would, from now on."""
    own = write(world.config("pg_hba.own"), database.rules(world))
    more = write(hostrules.people(world), "")
    flags = [f"--folder={world.data('disk', 'postgres')}", f"--own={own}", f"--more={more}", *_as_admin(world)]
    flags += [f"--list={path}" for path in hostrules.collections(kinds)]
    processes.start(world, "hostrules", [*module("migrate.lab.hostrules"), *flags], path())


def start_services(world: World, inside: list[str]) -> None:
    """Lead the addresses of Services to their pods from now on. `inside`: how a command sees the node's network."""
    command = [*inside, *module("migrate.lab.services"), *_as_admin(world)]
    processes.start(world, "services", command, path())


def _as_admin(world: World) -> list[str]:
    key = world.credential
    found = [f"--api={world.url(ports.API)}", f"--ca={key('ca.crt')}"]
    return [*found, f"--cert={key('admin.crt')}", f"--key={key('admin.key')}"]


def start_resolver(world: World, names: Mapping[str, str]) -> None:
    """Answer pods' questions for names; returns when the first one is answered."""
    fixed = write_json(world.config("names.json"), dict(names))
    flags = [f"--names={fixed}", f"--host={world.address}", f"--port={ports.DNS}", *_as_admin(world)]
    process = processes.start(world, "resolver", [*module("migrate.lab.resolver"), *flags], path())

    def taken() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((world.address, ports.DNS)) == 0

    wait("resolver", taken, 30, alive=lambda: processes.alive(process))


def start_registry(world: World) -> None:
    """Serve the stand-ins for images; returns when they are served."""
    flags = [f"--store={world.data('images')}", f"--names={world.config('images.json')}"]
    place = [f"--host={world.address}", f"--port={ports.REGISTRY}"]
    process = processes.start(world, "registry", [*module("migrate.lab.registry"), *flags, *place], path())
    url = f"http://{world.address}:{ports.REGISTRY}/v2/"

    def served() -> bool:
        try:
            with urllib3.PoolManager(retries=False) as pool:
                return pool.request("GET", url, timeout=2.0).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    wait("registry", served, 30, alive=lambda: processes.alive(process))
