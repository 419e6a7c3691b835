"""What of a lab runs just now: `migrate.lab/v1`."""

from __future__ import annotations

from migrate.lab import build, existing, ports, processes
from migrate.lab.levels import Level
from migrate.lab.server import Server
from migrate.lab.web import Web
from migrate.lab.world import Provider, World
from migrate.model.json import Json

SCHEMA = "migrate.lab/v1"


_PROMISED = {"helm-controller": "helm-applier"}
"""Programs whose place in `migrate.lab/v1` has another name: that of what they do there."""

_ADDRESSES = {
    "etcd": ports.ETCD,
    "kube-apiserver": ports.API,
    "vault": ports.VAULT,
    "postgres": ports.POSTGRES,
    "injector": ports.INJECTOR,
    "lab-git": ports.GIT,
    "registry": ports.REGISTRY,
    "resolver": ports.DNS,
    "source-controller": ports.SOURCE_ARTIFACTS,
}
_READY = {
    "kube-apiserver": (ports.API, "/readyz"),
    "vault": (ports.VAULT, "/v1/sys/health"),
    "injector": (ports.INJECTOR, "/health/ready"),
}


def servers(world: World) -> tuple[Server, ...]:
    """Every server that was started, in the order in which they were. Asks some of them; changes nothing."""
    if world.provider is Provider.EXISTING:
        return existing.servers(world)
    versions = {program.name: program.version for program in build.programs()}
    versions["external-secrets"] = world.eso
    for name in ("postgres", "injector"):
        version = world.config(f"{name}.version")
        versions[name] = version.read_text() if version.exists() else ""
    found = sorted(processes.servers(world), key=lambda name: _began(world, name))
    return tuple(_server(world, name, versions) for name in found)


def _where(server: Server) -> dict[str, Json]:
    return {"container": server.container} if server.container else {"pid": server.pid}


def ready(world: World, name: str) -> bool:
    """Whether one server lives and, where it can be asked, says so itself."""
    process = processes.recorded(world, name)
    return process is not None and processes.alive(process) and _says_so(world, name)


def document(world: World, found: tuple[Server, ...]) -> dict[str, Json]:
    """`migrate.lab/v1` of a lab."""
    return {
        "schema": SCHEMA,
        "name": world.name,
        "level": world.level.value,
        "provider": world.provider.value,
        "reason": world.reason,
        "folder": str(world.folder),
        "address": world.address,
        "estate": world.estate or None,
        "servers": [
            {
                "name": _PROMISED.get(server.name, server.name),
                "program": server.name,
                "version": server.version,
                **_where(server),
                "address": server.address,
                "ready": server.ready,
            }
            for server in found
        ],
    }


def program(name: str) -> str:
    """The program behind a name of `migrate.lab/v1`; any other name means itself."""
    return next((own for own, promised in _PROMISED.items() if promised == name), name)


def _began(world: World, name: str) -> float:
    return world.record(name).stat().st_mtime


def _server(world: World, name: str, versions: dict[str, str]) -> Server:
    process = processes.recorded(world, name)
    return Server(
        name=name,
        version=versions.get(name, ""),
        pid=process.pid if process and processes.alive(process) else None,
        address=_address(world, name),
        ready=ready(world, name),
        container=processes.container(world, name),
    )


def _address(world: World, name: str) -> str:
    if name == "kubelet" and world.level is Level.FULL:
        return f"{world.node}:{ports.KUBELET}"
    if name in _ADDRESSES:
        host = world.inner if name == "etcd" else world.address
        return f"{host}:{_ADDRESSES[name]}"
    return f"{world.inner}:{ports.METRICS[name]}" if name in ports.METRICS else ""


def _says_so(world: World, name: str) -> bool:
    if name in _READY:
        port, path = _READY[name]
        url = world.url(port)
    elif name in ports.METRICS:
        path = "/metrics"
        url = f"http://{world.inner}:{ports.METRICS[name]}"
    else:
        return True
    client = (world.credential("admin.crt"), world.credential("admin.key")) if name == "kube-apiserver" else None
    web = Web(url, world.credential("ca.crt"), client=client)
    try:
        return web.ready(path, patience=2.0)
    finally:
        web.close()
