"""The files of a world. All of them change together or not at all, and one process at a time looks at them.

New contents are first written whole to one file beside them; whoever finds that file finishes what it says.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from migrate.model.errors import Failed
from migrate.world.state import World

SCHEMA = "migrate.world/v1"
_PARTS = ("vault", "postgres", "cluster", "world")
_PENDING = ".pending.json"
_NOTE = "A practice world of migrate. Every value in it is made up. Change it with: migrate practice"


class Folder:
    """One world's folder. Files are 0600, the folder 0700."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def exists(self) -> bool:
        """Whether there is a world in it."""
        return (self.path / "world.json").exists() or (self.path / _PENDING).exists()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder against other processes. Makes it. Raises Failed where that cannot be done."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._failed(error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def load(self) -> tuple[World, dict[str, Any]]:
        """The world, and what else world.json says. Under the lock. Raises Failed where they are damaged."""
        try:
            self._finish()
            parts = {name: json.loads((self.path / f"{name}.json").read_bytes()) for name in _PARTS}
            about = parts["world"]
            if about.get("schema") != SCHEMA:
                raise Failed(
                    f"{self.path} is no practice world that this version knows ({about.get('schema')})",
                    following="name another folder: a new world is made there",
                )
            world = World(
                parts["vault"],
                parts["postgres"],
                parts["cluster"],
                about.pop("faults"),
                about.pop("seed"),
                about.pop("drawn"),
            )
        except OSError as error:
            raise self._failed(error) from error
        except (ValueError, KeyError) as error:
            raise Failed(
                f"{self.path}: a file of this practice world is damaged ({error})",
                undone="nothing was changed",
                following="put the file back; or give this world up: an open run in it cannot be ended any more, so "
                "delete its branches, take the folder away and plan again, which makes a new world",
            ) from error
        return world, about

    def save(self, world: World, about: dict[str, Any]) -> None:
        """Write the world. Under the lock. Raises Failed where it could not be; then nothing changed."""
        head = {"schema": SCHEMA, "note": _NOTE} | about
        rest = {"faults": world.faults, "seed": world.seed, "drawn": world.drawn}
        parts = {"vault": world.vault, "postgres": world.postgres, "cluster": world.cluster, "world": head | rest}
        try:
            if not (self.path / ".gitignore").exists():  # a world in a checkout is nobody's to commit
                (self.path / ".gitignore").write_text("*\n", encoding="ascii")
            _replace(self.path / _PENDING, parts)
            self._finish()
        except OSError as error:
            raise self._failed(error) from error

    def _finish(self) -> None:
        """Carry out what was written whole but not yet put in its places."""
        pending = self.path / _PENDING
        if not pending.exists():
            return
        parts = json.loads(pending.read_bytes())
        for name in _PARTS:
            _replace(self.path / f"{name}.json", parts[name])
        pending.unlink()

    def _failed(self, error: OSError) -> Failed:
        why = error.strerror or type(error).__name__
        return Failed(
            f"{error.filename or self.path}: {why}", following="name a folder that can be written to: --world"
        )


def _replace(path: Path, value: Any) -> None:
    """The file has the new content or the old one, whatever happens."""
    draft = path.with_name(f".{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, sort_keys=True, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
