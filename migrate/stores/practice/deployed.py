"""What the deployed commit of an estate asks for. In a world, merged into the deployed branch means applied."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from migrate.estate.extract import extract
from migrate.estate.inventory import Inventory
from migrate.estate.scan import assemble
from migrate.model.config import Config
from migrate.model.errors import Refused
from migrate.model.ports import Unreachable
from migrate.planning.configuration import FILE, read_config, scan_settings
from migrate.planning.files import Files
from migrate.planning.implied import applied_by
from migrate.planning.phases import all_phases
from migrate.stores.git.command import Git
from migrate.stores.git.commit_tree import files_at
from migrate.stores.tree import Tree
from migrate.world.applied import Applied


@dataclass(frozen=True, slots=True)
class Reading:
    """The estate at one commit."""

    inventory: Inventory
    files: Files
    config: Config
    applied: Applied


class Deployed:
    """The estate as it is deployed: read again whenever the branch has moved."""

    def __init__(self, estate: Path, branch: str | None) -> None:
        self.estate, self.branch = estate, branch
        self._git = Git(str(estate))
        self._known: tuple[str, Reading] | None = None

    def reading(self) -> Reading:
        """The estate at the deployed commit. Raises Refused where the branch is not known, Unreachable."""
        commit = self.commit()
        if self._known is None or self._known[0] != commit:
            self._known = commit, _read(self.estate, commit)
        return self._known[1]

    def commit(self) -> str:
        """The commit that counts as applied: the branch's in this clone, else what was last fetched of it."""
        wanted = f"refs/heads/{self.branch}" if self.branch else "HEAD"
        found = self._git.try_("rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}")
        return found.text if found.code == 0 else self._elsewhere()

    def knows(self, commit: str) -> bool:
        """Whether a commit is in this clone."""
        return self._git.try_("cat-file", "-e", f"{commit}^{{commit}}").code == 0

    def _elsewhere(self) -> str:
        if self._git.try_("rev-parse", "--git-dir").code != 0:
            raise Refused(
                f"{self.estate} is in no Git repository",
                truth="in a practice world Git is real: what is merged counts as applied",
                undone="nothing was done",
                following="git init, add and commit the estate first",
            )
        if self.branch is None:
            raise Refused(f"{self.estate} has no commit yet", undone="nothing was done", following="commit the estate")
        pattern = f"refs/remotes/*/{self.branch}"
        remote = self._git.ask("for-each-ref", "--count=1", "--format=%(objectname)", pattern)
        if remote:
            return remote
        raise Refused(
            f"the estate is deployed from branch {self.branch}, which this clone does not have",
            truth="in a practice world a commit counts as applied when that branch contains it",
            undone="nothing was done",
            following=f"git branch {self.branch} (or git fetch origin {self.branch}:{self.branch})",
        )


def _read(estate: Path, commit: str) -> Reading:
    files, config = files_at(str(estate), commit), settings(estate)
    facts = [extract(path, files.read(path)) for path in files.paths]
    inventory = assemble(facts, files.read, len(files.paths), settings=scan_settings(config))
    return Reading(inventory, files, config, applied_by(commit, inventory, files, config, all_phases()))


def settings(estate: Path) -> Config:
    """The operator's own migrate.yaml, committed or not. Raises Failed where it is wrong."""
    try:
        return read_config(Tree(str(estate)).read(FILE))
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise Unreachable(f"{FILE}: {error.strerror}", following=f"make {FILE} a file that you may read") from error
