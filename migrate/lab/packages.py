"""Which Debian packages a full lab needs that are not here, and the one command that installs them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from migrate.lab.machine import Machine, search_path
from migrate.lab.needs import Need
from migrate.model.errors import Failed

_OF_PROGRAM = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "ip": "iproute2",
    "iptables": "iptables",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "mount": "mount",
    "git": "git",
    "psql": "postgresql-client",
}


def missing(machine: Machine, *, own_postgres: bool) -> tuple[str, ...]:
    """Names of the packages to install, in order. `own_postgres`: the lab has a PostgreSQL of its own already."""
    wanted = [package for program, package in _OF_PROGRAM.items() if program not in machine.programs]
    if not machine.plugins:
        wanted.append("containernetworking-plugins")
    if not machine.static_busybox:
        wanted.append("busybox-static")
    if not machine.postgres and not own_postgres:
        wanted.append("postgresql")
    return tuple(sorted(set(wanted)))


def command(packages: tuple[str, ...]) -> tuple[str, ...]:
    """The command that installs them."""
    return ("apt-get", "install", "--yes", "--no-install-recommends", *packages)


def as_need(packages: tuple[str, ...]) -> Need:
    """What a machine must have, with the one command that gives it what it lacks."""
    said = f"missing: {', '.join(packages)}; {' '.join(command(packages))}" if packages else "all here"
    return Need("Debian packages for pods that run", not packages, said)


def install(packages: tuple[str, ...]) -> None:
    """Install packages with the machine's own package manager. Raises Failed where that fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": search_path()}
    with tempfile.TemporaryDirectory() as folder:
        for words in (("apt-get", "update"), command(packages)):
            done = _run(words, environment, Path(folder) / "log")
            if done:
                raise Failed(f"{' '.join(words[:2])} failed: {done}", following="sudo migrate lab doctor --install")


def _run(words: tuple[str, ...], environment: dict[str, str], log: Path) -> str:
    """Why a command failed; empty where it did not."""
    try:
        with log.open("wb") as file:
            done = subprocess.run(words, stdout=file, stderr=file, check=False, env=environment)
    except OSError as error:
        return str(error.strerror)
    lines = log.read_text(errors="replace").strip().splitlines() or ["no reason given"]
    return lines[-1] if done.returncode else ""
