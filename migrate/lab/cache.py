"""Where built servers lie: `${XDG_CACHE_HOME:-~/.cache}/migrate-lab`, one folder for each state of each Go module."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from migrate.lab.recipes import Recipe


def home() -> Path:
    """The lab's own cache: everything in it can be made again."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if named.startswith("/") else Path.home() / ".cache") / "migrate-lab"


def place(recipe: Recipe) -> Path:
    """The folder of what a module becomes (`bin`, `crds`). It exists only when the module was built to its end."""
    return home() / recipe.key


def workshop(recipe: Recipe) -> Path:
    """Where a module is being built; may be half-way or absent."""
    return home() / "work" / recipe.key


def compiler() -> Path:
    """Where the compiler keeps downloads and its own cache, unless the environment names other places."""
    return home() / "go"


def log(recipe: Recipe) -> Path:
    """What the compiler last said of a module."""
    return home() / "log" / f"{recipe.name}.log"


@contextmanager
def sole_builder(waiting: Callable[[], None]) -> Iterator[None]:
    """Holds the cache against other builds; calls `waiting` once if another one has it. Creates the cache's folder."""
    home().mkdir(parents=True, exist_ok=True)
    with (home() / "lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
