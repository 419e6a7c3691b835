"""What the deployed commit of an estate asks for. In a world, merged into the deployed branch means applied."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from migrate.estate.extract import extract
from migrate.estate.facts import FileFacts, Skipped
from migrate.estate.inventory import Inventory
from migrate.estate.scan import assemble
from migrate.model.config import Config
from migrate.model.errors import Refused
from migrate.model.ports import Unreachable
from migrate.planning.configuration import scan_settings
from migrate.planning.files import Files
from migrate.planning.implied import applied_by
from migrate.planning.phases import all_phases
from migrate.stores.git.branches import deployed_at
from migrate.stores.git.commit_tree import files_at
from migrate.stores.git.repository import Repository, find
from migrate.stores.settings import settings_of
from migrate.stores.tree import reason
from migrate.world.applied import Applied


@dataclass(frozen=True, slots=True)
class Reading:
    """The estate at one commit."""

    inventory: Inventory
    files: Files
    config: Config
    applied: Applied


_BEGIN = "git init, add and commit the estate first"


class Deployed:
    """The estate as it is deployed: read again whenever the branch has moved."""

    def __init__(self, estate: Path, branch: str | None) -> None:
        self.estate, self.branch = estate, branch
        self._repository: Repository | None = None
        self._known: tuple[str, Reading] | None = None

    def reading(self) -> Reading:
        """The estate at the deployed commit. Raises Refused where the branch is not known, Unreachable."""
        commit = self.commit()
        if self._known is None or self._known[0] != commit:
            self._known = commit, _read(self.estate, commit)
        return self._known[1]

    def commit(self) -> str:
        """The commit that counts as applied: of the branch here and what was last fetched of it, the further one.

        Raises Refused.
        """
        try:
            return deployed_at(self._found(), self.branch).tip
        except Unreachable as error:
            raise Refused(
                f"{self.estate}: {error.happened}",
                truth="in a practice world Git is real: what is merged into the deployed branch counts as applied",
                undone="nothing was done",
                following=_BEGIN if "not a git repository" in error.happened else error.following,
            ) from error

    def knows(self, commit: str) -> bool:
        """Whether a commit is in this clone."""
        return self._found().commit(commit) is not None

    def _found(self) -> Repository:
        if self._repository is None:
            self._repository = find(str(self.estate))
        return self._repository


def _read(estate: Path, commit: str) -> Reading:
    files, config = files_at(str(estate), commit), settings_of(estate)
    facts = [_facts(files, path) for path in files.paths]
    inventory = assemble(facts, files.read, len(files.paths), settings=scan_settings(config))
    files = replace(files, known={one.file: one for one in facts})
    return Reading(inventory, files, config, applied_by(commit, inventory, files, config, all_phases()))


def _facts(files: Files, path: str) -> FileFacts:
    """What a file says. One that is not read (too large) is left out of the world, as a scan leaves it out."""
    try:
        return extract(path, files.read(path))
    except OSError as error:
        return FileFacts(path, False, (), Skipped(path, reason(error)))
