"""One repository as one estate sees it: where it lies, and what its commits hold.

Contents are named by `planning.files.blob_id` of the bytes a checkout would have, as plans name them: without filters
and with SHA-1 that is Git's own id; with line ending conversion or SHA-256 it still means the same bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from migrate.model.ports import Unreachable
from migrate.planning.files import blob_id
from migrate.stores.git.command import Git, GitError
from migrate.stores.git.commit_tree import LINK, SUBMODULE, Entry, parsed

_TRAILER = re.compile(r"(?m)^(Migrate-(?:Plan|Digest|Step|Way|Run)): (\S+)\r?$")

_LOG = ("-c", "log.follow=false", "-c", "log.showSignature=false", "log", "-z", "--no-color")
"""Without what people set for reading: one path, followed through renames, would be another question."""

_MANY = 1_000
"""More paths than this are not named on a command line, which has its limits: everything is listed instead."""


@dataclass(frozen=True, slots=True)
class Held:
    """What stands at a path of a commit: its mode, and its bytes as a checkout would have them."""

    mode: str
    data: bytes

    @property
    def plain(self) -> bool:
        """True for a file, executable or not."""
        return self.mode not in {LINK, SUBMODULE}


def name_of(held: Held | None) -> str | None:
    """The content's name as plans have it; None where there is no file."""
    return None if held is None else blob_id(held.data)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit and what its message says of us: `Migrate-Plan` and the like, empty where it says nothing."""

    id: str
    parents: tuple[str, ...]
    trailers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Repository:
    """`git` works at the top of the checkout; `prefix` (`a/b/`) leads from there to the estate."""

    git: Git
    prefix: str
    common: str
    """The folder that holds the objects and refs, for every worktree of the repository."""

    def path(self, file: str) -> str:
        """A file of the estate as the repository names it."""
        return self.prefix + file

    def commit(self, name: str) -> str | None:
        """The commit a name means, None where there is none of it here."""
        answer = self.git.try_("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return answer.text if answer.code == 0 else None

    def contains(self, newer: str, older: str) -> bool:
        """True if `older` is `newer` or one of its ancestors."""
        return self.git.try_("merge-base", "--is-ancestor", older, newer).code == 0

    def entries(self, commit: str, paths: Iterable[str]) -> dict[str, Entry]:
        """What stands at these paths (as the repository names them) of a commit; what does not exist is left out."""
        wanted = frozenset(paths)
        if not wanted:
            return {}
        few = sorted(wanted) if len(wanted) <= _MANY else []
        found = parsed(self.git.output("ls-tree", *(() if few else ("-r",)), "-z", "--full-tree", commit, "--", *few))
        return {entry.path: entry for entry in found if entry.path in wanted}

    def held(self, commit: str, files: Iterable[str]) -> dict[str, Held | None]:
        """What stands at these files of the estate. Raises GitError where this clone lacks a blob."""
        wanted = list(files)
        entries = self.entries(commit, map(self.path, wanted))
        return {file: self._held(entries.get(self.path(file))) for file in wanted}

    def _held(self, entry: Entry | None) -> Held | None:
        if entry is None or entry.mode == SUBMODULE:
            return None
        how = ("blob",) if entry.mode == LINK else ("--filters", f"--path={entry.path}")
        answer = self.git.try_("cat-file", *how, entry.blob)
        if answer.code != 0:
            raise self._lacking(entry, answer.words)
        return Held(entry.mode, answer.out)

    def _lacking(self, entry: Entry, words: str) -> Unreachable:
        if self.git.try_("cat-file", "-e", entry.blob).code == 0:
            return GitError("cat-file", words)
        return Unreachable(
            f"{entry.path}: its content {entry.blob} is not in this clone, and nothing is fetched here",
            following=f"git -C {self.git.folder} cat-file -t {entry.blob}   # a partial clone fetches it",
        )

    def commits(self, *selection: str, paths: Iterable[str] = ()) -> list[Commit]:
        """Commits as `git log` selects them, newest first; of many paths, those that touch any path at all."""
        form, few = "--format=tformat:%H%x01%P%x01%B", list(paths)
        few = few if len(few) <= _MANY else []
        text = self.git.ask(*_LOG, form, *selection, "--", *few)
        return [_commit(part) for part in text.split("\0") if part]

    def last_to_touch(self, commit: str, files: Iterable[str]) -> Commit | None:
        """The last commit up to this one that changed any of the estate's files."""
        return next(iter(self.commits("-1", commit, paths=map(self.path, files))), None)


def _commit(text: str) -> Commit:
    identity, parents, message = text.split("\x01", 2)
    return Commit(identity, tuple(parents.split()), dict(_TRAILER.findall(message)))


def find(root: str) -> Repository:
    """The repository in whose checkout the folder lies. Raises Unreachable where there is none, or git refuses it."""
    inside = Git(root)
    if inside.ask("rev-parse", "--is-inside-work-tree") != "true":
        raise Unreachable(f"{root} lies in a repository without a checkout", following="name a folder of a checkout")
    common = os.path.realpath(inside.ask("rev-parse", "--path-format=absolute", "--git-common-dir"))
    top, prefix = inside.ask("rev-parse", "--show-toplevel"), inside.ask("rev-parse", "--show-prefix")
    return Repository(Git(top), prefix, common)
