"""Where runs are kept: one folder an estate, one folder a run. Never inside the estate.

`$MIGRATE_STATE`, else `$XDG_STATE_HOME/migrate`, then `ESTATE/runs/RUN/`: `plan.json`, `journal.jsonl`, `rollback.sh`,
`evidence/`. Private, unless the state folder is open to its group: then a second person may watch and approve.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from migrate.model.errors import Failed, Usage
from migrate.stores.journal import sync_folder

_GROUP = stat.S_IRWXG


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run on disk."""

    path: Path

    @property
    def id(self) -> str:
        """The run's id."""
        return self.path.name

    @property
    def journal(self) -> Path:
        """Its journal."""
        return self.path / "journal.jsonl"

    @property
    def plan(self) -> Path:
        """The plan as it was approved."""
        return self.path / "plan.json"

    @property
    def script(self) -> Path:
        """The way back from where it stands, without this tool."""
        return self.path / "rollback.sh"

    @property
    def opened(self) -> bool:
        """Whether anything was ever written down here: the way back is, from the first step on."""
        return self.journal.exists() or self.script.exists()

    @property
    def request(self) -> Path:
        """A hold that somebody asks for while another process is at work."""
        return self.path / "hold.json"


class Runs:
    """The runs of one estate."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> Iterator[RunFolder]:
        """Every run that was opened, newest first: also one whose journal is lost, but not what it left behind."""
        found = [run for path in (self.folder / "runs").glob("*") if (run := RunFolder(path)).opened]
        return iter(sorted(found, key=lambda run: (_opened(run), run.id), reverse=True))

    def create(self, run: str, plan: bytes) -> RunFolder:
        """A new run's folder with the plan in it. Raises FileExistsError, OSError."""
        self.prepare()
        folder = RunFolder(self.folder / "runs" / run)
        folder.path.mkdir(mode=self._folders)
        (folder.path / "evidence").mkdir(mode=self._folders)
        self.write(folder.plan, plan)
        self.write(folder.journal, b"")
        sync_folder(folder.path.parent)
        return folder

    def refused(self, phase: str) -> Path:
        """The last plan of a phase that was refused because the world had moved: what a new one is compared with."""
        return self.folder / f"stale-{phase}.json"

    def fresh(self, plan: str, moment: datetime) -> str:
        """An id no run of this estate has: the plan's name and the time, and a number where that second has one."""
        name = f"{plan}-{moment:%Y%m%dT%H%M%S}"
        taken = {path.name for path in (self.folder / "runs").glob(f"{name}*")}
        return next(one for one in chain([name], (f"{name}-{n}" for n in count(2))) if one not in taken)

    def prepare(self) -> None:
        """Have the estate's folder. Raises Failed where it cannot be made, or nothing can be written into it."""
        folder = self.folder / "runs"
        try:
            for path in (*reversed(folder.parents), folder):
                if not path.exists():
                    path.mkdir(mode=self._folders, exist_ok=True)
                    path.chmod(self._folders)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        except OSError as error:
            raise Failed(
                f"runs cannot be kept in {error.filename or folder}: {error.strerror}",
                truth="without a journal nothing is begun",
                undone="nothing was written",
                following="set MIGRATE_STATE to a folder of yours outside the estate, or see who may write there",
            ) from error

    def write(self, path: Path, data: bytes, *, executable: bool = False) -> None:
        """A whole file at once: there is never half of it. Raises OSError."""
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            self._drafted(draft, data, self.files | (0o100 if executable else 0))
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    @staticmethod
    def _drafted(draft: Path, data: bytes, mode: int) -> None:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)

    def fence(self, run: RunFolder) -> None:
        """The same journal in a new file: who still has the old one open writes where nobody reads. Raises OSError."""
        if run.journal.exists():
            self.write(run.journal, run.journal.read_bytes())

    @property
    def files(self) -> int:
        """The mode of files."""
        return 0o660 if self._shared else 0o600

    @property
    def _folders(self) -> int:
        return 0o2770 if self._shared else 0o700

    @property
    def _shared(self) -> bool:
        root = self.folder.parent
        return root.exists() and root.stat().st_mode & _GROUP == _GROUP


def runs_of(estate: Path, environment: Mapping[str, str]) -> Runs:
    """The runs of an estate, known by its Git common directory: every worktree of a repository has the same.

    Raises Usage where MIGRATE_STATE names a folder that depends on where one stands, or one in the estate.
    """
    name = hashlib.sha256(os.fsencode(os.path.realpath(_common(estate)))).hexdigest()[:16]
    root = _state_root(environment)
    if os.path.realpath(root).startswith(os.path.realpath(estate) + os.sep):
        raise _misplaced(
            f"MIGRATE_STATE ({root}) lies in the estate", "a commit of everything would take journals along"
        )
    return Runs(root / name)


def _state_root(environment: Mapping[str, str]) -> Path:
    """Where everything this tool remembers of runs lies."""
    if given := environment.get("MIGRATE_STATE"):
        if not Path(given).is_absolute():
            raise _misplaced(
                f"MIGRATE_STATE ({given}) is a relative path", "typed elsewhere, the next command would find no run"
            )
        return Path(given)
    home = environment.get("XDG_STATE_HOME") or str(Path(environment.get("HOME") or "~").expanduser() / ".local/state")
    return Path(home) / "migrate"


def _misplaced(what: str, because: str) -> Usage:
    return Usage(
        what,
        truth=because,
        undone="nothing was read or written",
        following='set it to a folder outside the estate, from the root on: export MIGRATE_STATE="$HOME/migrate-state"',
    )


def _common(estate: Path) -> Path:
    words = ("git", "-C", str(estate), "rev-parse", "--path-format=absolute", "--git-common-dir")
    try:
        return Path(subprocess.run(words, capture_output=True, check=True, text=True).stdout.strip())
    except (OSError, subprocess.CalledProcessError):
        # Git does not speak of a repository that is another user's; a second person must find the same runs.
        return next((one / ".git" for one in (estate, *estate.parents) if (one / ".git").is_dir()), estate)


def _opened(run: RunFolder) -> float:
    """When it was begun: the plan is written first. Where that is lost, what was written last stands for it."""
    for path in (run.plan, run.journal, run.script):
        try:
            return path.stat().st_mtime
        except OSError:
            continue
    return 0.0
