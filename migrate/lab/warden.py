"""Takes a lab away when whoever brought it up is gone: `python -m migrate.lab.warden --name NAME --folder FOLDER`.

Reads standard input, which ends with its parent however that ends, also when it is killed. A line on it says that all
is gone already. FOLDER is whatever else the parent would have removed.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from pathlib import Path

from migrate.lab import down, processes, world
from migrate.model.errors import MigrateError


def main() -> int:
    """Wait, and take the lab away unless that was done. Exit 1 where something of it is left."""
    parser = argparse.ArgumentParser(prog="python -m migrate.lab.warden", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--name", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.stdin.readline():
        return 0
    try:
        return away(given.name)
    finally:
        shutil.rmtree(given.folder, ignore_errors=True)


def away(name: str) -> int:
    """End the processes that carry the lab's mark, the one that is bringing it up among them; then take it down.

    Returns 0, or 1 where something of it is left.
    """
    folder = world.place(name)
    processes.end(processes.marked(folder))
    if not folder.exists():
        return 0
    try:
        down.down(world.load(name) or world.remains(name))
    except MigrateError as error:
        sys.stderr.write(f"{error.happened} {error.following}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
