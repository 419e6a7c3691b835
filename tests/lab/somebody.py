"""Runs commands as a user who is nobody here: not root, without a capability, in a home of their own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from migrate.lab import cache

_UID = 65534
_CHECKOUT = Path(__file__).parents[2]


class Somebody:
    """A person with a folder, who can read the checkout, its interpreter and the lab's programs, and write nothing."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(mode=0o700)
        os.chown(home, _UID, _UID)

    def runs(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`migrate` with these words."""
        program = [sys.executable, "-c", "from migrate.cli.main import main; main()", *words]
        return subprocess.run(self._as(program), capture_output=True, text=True, check=False, timeout=280, cwd="/")

    def processes(self) -> set[str]:
        """Those that run as this person, by id and name. One that has ended and waits for its parent runs no more."""
        found = set()
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                pid, name, state = _said(entry / "stat")
                if entry.stat().st_uid == _UID and state not in "ZX":
                    found.add(f"{pid} {name}")
        return found

    def _as(self, program: Sequence[str]) -> list[str]:
        variables = [
            f"HOME={self.home}", f"MIGRATE_LAB={self.home}", f"XDG_CACHE_HOME={cache.home().parent}",
            f"PYTHONPATH={_CHECKOUT}", "PYTHONDONTWRITEBYTECODE=1", f"PATH={os.environ['PATH']}",
        ]  # fmt: skip
        person = ["setpriv", f"--reuid={_UID}", f"--regid={_UID}", "--clear-groups", "--bounding-set=-all"]
        script = "\n".join(["set -e", *self._opened(), 'exec "$@"'])
        return ["unshare", "--mount", "sh", "-c", script, "sh", *person, "env", "-i", *variables, *program]

    def _opened(self) -> Iterator[str]:
        """What is needed and lies behind a folder that only root enters appears there again, for this person alone."""
        needed = {Path(sys.base_prefix), Path(sys.prefix), _CHECKOUT, cache.home()}
        closed = {place: door for place in needed if (door := _closed(place)) is not None}
        for number, door in enumerate(sorted(set(closed.values()))):
            stage = self.home / f".door{number}"
            yield f"mkdir -p '{stage}'; mount -t tmpfs -o mode=755 none '{stage}'"
            for place in sorted(one for one, behind in closed.items() if behind == door):
                inside = stage / place.relative_to(door)
                yield f"mkdir -p '{inside}'; mount --bind '{place}' '{inside}'"
            yield f"mount --rbind '{stage}' '{door}'"


def _closed(place: Path) -> Path | None:
    """The outermost folder on the way to a place that others may not enter."""
    return next((folder for folder in reversed((place, *place.parents)) if not folder.stat().st_mode & 0o001), None)


def _said(stat: Path) -> tuple[str, str, str]:
    """Id, name and state of a process (proc(5); the name may hold spaces and brackets)."""
    before, _, after = stat.read_text().rpartition(") ")
    pid, _, name = before.partition(" (")
    return pid, name, after[0]
