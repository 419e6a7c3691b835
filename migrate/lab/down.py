"""Taking a lab away: every process, mount, card, control group and file of it, and nothing of anybody else.

Works from what the machine shows, not from what the tool remembers: a lab that was interrupted while it came up, or
whose servers died, goes the same way.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path

from migrate.lab import containers, existing, network, node, processes
from migrate.lab.world import World
from migrate.model.errors import MigrateError

_PATIENCE = 3.0


class Incomplete(MigrateError):  # noqa: N818  the words of docs/exit-codes.md
    """Something of the lab is still there."""


def down(world: World) -> None:
    """End the lab; returns when nothing of it is left. Raises Incomplete with what could not be removed."""
    left = existing.leave(world)
    with contextlib.suppress(TimeoutError):
        processes.end(processes.every(world), _PATIENCE)
    network.fell_bridge(world)
    left += containers.remove(world)
    left += [*map(str, node.remove_cgroups(world)), *_unmounted(world)]
    if still := processes.every(world):
        left += [f"process {process.pid}" for process in still]
    if left:
        raise Incomplete(
            f"Not everything of the lab could be removed: {', '.join(left)}.",
            truth=f"its folder {world.folder} stays, so that this can be repeated",
            following=f"migrate lab down --name {world.name}",
        )
    shutil.rmtree(world.folder)


def _unmounted(world: World) -> list[str]:
    """Unmount what is mounted below the lab's folder in our own namespace; returns what stays."""
    places = [place for place in _mounts() if place == str(world.folder) or place.startswith(f"{world.folder}/")]
    for place in sorted(places, key=len, reverse=True):
        subprocess.run(("umount", "--lazy", place), capture_output=True, check=False)
    return [place for place in _mounts() if place.startswith(f"{world.folder}/")]


def _mounts() -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line.split()[4].replace("\\040", " ") for line in lines]
