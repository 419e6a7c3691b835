"""Makes the lab's servers from their Go modules, once, and says where they lie.

What was built is found by the content of its module: a change of one module makes that one again. A build that was
interrupted leaves nothing that looks finished, and goes on where the compiler's own cache ends. Reading (`binaries`,
`missing`, ...) touches no network and starts no process.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from migrate.lab import cache, toolchain
from migrate.lab.compiler import Compiler
from migrate.lab.recipes import Recipe, recipes
from migrate.model.errors import Usage


class Progress(Protocol):
    """Who wants to know how a build goes on."""

    def waits(self) -> None:
        """Another build holds the cache; this one goes on when that one ends."""

    def fetches_go(self) -> None:
        """No Go here is new enough: the compiler itself is fetched first."""

    def begins(self, module: str, number: int, total: int, forecast: int) -> None:
        """Module `number` of `total` is being built; its compiling took `forecast` seconds on two cores."""

    def moves(self, module: str, downloads: int, packages: int, seconds: float) -> None:
        """So much was downloaded and compiled; at least every few seconds while the compiler says something."""

    def ends(self, module: str, seconds: float) -> None:
        """The module's programs are in their place."""


@dataclass(frozen=True, slots=True)
class Program:
    """One of the lab's programs."""

    name: str
    path: Path
    """Where it lies, or will."""
    version: str
    """Of the project it comes from; empty for programs written for the lab."""
    built: bool


def programs() -> tuple[Program, ...]:
    """Every program of the lab, built or not."""
    return tuple(
        Program(
            name=binary.name,
            path=cache.place(recipe) / "bin" / binary.name,
            version=recipe.version(binary.module) if binary.module else "",
            built=cache.place(recipe).is_dir(),
        )
        for recipe in recipes()
        for binary in recipe.binaries
    )


def binaries() -> Mapping[str, Path]:
    """Name to path of every program that is built."""
    return {program.name: program.path for program in programs() if program.built}


def definitions() -> Mapping[str, Path]:
    """Name (`external-secrets-v0.16.2`, `flux`) to the folder of its custom resource definitions, where built."""
    return {
        found.name: cache.place(recipe) / "crds" / found.name
        for recipe in recipes()
        for found in recipe.definitions
        if cache.place(recipe).is_dir()
    }


def missing() -> tuple[str, ...]:
    """Names of the programs that are not built yet."""
    return tuple(program.name for program in programs() if not program.built)


def build(progress: Progress, only: Collection[str] = ()) -> Mapping[str, Path]:
    """Build what is missing of the named programs (of all where none is named); then say where everything built lies.

    Each module appears in its place whole or not at all. Raises Failed where a name is unknown, no compiler can be
    had, or a module does not compile; modules that were finished before stay.
    """
    wanted = _wanted(only)
    if all(cache.place(recipe).is_dir() for recipe in wanted):
        return binaries()
    with cache.sole_builder(progress.waits):
        left = [recipe for recipe in wanted if not cache.place(recipe).is_dir()]  # the other build may have made some
        go = _compiler(left, progress)
        for number, recipe in enumerate(left, 1):
            _build(recipe, go, progress, (number, len(left)))
    return binaries()


def clean(*, programs_too: bool = True) -> int:
    """Remove the cache, or only what the compiler keeps in it for its next build. Returns how many bytes that freed.

    A running lab keeps the programs it started. Raises OSError where something cannot be removed.
    """
    place = cache.home() if programs_too else cache.compiler()
    if not place.exists():
        return 0
    freed = sum(path.lstat().st_size for path in place.rglob("*") if path.is_file())
    shutil.rmtree(place)
    return freed


def _wanted(only: Collection[str]) -> list[Recipe]:
    known = {binary.name for recipe in recipes() for binary in recipe.binaries}
    if unknown := sorted(set(only) - known):
        raise Usage(
            f"The lab has no program called {', '.join(unknown)}.",
            undone="Nothing was built.",
            following=f"Name some of: {', '.join(sorted(known))}.",
        )
    return [recipe for recipe in recipes() if not only or {binary.name for binary in recipe.binaries} & set(only)]


def _compiler(left: list[Recipe], progress: Progress) -> Compiler:
    if not left:
        return Compiler(Path("go"), {})
    found = toolchain.installed(toolchain.oldest_usable(left))
    if found is None:
        progress.fetches_go()
        found = toolchain.fetched()
    return Compiler(found.path, toolchain.environment())


def _build(recipe: Recipe, go: Compiler, progress: Progress, position: tuple[int, int]) -> None:
    started = time.monotonic()
    progress.begins(recipe.name, *position, recipe.seconds)
    bench = cache.workshop(recipe)
    shutil.rmtree(bench, ignore_errors=True)
    shutil.copytree(recipe.folder, bench / "module")
    go.make(
        recipe,
        bench,
        lambda work: progress.moves(recipe.name, work.downloads, work.packages, time.monotonic() - started),
    )
    (bench / "done").rename(cache.place(recipe))
    shutil.rmtree(bench)
    progress.ends(recipe.name, time.monotonic() - started)
