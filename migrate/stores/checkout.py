"""Which commit a folder stands at, and whether it was changed since.

Asks Git's own commands while the scan is busy elsewhere: `status` compares every file's timestamps, which
takes half a second for 100,000 files. Runs nothing that the repository's own settings name, and writes
nothing, not even a refreshed index.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from types import TracebackType

_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false")
# Set inside hooks and by wrappers: they would make Git answer for another repository.
_MISLEADING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE")


@dataclass(frozen=True, slots=True)
class Standing:
    """`commit` is None outside a repository, before its first commit, or where Git is not installed."""

    commit: str | None
    dirty: bool


class Checkout:
    """Questions to Git, running since `__enter__`; nothing is left running after the `with` block."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._commit: subprocess.Popen[bytes] | None = None
        self._changes: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Checkout:
        self._commit = self._ask("rev-parse", "--verify", "--quiet", "HEAD")
        self._changes = self._ask("status", "--porcelain", "-z", "--", ".")
        return self

    def _ask(self, *words: str) -> subprocess.Popen[bytes] | None:
        environment = {key: value for key, value in os.environ.items() if key not in _MISLEADING}
        environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        try:
            return subprocess.Popen(
                ("git", *_SAFE, "-C", self._root, *words),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
        except OSError:
            return None

    def standing(self) -> Standing:
        """Wait for the answers. The first changed file is answer enough."""
        commit = _first(self._commit, 100).decode("ascii", "replace").strip()
        return Standing(commit, bool(_first(self._changes, 1))) if commit else Standing(None, False)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in (self._commit, self._changes):
            if process is not None:
                process.kill()
                if process.stdout is not None:
                    process.stdout.close()
                process.wait()


def _first(process: subprocess.Popen[bytes] | None, count: int) -> bytes:
    return process.stdout.read(count) if process is not None and process.stdout is not None else b""
