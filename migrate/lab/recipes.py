"""What the lab is built from: one small Go module a folder, with a recipe that says what comes out of it.

A module's own text and its recipe are package data; nobody else's text is. Where somebody's module must be built with
other files in it, the recipe names the module and its checksum, and the folder `overlay` holds the files that replace
the original's.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_MODULES = Path(__file__).parent / "modules"
_DIGITS = 16  # of the content hash: enough to tell some hundred states of a module apart

BUILD_FLAGS = ("-trimpath", "-ldflags=-s -w")
GO_FLAGS = "-mod=readonly -buildvcs=false -modcacherw"


@dataclass(frozen=True, slots=True)
class Binary:
    """One program: the package it is, the module its version is read from, and how it is compiled."""

    name: str
    package: str
    module: str
    tags: str
    stamp: str
    """The variable that tells the program its own version; empty where it knows."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """Custom resource definitions that travel in modules, to be laid beside the programs."""

    name: str
    modules: tuple[str, ...]
    folder: str


@dataclass(frozen=True, slots=True)
class Source:
    """A module that is copied into the build folder, so that files of `overlay` can stand in it."""

    module: str
    checksum: str
    """As in go.sum: the copy is refused when the downloaded module has another."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One Go module of ours: what it makes, and where its text is."""

    name: str
    folder: Path
    seconds: int
    """How long its first build took on two cores, downloads not counted: for order and for forecasts only."""
    binaries: tuple[Binary, ...]
    definitions: tuple[Definitions, ...]
    sources: tuple[Source, ...]
    digest: str
    """Of everything that decides what the module becomes."""

    @property
    def key(self) -> str:
        """The name of the folder that holds what this state of the module becomes."""
        return f"{self.name}-{self.digest}"

    def version(self, module: str) -> str:
        """The version of a module that this one is built with. Raises LookupError if it is not required at all."""
        found = re.search(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", self._go_mod(), re.MULTILINE)
        if found is None:
            raise LookupError(f"{self.name}: go.mod does not require {module}")
        return found[1]

    def go_version(self) -> tuple[int, ...]:
        """The oldest Go that compiles it."""
        found = re.search(r"^go ([\d.]+)$", self._go_mod(), re.MULTILINE)
        if found is None:
            raise LookupError(f"{self.name}: go.mod names no version of Go")
        return tuple(int(part) for part in found[1].split("."))

    def _go_mod(self) -> str:
        return (self.folder / "go.mod").read_text()


@cache
def recipes() -> tuple[Recipe, ...]:
    """Every module, the quickest to build first."""
    found = (_recipe(file.parent) for file in _MODULES.glob("*/recipe.toml"))
    return tuple(sorted(found, key=lambda recipe: (recipe.seconds, recipe.name)))


def _recipe(folder: Path) -> Recipe:
    said = tomllib.loads((folder / "recipe.toml").read_text())
    return Recipe(
        name=folder.name,
        folder=folder,
        seconds=said["seconds"],
        binaries=tuple(_binary(name, entry) for name, entry in said["binary"].items()),
        definitions=tuple(
            Definitions(name, tuple(entry["modules"]), entry["folder"])
            for name, entry in said.get("definitions", {}).items()
        ),
        sources=tuple(Source(**entry) for entry in said.get("source", [])),
        digest=_digest(folder),
    )


def _binary(name: str, said: dict[str, str]) -> Binary:
    return Binary(
        name=name,
        package=said["package"],
        module=said.get("module", ""),
        tags=said.get("tags", ""),
        stamp=said.get("stamp", ""),
    )


def _digest(folder: Path) -> str:
    """The same for the same files on any machine, whatever their order, times and place."""
    found = hashlib.sha256(repr((BUILD_FLAGS, GO_FLAGS)).encode())
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = file.read_bytes()
        found.update(f"\0{file.relative_to(folder).as_posix()}\0{len(text)}\0".encode() + text)
    return found.hexdigest()[:_DIGITS]
