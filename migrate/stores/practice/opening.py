"""A world for an estate. One that does not exist is made from what the estate implies."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from migrate.model.errors import Refused
from migrate.planning.implied import implied_by
from migrate.planning.phases import all_phases
from migrate.stores.practice.deployed import Deployed
from migrate.stores.practice.folder import Folder
from migrate.stores.practice.store import Practice
from migrate.world.birth import born


def practice(
    world: Path,
    estate: Path,
    deployed: str | None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    *,
    make: bool = True,
) -> Practice:
    """The practice world in the folder `world`; where there is none, `make` makes it, else it is refused.

    `deployed`: the branch the estate's cluster is made from, None where the tree does not say (then HEAD's). Raises
    Refused where that branch is not in this clone or the folder holds something else, Failed, Unreachable.
    """
    found = Practice(Folder(world), Deployed(estate, deployed), now)
    if not found.folder.exists and make:
        _make(found)
    elif not found.folder.exists:
        raise Refused(
            f"there is no practice world in {world}",
            truth="runs and plans that were made in one live and end with it",
            undone="nothing was written",
            following="name the folder it was made in; migrate plan PHASE --world DIR makes a new one",
        )
    _insist_on_estate(found)
    return found


def _insist_on_estate(found: Practice) -> None:
    """Return if the world was made from this repository: another one would have everything in it pruned."""
    with found.folder.locked():
        _, about = found.folder.load()
    commit = about.get("commit")
    if commit is not None and not found.deployed.knows(str(commit)):
        raise Refused(
            f"{found.folder.path} is the practice world of another repository ({about['estate']})",
            undone="nothing was written",
            following="name another folder: a new world is made there",
        )


def _make(new: Practice) -> None:
    if new.folder.path.is_dir() and any(not one.name.startswith(".") for one in new.folder.path.iterdir()):
        raise Refused(
            f"{new.folder.path} holds something else than a practice world",
            undone="nothing was written",
            following="name an empty folder, or one that does not exist: --world DIR",
        )
    reading = new.deployed.reading()
    implied = implied_by(reading.inventory, reading.files, reading.config, all_phases(), reading.applied)
    with new.folder.locked():
        if new.folder.exists:  # somebody else was faster
            return
        made = born(implied, reading.applied, secrets.token_hex(16), new.now())
        about = {
            "id": secrets.token_hex(8),
            "estate": str(new.deployed.estate),
            "deployed": new.deployed.branch,
            "commit": reading.applied.commit,
            "born": new.now().isoformat(),
        }
        new.folder.save(made, about)
