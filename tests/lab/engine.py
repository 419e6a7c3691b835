"""A container engine for tests: the machine's where one answers, else one started from Debian's package, for this run.

Its package is unpacked, not installed; it has no bridge and touches no rule of the machine's network; what it keeps is
in one folder, and it is ended by its own id.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.lab import cache, containers, machine
from tests.labworld import without

_PACKAGE = "docker.io"
_CGROUPS = Path("/sys/fs/cgroup")


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    """Make one answer at DOCKER_HOST, or skip aloud: not every machine can run one, CI's included."""
    why = containers.unanswered()
    if not why:
        yield
        return
    daemon = _daemon()
    if daemon is None:
        without(f"{why}; and {_PACKAGE} cannot be had to start one")
    with tempfile.TemporaryDirectory(prefix="ml-engine-") as folder, _running(daemon, Path(folder)) as address:
        before = os.environ.get("DOCKER_HOST")
        os.environ["DOCKER_HOST"] = address
        yield
        os.environ.pop("DOCKER_HOST")
        if before is not None:
            os.environ["DOCKER_HOST"] = before


def _daemon() -> Path | None:
    """The daemon's program: installed, unpacked before, or unpacked now; None where it cannot be run or had."""
    if os.geteuid() or shutil.which("containerd", path=machine.search_path()) is None:
        return None
    if found := shutil.which("dockerd", path=machine.search_path()):
        return Path(found)
    unpacked = cache.home() / "engine" / "usr" / "sbin" / "dockerd"
    if not unpacked.exists():
        with tempfile.TemporaryDirectory() as folder:
            fetch = f"apt-get download {_PACKAGE} || (apt-get update && apt-get download {_PACKAGE})"
            if subprocess.run(fetch, shell=True, cwd=folder, capture_output=True, check=False).returncode:
                return None
            package = next(Path(folder).glob("*.deb"))
            subprocess.run(("dpkg", "-x", str(package), str(cache.home() / "engine")), check=True)
    works = subprocess.run((str(unpacked), "--version"), capture_output=True, check=False)
    return unpacked if works.returncode == 0 else None


@contextlib.contextmanager
def _running(daemon: Path, folder: Path) -> Iterator[str]:
    address, group = f"unix://{folder}/s", f"ml-engine-{os.getpid()}"
    command = [
        str(daemon), f"--host={address}", f"--data-root={folder}/data", f"--exec-root={folder}/exec",
        f"--pidfile={folder}/pid", "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false",
        "--ip-masq=false", f"--cgroup-parent=/{group}",
    ]  # fmt: skip
    environment = {"PATH": machine.search_path(), "HOME": str(folder)}
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, env=environment) as ran:
        try:
            if not _answers(folder / "s", ran):
                said = (folder / "log").read_text(errors="replace").strip().splitlines()[-1:]
                without(f"a container engine does not start here: {' '.join(said)}")
            yield address
        finally:
            ran.terminate()
            ran.wait(60)
            for mount in _mounts(folder):
                subprocess.run(("umount", mount), check=True)
            for place in [*_CGROUPS.glob(group), *_CGROUPS.glob(f"*/{group}")]:
                place.rmdir()


def _mounts(folder: Path) -> list[str]:
    """What the engine left mounted, innermost first."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return sorted((place for place in places if place.startswith(f"{folder}/")), key=len, reverse=True)


def _answers(socket: Path, ran: subprocess.Popen[bytes]) -> bool:
    end = time.monotonic() + 60
    while ran.poll() is None and time.monotonic() < end:
        if socket.exists():
            return True
        time.sleep(0.1)
    return False
