"""Runs the Go compiler on one module of the lab: sources copied where a recipe says so, programs, definitions."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from migrate.lab import cache
from migrate.lab.recipes import BUILD_FLAGS, Binary, Definitions, Recipe, Source
from migrate.model.errors import Failed


@dataclass(frozen=True, slots=True)
class Work:
    """How far a module is: what was downloaded and compiled since its build began."""

    downloads: int = 0
    packages: int = 0

    def after(self, line: str) -> Work:
        """With one more line of `go build -v`: a download, the name of a compiled package, or neither."""
        if line.startswith("go: downloading "):
            return replace(self, downloads=self.downloads + 1)
        if line.strip() and not line.startswith(("#", "go: ")) and " " not in line.strip():
            return replace(self, packages=self.packages + 1)
        return self


Moves = Callable[[Work], None]

_PATIENCE = 10.0  # seconds that the compiler gets to end by itself after it was told to
_TELL_EVERY = 2.0
_SHOWN = 12  # lines of the compiler's own words in an error


@dataclass(frozen=True, slots=True)
class Compiler:
    """Go with the variables it runs with."""

    go: Path
    environment: dict[str, str]

    def make(self, recipe: Recipe, bench: Path, moves: Moves) -> None:
        """Turn `bench/module`, a copy of the recipe's folder, into `bench/done` with `bin` and `crds`.

        Raises Failed with the compiler's last words; then `bench/done` may be there in part.
        """
        (bench / "done" / "bin").mkdir(parents=True)
        for source in recipe.sources:
            self._copy(recipe, source, bench)
        work = Work()
        for binary in recipe.binaries:
            work = self._compile(recipe, binary, bench, work, moves)
        for definitions in recipe.definitions:
            self._gather(recipe, definitions, bench)

    def _copy(self, recipe: Recipe, source: Source, bench: Path) -> None:
        """The module as its authors published it, with the overlay's files in it, as `module/source`."""
        version = recipe.version(source.module)
        # Asked outside of our own module, whose `replace` would answer. No checksum database is asked: the recipe
        # holds the checksum, and not every module is known there.
        variables = {**self.environment, "GONOSUMDB": source.module, "GOFLAGS": "-modcacherw"}
        words = ("mod", "download", "-json", f"{source.module}@{version}")
        found = json.loads(self._answer(recipe, words, bench, variables))
        if found["Sum"] != source.checksum:
            raise Failed(
                f"{source.module} {version} is not the module the lab was written for.",
                truth=f"Its checksum is {found['Sum']}, expected {source.checksum}.",
                undone=f"{recipe.name} was not built.",
                following="Find out where this machine has the module from: go env GOPROXY GOMODCACHE.",
            )
        target = bench / "module" / "source"
        shutil.copytree(found["Dir"], target, copy_function=shutil.copyfile)
        for folder in (target, *(path for path in target.rglob("*") if path.is_dir())):
            folder.chmod(0o755)  # folders of a module cache may be read-only
        shutil.copytree(bench / "module" / "overlay", target, dirs_exist_ok=True)

    def _gather(self, recipe: Recipe, definitions: Definitions, bench: Path) -> None:
        words = ("list", "-m", "-f", "{{.Dir}}", *definitions.modules)
        target = bench / "done" / "crds" / definitions.name
        target.mkdir(parents=True)
        for origin in self._answer(recipe, words, bench / "module", self.environment).splitlines():
            for file in (Path(origin) / definitions.folder).glob("*.yaml"):
                if file.name != "kustomization.yaml":  # kustomize's own input, no object
                    shutil.copyfile(file, target / file.name)

    def _compile(self, recipe: Recipe, binary: Binary, bench: Path, work: Work, moves: Moves) -> Work:
        """One program. Tells how it goes on, keeps the compiler's words in the cache's log."""
        words = ("build", "-v", *_flags(recipe, binary), "-o", str(bench / "done" / "bin" / binary.name))
        said: list[str] = []
        told = time.monotonic()
        with _log(recipe) as log, self._running((*words, binary.package), bench / "module") as process:
            for line in process.stdout or ():
                log.write(line)
                said.append(line.rstrip())
                work = work.after(line)
                if time.monotonic() - told >= _TELL_EVERY:
                    told = time.monotonic()
                    moves(work)
            code = process.wait()
        if code:
            raise _failure(recipe, said)
        return work

    @contextmanager
    def _running(self, words: tuple[str, ...], folder: Path) -> Iterator[subprocess.Popen[str]]:
        """The compiler at work; it never outlives the block, whatever ends that."""
        with subprocess.Popen(
            (str(self.go), *words),
            cwd=folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.terminate()
                    try:
                        process.wait(_PATIENCE)
                    except subprocess.TimeoutExpired:
                        process.kill()

    def _answer(self, recipe: Recipe, words: tuple[str, ...], folder: Path, variables: dict[str, str]) -> str:
        done = subprocess.run(
            (str(self.go), *words), cwd=folder, env=variables, capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = done.stdout + done.stderr
            with _log(recipe) as log:
                log.write(said)
            raise _failure(recipe, said.splitlines())
        return done.stdout


def _flags(recipe: Recipe, binary: Binary) -> tuple[str, ...]:
    linked = BUILD_FLAGS[-1]
    if binary.stamp:
        linked += f" -X {binary.stamp}={recipe.version(binary.module)}"
    return (*BUILD_FLAGS[:-1], linked, *(("-tags", binary.tags) if binary.tags else ()))


def _log(recipe: Recipe) -> TextIO:
    cache.log(recipe).parent.mkdir(parents=True, exist_ok=True)
    return cache.log(recipe).open("w")


def _failure(recipe: Recipe, said: list[str]) -> Failed:
    return Failed(
        f"{recipe.name} could not be built.",
        truth="\n".join(["the compiler's last words:", *said[-_SHOWN:]]),
        undone="Its programs are not there; what was built before stays.",
        following=f"Repeat the command: it goes on where it stopped. All the compiler said: {cache.log(recipe)}",
    )
