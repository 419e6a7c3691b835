"""Runs git, in one folder, and says what it answered.

Variables that would make git answer for another repository (hooks and wrappers set them) are left behind; who the
operator is and where the operator's own settings lie is kept. Nothing prompts, and nothing is fetched: a partial clone
answers from what it has.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from migrate.model.ports import Unreachable

# Of the variables named GIT_*, those that say who somebody is and where their settings lie. Every other one is about
# one repository or one command, and not about ours.
_KEPT = re.compile(
    r"GIT_(?:(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL)|CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)"
    r"|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM|EXEC_PATH|SSH(?:_COMMAND|_VARIANT)?|ASKPASS|SSL_\w+)"
)
_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    # git-lfs leaves pointers as they are instead of fetching what they point to.
    "GIT_LFS_SKIP_SMUDGE": "1",
    "LC_ALL": "C.UTF-8",
}
_PLUMBING = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    # No protocol is called that: what a partial clone lacks is missing, not fetched (GIT_NO_LAZY_FETCH needs 2.44).
    "GIT_ALLOW_PROTOCOL": "none",
}
_SETTINGS = (
    # No program watches a folder that lives for a second, and no clean-up starts beside our work.
    *("-c", "core.fsmonitor=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false"),
    # By default a commit's objects may still be in memory when its branch is on disk.
    *("-c", "core.fsync=committed"),
)


class GitError(Unreachable):
    """Git ended with an error. `words` are its own, the last of them."""

    def __init__(self, command: str, words: str) -> None:
        said = " | ".join(words.split("\n")) or "it gave no reason"
        super().__init__(f"git {command}: {said}", following="make this command work")
        self.words = words


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended."""

    code: int
    out: bytes
    words: str
    """What it said on standard error."""

    @property
    def text(self) -> str:
        """Standard output as one text, without the line's end. Bytes that are no UTF-8 stay as surrogates."""
        return os.fsdecode(self.out).rstrip("\n")


@dataclass(frozen=True, slots=True)
class Git:
    """Git in one folder."""

    folder: str

    def ask(self, *words: str, stdin: bytes = b"") -> str:
        """What the command prints. Raises GitError if it fails."""
        return self._checked(words, stdin).text

    def output(self, *words: str, stdin: bytes = b"") -> bytes:
        """What the command prints, byte for byte. Raises GitError if it fails."""
        return self._checked(words, stdin).out

    def try_(self, *words: str, stdin: bytes = b"", files: Sequence[BinaryIO] = ()) -> Answer:
        """How a command ends that may fail. It can read `files` by their numbers (`/dev/fd/3`).

        Raises Unreachable only where git itself cannot be run.
        """
        return self._run(words, stdin, _surroundings() | _PLUMBING, files)

    def with_hooks(self, *words: str, stdin: bytes = b"") -> Answer:
        """The same for a command that runs the repository's own programs: they see what git would show them."""
        return self._run(words, stdin, _surroundings())

    def _checked(self, words: tuple[str, ...], stdin: bytes) -> Answer:
        answer = self.try_(*words, stdin=stdin)
        if answer.code != 0:
            raise GitError(next(word for word in words if word[:1] != "-" and "=" not in word), answer.words)
        return answer

    def _run(
        self, words: tuple[str, ...], stdin: bytes, environment: Mapping[str, str], files: Sequence[BinaryIO] = ()
    ) -> Answer:
        try:
            # A session of its own: ^C is for us, who finish the step, and must not end git in the middle of it.
            done = subprocess.run(
                ("git", *_SETTINGS, *words),
                cwd=self.folder,
                input=stdin,
                capture_output=True,
                env=environment,
                check=False,
                start_new_session=True,
                pass_fds=[file.fileno() for file in files],
            )
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            there = Path(self.folder).is_dir()
            following = "install git 2.31 or newer" if there else f"name a folder that exists; {self.folder} does not"
            raise Unreachable(f"git could not be run in {self.folder}: {reason}", following=following) from error
        return Answer(done.returncode, done.stdout, _last(done.stderr.decode("utf-8", "replace")))


def _surroundings() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or _KEPT.fullmatch(key)}
    return kept | _QUIET


def _last(words: str, limit: int = 20) -> str:
    return "\n".join(line.rstrip() for line in words.strip().split("\n")[-limit:])
