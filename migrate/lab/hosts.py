"""Names that mean the lab's servers, for one process only: the machine's own /etc/hosts is never touched."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.lab.machine import Machine
from migrate.lab.world import Provider, World, write

_BIND = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'


def name(world: World, names: Iterable[str]) -> None:
    """Write the lab's own hosts file: loopback, and some names for the lab's address."""
    lines = ["127.0.0.1 localhost", *(f"{world.address} {host}" for host in sorted(set(names)) if host)]
    write(world.config("hosts"), "\n".join(lines) + "\n")


def knowing(world: World, machine: Machine) -> list[str]:
    """The beginning of a command that sees the lab's hosts file in the place of the machine's.

    Empty where it sees it anyway, or where the machine lets nobody have mounts of their own: then it knows the
    machine's names only.
    """
    if world.provider is Provider.DOCKER:
        return []  # its container has that file
    if machine.root:
        unshare = ["unshare", "--mount", "--"]
    elif machine.user_namespaces:
        unshare = ["unshare", "--user", "--map-root-user", "--mount", "--"]
    else:
        return []
    return [*unshare, "sh", "-ec", _BIND, "sh", str(world.config("hosts"))]
