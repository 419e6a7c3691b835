"""A lab's servers as containers of an engine on this machine, through testcontainers.

They share the machine's network, so each listens on the lab's own address and port as its process would, and everything
that tells a process apart (id, start time, the lab's mark in its environment) holds for a container's too: faults,
status and `down` need not know. What engines add is the label by which a container that nobody recorded is found.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from migrate.lab import build, container_images
from migrate.lab.container_images import Image
from migrate.lab.world import Provider, World
from migrate.model.errors import Failed, Refused

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container
    from testcontainers.core.container import DockerContainer

LABEL = "migrate.lab.world"
_SOMEBODY = 1000
"""Who PostgreSQL is where we are root, which it refuses to be."""


def unanswered() -> str:
    """Why no engine can be used from here; empty where one answers."""
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    if not address.startswith("unix://"):
        return f"the container engine at {address} may be on another machine"
    if not _heard(address.removeprefix("unix://")):
        return f"no container engine answers at {address}"
    try:
        engine = _engine()
    except ImportError:
        return "the Python package testcontainers is not installed: pip install 'vault-injector-migrate[docker]'"
    except Exception as error:  # noqa: BLE001  whatever an engine's client raises, there is none
        return f"no container engine answers at {address} ({type(error).__name__})"
    try:
        engine.ping()
        return ""
    except Exception as error:  # noqa: BLE001  likewise
        return f"the container engine does not answer ({type(error).__name__})"
    finally:
        engine.close()


def suits(server: str) -> bool:
    """Whether a server runs in a container: those of other projects do, the lab's own stay processes."""
    return server in container_images.CONTAINED


def start(world: World, server: str, command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Start a server; returns the id of its process on this machine and the container's. Raises Failed."""
    with _asking() as engine:
        for old in engine.containers.list(all=True, filters={"name": f"^/{_name(world, server)}$"}):
            old.remove(force=True, v=True)
        image = _image(engine, world, server, command[0])
        words = [image.program(command[0]), *command[1:]]
        made = _container(world, server, image, words, environment).with_name(_name(world, server))
        made.start()
        found = engine.containers.get(made.get_container_id())
        made.get_docker_client().client.close()
        pid = int(found.attrs["State"]["Pid"])
        if not pid:
            said = found.logs(tail=3).decode(errors="replace").strip()
            raise Failed(f"{server} ended at once: {said}", following=f"migrate lab logs {server}")
        return pid, str(found.id)


def carry_out(world: World, server: str, command: Sequence[str], text: str) -> tuple[int, str]:
    """Run a command of a server's image to its end, with that on its standard input; its exit code and its errors.

    The text lies in a file of the lab's that only its owner reads, never in an argument.
    """
    given = world.data("tmp", "statements")
    given.write_text(text)
    given.chmod(0o644)  # behind the lab's folder, which only its owner enters
    with _asking() as engine:
        image = _image(engine, world, server, command[0])
        inside = ["sh", "-c", 'exec "$@" < /lab/statements', "sh", image.program(command[0]), *command[1:]]
        made = _container(world, server, image, inside, {})
        made.with_volume_mapping(str(given), "/lab/statements", "ro")
        try:
            made.start()
            found = engine.containers.get(made.get_container_id())
            code = int(found.wait()["StatusCode"])
            return code, found.logs(stdout=False).decode(errors="replace")
        finally:
            made.stop()
            given.unlink()


def remove(world: World) -> list[str]:
    """Remove every container of a lab; returns what could not be."""
    if world.provider is not Provider.DOCKER:
        return []
    if why := unanswered():
        return [f"its containers, if any are left ({why})"]
    with _asking() as engine:
        found = _all(engine, world)
        for one in found:
            with contextlib.suppress(Exception):
                one.remove(force=True, v=True)
        return [f"container {one.name}" for one in _all(engine, world)]


def logs(world: World, server: str) -> str:
    """What a server's container has said; empty where there is none."""
    with _asking() as engine:
        found = engine.containers.list(all=True, filters={"name": f"^/{_name(world, server)}$"})
        return found[0].logs().decode(errors="replace") if found else ""


def known(world: World) -> list[str]:
    """Servers that a container of the lab was made for."""
    with _asking() as engine:
        return sorted(str(one.name).removeprefix(_name(world, "")) for one in _all(engine, world))


def _all(engine: DockerClient, world: World) -> list[Container]:
    return list(engine.containers.list(all=True, filters={"label": f"{LABEL}={world.folder}"}))


def _image(engine: DockerClient, world: World, server: str, program: str) -> Image:
    versions = {found.name: found.version.removeprefix("v") for found in build.programs()}
    if server == "postgres":
        versions[server] = world.config("postgres.version").read_text().partition(".")[0]
    return container_images.ready(engine, server, _beside(program, server), versions.get(server, ""))


def _beside(program: str, server: str) -> Path:
    """Images are made of a server, whichever of the programs beside it is to run."""
    return Path(program).with_name(server) if server == "postgres" else Path(program)


def _container(
    world: World, server: str, image: Image, words: Sequence[str], environment: Mapping[str, str]
) -> DockerContainer:
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import DockerContainer

    testcontainers_config.ryuk_disabled = True  # a lab outlives the command that starts it; `down` is its reaper
    variables = {name: value for name, value in environment.items() if name != "PATH"}  # an image has its own
    made = DockerContainer(image.name).with_envs(**variables).with_command(list(words[1:]))
    for source, place, mode in _mounts(world, server):
        made.with_volume_mapping(str(source), str(place), mode)
    return made.with_kwargs(
        entrypoint=[words[0]],
        user=_user(server),
        network_mode="host",
        labels={LABEL: str(world.folder)},
        working_dir="/",
    )


def _mounts(world: World, server: str) -> list[tuple[Path, Path, str]]:
    if server != "postgres":
        hosts = [(world.config("hosts"), Path("/etc/hosts"), "ro")] if world.config("hosts").exists() else []
        return [(world.folder, world.folder, "rw"), *hosts]
    world.data("disk", "postgres").mkdir(mode=0o700, exist_ok=True)
    own = [world.data("disk", "postgres"), world.folder / "s"]
    files = [world.credential(name) for name in ("ca.crt", "postgres.crt", "postgres.key", "postgres-admin")]
    for place in [*own, *files]:
        if os.geteuid() == 0:
            os.chown(place, _SOMEBODY, _SOMEBODY)
    return [*((place, place, "rw") for place in own), *((file, file, "ro") for file in files)]


def _user(server: str) -> str:
    uid, gid = os.geteuid(), os.getegid()
    return f"{_SOMEBODY}:{_SOMEBODY}" if server == "postgres" and uid == 0 else f"{uid}:{gid}"


def _name(world: World, server: str) -> str:
    return f"migrate-lab-{world.id}-{server}"


def _heard(path: str) -> bool:
    """Whether somebody listens at a socket. The engine's client leaves its own open where nobody does."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def _engine() -> DockerClient:
    import docker

    return docker.from_env()


@contextlib.contextmanager
def _asking() -> Iterator[DockerClient]:
    """The engine, for a few questions. Raises Failed with its own words where it refuses one."""
    from docker.errors import DockerException

    engine = _engine()
    try:
        yield engine
    except (DockerException, OSError) as error:
        said = getattr(error, "explanation", None) or error
        raise Failed(f"The container engine refused: {said}", following="migrate lab down") from error
    finally:
        engine.close()


def insist() -> None:
    """Raises Refused where no engine can be used."""
    if why := unanswered():
        raise Refused(f"No lab of containers is possible here: {why}.", undone="No lab was started.")
