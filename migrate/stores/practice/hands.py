"""What a person may do to a world between two commands: break things, mend them, and play the other operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from migrate.model.errors import Failed
from migrate.model.json import Json
from migrate.model.target import Target
from migrate.stores.practice.deployed import Deployed
from migrate.stores.practice.folder import Folder
from migrate.stores.practice.store import Practice
from migrate.world import deeds
from migrate.world.state import Draft, World, draft, finished


def existing(folder: Path) -> Practice:
    """The world in a folder, with the estate it was made for. Raises Failed where there is none."""
    found = Folder(folder)
    if not found.exists:
        raise Failed(f"{folder} is no practice world", following=f"migrate plan PHASE --world {folder} makes one")
    with found.locked():
        _, about = found.load()
    branch = about.get("deployed")
    return Practice(found, Deployed(Path(str(about["estate"])), str(branch) if branch else None), _now)


def _now() -> datetime:
    return datetime.now(UTC)


def set_fault(folder: Path, name: str, setting: str) -> World:
    """Break or mend something. Raises Usage, Failed."""
    return _done(folder, lambda changed: deeds.fault(changed, name, setting))


def set_fields(folder: Path, target: Target, fields: Mapping[str, Json]) -> World:
    """Change something as another operator would. Raises Usage, Failed."""
    return _done(folder, lambda changed: deeds.edit(changed, target, fields))


def take_away(folder: Path, target: Target) -> World:
    """Remove something as another operator would. Raises Usage, Failed."""
    return _done(folder, lambda changed: deeds.remove(changed, target))


def _done(folder: Path, deed: Callable[[Draft], None]) -> World:
    world = existing(folder)
    with world.folder.locked():
        before, about = world.caught_up()
        changed = draft(before, world.now())
        deed(changed)
        world.folder.save(finished(changed), about)
    return world.world()
