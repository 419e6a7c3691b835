"""What stands before Vault and PostgreSQL and breaks their conversations on demand: the `lab-fault` program."""

from __future__ import annotations

from collections.abc import Sequence

import urllib3

from migrate.lab import ports, processes
from migrate.lab.control import Programs
from migrate.lab.web import Answer, wait
from migrate.lab.world import World
from migrate.model.errors import Failed

PROXIED = {"vault": ports.VAULT, "postgres": ports.POSTGRES}


def start(world: World, programs: Programs, names: Sequence[str], more: Sequence[tuple[str, int]] = ()) -> None:
    """Start it with a route for each name of PROXIED, and for further (name, port) that lead to the same servers.

    `more` are ports under which an estate knows its Vault or its PostgreSQL, where they are not the usual ones. A port
    of Vault's serves with and without TLS, whichever a client begins with.
    """
    routes = [(name, name, PROXIED[name]) for name in names]
    routes += [(f"{name}-{port}", name, port) for name, port in more if port != PROXIED[name]]
    flags = [f"--route={route}={world.address}:{port}={_behind(world, server)}" for route, server, port in routes]
    processes.start(world, "lab-fault", [programs["lab-fault"], f"--control={world.inner}:{ports.FAULTS}", *flags])
    process = processes.recorded(world, "lab-fault")
    wait("lab-fault", lambda: _ready(world), 20, alive=lambda: process is not None and processes.alive(process))


def _behind(world: World, server: str) -> str:
    behind = PROXIED[server] + ports.BEHIND
    plain = f"={world.inner}:{behind + ports.PLAIN}" if server == "vault" else ""
    return f"{world.inner}:{behind}{plain}"


def behave(world: World, server: str, mode: str, *, delay_ms: int = 0, count: int = 0) -> None:
    """Make every way to a server pass, cut, hang, be slow or lose answers, from the next moment on."""
    wanted = {"mode": mode, "delay_ms": delay_ms, "count": count}
    for route in routes(world):
        if route == server or route.startswith(f"{server}-"):
            _ask(world, "PUT", f"/routes/{route}", wanted)


def routes(world: World) -> list[str]:
    """The name of every route: a server's, or a server's with a port."""
    return sorted(str(route["name"]) for route in _ask(world, "GET", "/routes"))


def _ready(world: World) -> bool:
    try:
        _ask(world, "GET", "/healthz")
    except Failed:
        return False
    return True


def _ask(world: World, method: str, path: str, body: object = None) -> Answer:
    url = f"http://{world.inner}:{ports.FAULTS}{path}"
    try:
        with urllib3.PoolManager(retries=False) as pool:
            response = pool.request(method, url, json=body, timeout=10.0)
    except urllib3.exceptions.HTTPError as error:
        raise Failed("The fault proxy does not answer.", following="migrate lab logs lab-fault") from error
    if response.status >= 400:
        raise Failed(f"The fault proxy refused: {response.data.decode(errors='replace').strip()}")
    return response.json() if response.data[:1] in (b"{", b"[") else None
