"""Processes of a lab: each in its own session, known by id and start time, marked so that none is ever lost.

A process id alone may mean another process tomorrow; id and start time never do. A tool that is killed between making
a process and writing its record leaves it unrecorded, so each also carries the lab's folder in its environment, and
so do its children.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from migrate.lab import containers
from migrate.lab.machine import search_path
from migrate.lab.world import Provider, World, write
from migrate.model.errors import Failed

MARK = "MIGRATE_LAB_WORLD"
_PROC = Path("/proc")
_POLL = 0.05


@dataclass(frozen=True, slots=True)
class Process:
    """A process that can be told from every other one."""

    pid: int
    started: int
    """Clock ticks since the machine's start."""


def start(
    world: World, server: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
) -> Process:
    """Start a server in a session (or a container) of its own; returns when it is recorded.

    Raises OSError where the program cannot be run, Failed where an engine refuses.
    """
    words = [str(word) for word in command]
    variables = _environment(world, environment or {})
    if world.provider is Provider.DOCKER and containers.suits(server):
        pid, container = containers.start(world, server, words, variables)
    else:
        pid, container = _spawned(world, server, words, variables), ""
    process = Process(pid, _ticks(pid))
    said = {"command": words, "environment": dict(environment or {}), "container": container}
    write(world.record(server), json.dumps({**asdict(process), **said}))
    return process


def _spawned(world: World, server: str, words: list[str], variables: Mapping[str, str]) -> int:
    return os.posix_spawn(
        _found(words[0]),
        words,
        variables,
        file_actions=_streams(world.log(server)),
        setsid=True,
        setsigmask=(),
        setsigdef=(signal.SIGINT, signal.SIGPIPE, signal.SIGTERM),
    )


def container(world: World, server: str) -> str:
    """The id of the container that a server was started in; empty for a process of this machine's."""
    try:
        return str(json.loads(world.record(server).read_text()).get("container", ""))
    except (OSError, ValueError):
        return ""


def start_again(world: World, server: str) -> Process:
    """Start a server as it was started before. Raises Failed where it never was."""
    try:
        said = json.loads(world.record(server).read_text())
        command, environment = said["command"], said["environment"]
    except (OSError, ValueError, KeyError):
        raise Failed(f"{server} was never started in this lab.", following="migrate lab status") from None
    return start(world, server, command, environment)


def _found(program: str) -> str:
    if "/" in program:
        return program
    for folder in search_path().split(os.pathsep):
        if os.access(f"{folder}/{program}", os.X_OK):
            return f"{folder}/{program}"
    raise FileNotFoundError(2, "not installed", program)


def _environment(world: World, more: Mapping[str, str]) -> dict[str, str]:
    """Little of ours: settings of the operator's own servers (VAULT_*, PG*, KUBECONFIG) must not reach a lab."""
    return {
        "PATH": search_path(),
        "HOME": str(world.data("home")),
        "TMPDIR": str(world.data("tmp")),
        "LANG": "C.UTF-8",
        MARK: str(world.folder),
        **more,
    }


def _streams(log: Path) -> list[tuple[int, int, str, int, int] | tuple[int, int, int]]:
    return [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]


def recorded(world: World, server: str) -> Process | None:
    """The process a server was started as, alive or not; None where it was not started or its record is torn."""
    try:
        said = json.loads(world.record(server).read_text())
        return Process(said["pid"], said["started"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def servers(world: World) -> list[str]:
    """Names of the servers that were started, by name."""
    return sorted(path.stem for path in (world.folder / "pids").glob("*.json"))


def alive(process: Process) -> bool:
    """Whether that very process still runs. One that has ended, though nobody asked how, does not."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)  # ours, if this same tool started it: let it go
    return _ticks(process.pid) == process.started and process.started != 0


def every(world: World) -> list[Process]:
    """Every living process of a lab: recorded, in the session of a recorded one, or carrying the lab's mark."""
    known = [process for name in servers(world) if (process := recorded(world, name)) is not None]
    sessions = {process.pid for process in known if alive(process)}
    return list(dict.fromkeys([*filter(alive, known), *_members(sessions), *marked(world.folder)]))


def end(processes: Iterable[Process], patience: float = 0.0) -> None:
    """Ask processes to end, wait so many seconds, then end those that remain; returns when all are gone."""
    left = list(processes)
    if patience:
        left = _without_the_ended(left, signal.SIGTERM, patience)
    if _without_the_ended(left, signal.SIGKILL, 10.0):
        raise TimeoutError("a process of the lab does not end: it waits for the kernel")


def _without_the_ended(processes: list[Process], number: int, patience: float) -> list[Process]:
    for process in processes:
        tell(process, number)
    until = time.monotonic() + patience
    left = [process for process in processes if alive(process)]
    while left and time.monotonic() < until:
        time.sleep(_POLL)
        left = [process for process in left if alive(process)]
    return left


def tell(process: Process, number: int) -> None:
    """Send a signal to that very process, or to nobody."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        return
    try:
        if _ticks(process.pid) == process.started:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, number)
    finally:
        os.close(descriptor)


def children(parent: Process) -> list[Process]:
    """Living processes that this one made and still has."""
    return [Process(pid, _ticks(pid)) for pid in _pids() if _parent(pid) == parent.pid and alive(parent)]


def _members(sessions: set[int]) -> Iterator[Process]:
    for pid in _pids():
        if (process := Process(pid, _ticks(pid))).started and _session(pid) in sessions:
            yield process


def marked(folder: Path) -> Iterator[Process]:
    """Every living process, but this one, that carries the mark of the lab in a folder."""
    mark = f"{MARK}={folder}".encode()
    for pid in _pids():
        try:
            environment = (_PROC / str(pid) / "environ").read_bytes()
        except OSError:
            continue
        if mark in environment.split(b"\0") and pid != os.getpid() and (started := _ticks(pid)):
            yield Process(pid, started)


def _pids() -> list[int]:
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]


def _ticks(pid: int) -> int:
    """When a process started; 0 for one that has ended."""
    fields = _status(pid)
    return 0 if not fields or fields[0] in {"Z", "X"} else int(fields[19])


def _session(pid: int) -> int:
    fields = _status(pid)
    return int(fields[3]) if fields else 0


def _parent(pid: int) -> int:
    fields = _status(pid)
    return int(fields[1]) if fields else 0


def _status(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the program's name, which may hold anything."""
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(") ")[2].split()
    except OSError:
        return []
