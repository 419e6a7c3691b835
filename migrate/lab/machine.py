"""What this machine allows: who we are, which programs there are, what the kernel lets us do. Changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = (
    "containerd", "runc", "ip", "iptables", "nsenter", "unshare", "mount", "git",
    "busybox", "ctr", "psql",
)  # fmt: skip
_PLUGINS = ("/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni")
_NEEDED_PLUGINS = frozenset({"bridge", "host-local", "loopback"})
_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Machine:
    """The facts that decide which level a lab can have."""

    root: bool
    programs: frozenset[str]
    """Those of PROGRAMS that are installed."""
    plugins: str
    """The folder with the CNI plug-ins; empty where there is none that has what a bridge needs."""
    static_busybox: bool
    cgroups: bool
    """A control group can be made in the memory controller, or in the unified hierarchy."""
    namespaces: bool
    """Mount, process and network namespaces can be made, with an overlay and a bridge inside."""
    user_namespaces: bool
    postgres: bool
    """A PostgreSQL server of Debian's is installed."""


def look() -> Machine:
    """Ask the machine. Starts a few short processes in namespaces of their own; leaves nothing behind."""
    root = os.geteuid() == 0
    return Machine(
        root=root,
        programs=frozenset(name for name in PROGRAMS if shutil.which(name, path=search_path())),
        plugins=_plugins(),
        static_busybox=static_busybox() is not None,
        cgroups=root and _cgroups(),
        namespaces=root and _namespaces(),
        user_namespaces=_quietly("unshare", "--user", "--map-root-user", "true"),
        postgres=any(Path("/usr/lib/postgresql").glob("*/bin/postgres")),
    )


def static_busybox() -> Path | None:
    """A busybox that needs no library."""
    found = shutil.which("busybox", path=search_path())
    return Path(found) if found is not None and _static(Path(found)) else None


def search_path() -> str:
    """PATH with the folders where Debian puts what only root runs; a login shell may lack them."""
    return os.pathsep.join(
        dict.fromkeys((*os.environ.get("PATH", os.defpath).split(os.pathsep), "/usr/sbin", "/sbin", "/usr/bin", "/bin"))
    )


def _plugins() -> str:
    for folder in map(Path, _PLUGINS):
        if all((folder / name).is_file() for name in _NEEDED_PLUGINS):
            return str(folder)
    return ""


def _static(program: Path) -> bool:
    """Whether a program runs where no library is: it asks for no interpreter."""
    with program.open("rb") as file:
        return b"/ld-linux" not in file.read(4096) and b"/ld-musl" not in program.read_bytes()[:4096]


def _cgroups() -> bool:
    if (_CGROUPS / "cgroup.controllers").is_file():
        return os.access(_CGROUPS, os.W_OK)
    return all(os.access(_CGROUPS / name, os.W_OK) for name in ("memory", "cpu", "pids"))


def _namespaces() -> bool:
    script = (
        "mount -t tmpfs none /mnt && mkdir /mnt/l /mnt/u /mnt/w /mnt/m"
        " && mount -t overlay overlay -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w /mnt/m"
        " && ip link add lab0 type bridge && ip link add lab1 type veth peer name lab2"
    )
    return _quietly("unshare", "--mount", "--pid", "--net", "--fork", "sh", "-ec", script)


def _quietly(*command: str) -> bool:
    environment = {**os.environ, "PATH": search_path()}
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=20, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
