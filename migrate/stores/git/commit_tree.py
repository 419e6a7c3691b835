"""The estate's files as one commit has them: what Flux would apply, whatever lies in the checkout.

Knows nothing of branches. Blobs are read as they are: Flux runs no filters either.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from migrate.planning.files import Files
from migrate.stores.git.command import Git, GitError
from migrate.stores.tree import LIMIT, TooLargeError, listed, oversize

LINK = "120000"
SUBMODULE = "160000"
_FOLDER = "040000"


@dataclass(frozen=True, slots=True)
class Entry:
    """A path of a commit. `mode` as Git writes it: 100644, 100755, 120000 (a link) or 160000 (a submodule)."""

    path: str
    mode: str
    blob: str


def files_at(root: str, commit: str) -> Files:
    """The manifests of the estate in the folder `root`, at a commit. Links and submodules are not among them.

    `read` also knows the estate's other files; it raises OSError. Raises Unreachable where the commit or one of its
    manifests is not in this clone.
    """
    git = Git(root)
    entries = {one.path: one for one in entries_of(git, commit, git.ask("rev-parse", "--show-prefix"))}
    plain = [one for one in entries.values() if one.mode not in {LINK, SUBMODULE} and listed(one.path)]
    known = blobs(git, {one.blob for one in plain})
    return Files(tuple(sorted(one.path for one in plain)), partial(_read, git, entries, known))


def entries_of(git: Git, commit: str, prefix: str = "") -> Iterator[Entry]:
    """Every file, link and submodule below a folder of a commit (`a/b/`), by its path from there. None: no folder.

    Raises GitError where there is no such commit.
    """
    tree = git.try_("rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}")
    if tree.code != 0:
        raise GitError("rev-parse", f"{commit} is not in this clone")
    if prefix:
        tree = git.try_("rev-parse", "--verify", "--quiet", f"{commit}:{prefix}")
    if tree.code != 0:
        return
    yield from parsed(git.output("ls-tree", "-r", "-z", "--full-tree", tree.text))


def parsed(listing: bytes) -> Iterator[Entry]:
    """The entries of `ls-tree -z`, folders left out."""
    for line in listing.split(b"\0")[:-1]:
        about, _, path = line.partition(b"\t")
        mode, _, blob = about.decode("ascii").split(" ")
        if mode != _FOLDER:
            yield Entry(os.fsdecode(path), mode, blob)


def blobs(git: Git, ids: Iterable[str]) -> dict[str, bytes]:
    """The bytes of blobs by their ids, all asked for in one go. Raises GitError naming one that is not there."""
    wanted = sorted(ids)
    if not wanted:
        return {}
    answer = git.output("cat-file", "--batch", stdin="".join(f"{one}\n" for one in wanted).encode("ascii"))
    return dict(_contents(answer))


def _contents(answer: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        blob, *rest = answer[at:end].decode("ascii").split(" ")
        if len(rest) != 2:  # `ID missing` instead of `ID blob SIZE`
            raise GitError("cat-file", f"object {blob} is not in this clone")
        start, size = end + 1, int(rest[1])
        yield blob, answer[start : start + size]
        at = start + size + 1


def _read(git: Git, entries: Mapping[str, Entry], known: Mapping[str, bytes], path: str) -> bytes:
    entry = entries.get(path)
    if entry is None:
        raise FileNotFoundError(0, "the commit has no such file")
    if entry.mode in {LINK, SUBMODULE}:
        raise PermissionError(0, "it is a link or a submodule: never followed")
    data = known.get(entry.blob)
    if data is None:
        data = _one(git, entry.blob)
    if len(data) > LIMIT:
        raise TooLargeError(0, oversize(len(data)))
    return data


def _one(git: Git, blob: str) -> bytes:
    try:
        return git.output("cat-file", "blob", blob)
    except GitError as error:
        raise OSError(0, error.words) from error
