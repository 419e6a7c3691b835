"""Real repositories for these tests, with git's settings pinned: nothing of the machine's own gets in."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

IDENTITY = """\
[user]
\tname = Olga Operator
\temail = olga@example.test
[init]
\tdefaultBranch = main
[protocol "file"]
\tallow = always
"""


@dataclass(frozen=True)
class Repository:
    """A folder that git works in."""

    path: Path

    def git(self, *words: str, stdin: bytes = b"") -> str:
        """What git prints. Raises CalledProcessError."""
        done = subprocess.run(("git", *words), cwd=self.path, input=stdin, check=True, capture_output=True)
        return os.fsdecode(done.stdout).removesuffix("\n")

    def write(self, path: str, text: str | bytes) -> None:
        """Put a file into the checkout."""
        place = self.path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, message: str) -> str:
        """Commit everything that changed."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.head

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return self.git("rev-parse", "HEAD")


def new(path: Path, *options: str) -> Repository:
    """An empty repository on branch main."""
    path.mkdir(parents=True, exist_ok=True)
    made = Repository(path)
    made.git("init", "--quiet", *options)
    return made


def settings(home: Path, text: str = IDENTITY) -> Path:
    """A home folder with these settings of git."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / ".gitconfig"
    file.write_text(text)
    return file
