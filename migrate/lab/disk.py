"""The disk that Vault and PostgreSQL write to: a small one of their own, so that it can be full without the machine's.

For root and processes only: who is not root, or an engine that may not see a mount made here, has the machine's disk
under both, and no fault may fill that.
"""

from __future__ import annotations

import os
import subprocess

from migrate.lab.machine import Machine
from migrate.lab.world import Provider, World

_SIZE = "640m"
_PAGE = 4096


def provide(world: World, machine: Machine) -> None:
    """Mount it at `data/disk`, in memory. Where that cannot be it stays a folder like any other."""
    world.data("disk").mkdir(mode=0o700, exist_ok=True)
    if machine.root and world.provider is Provider.PROCESSES:
        options = f"size={_SIZE},mode=0700"
        subprocess.run(("mount", "-t", "tmpfs", "-o", options, "migrate-lab", str(world.data("disk"))), check=True)


def own(world: World) -> bool:
    """Whether it is a disk of its own."""
    return world.data("disk").is_mount()


def fill(world: World) -> None:
    """Take every byte that is left."""
    with world.data("disk", "filler").open("ab") as filler:
        space = os.statvfs(world.data("disk"))
        end, size = filler.tell(), space.f_bavail * space.f_frsize
        while size >= _PAGE:
            try:
                os.posix_fallocate(filler.fileno(), end, size)
                end += size
            except OSError:  # somebody was quicker: what is left is less
                size //= 2


def clear(world: World) -> None:
    """Give it back."""
    world.data("disk", "filler").unlink(missing_ok=True)
