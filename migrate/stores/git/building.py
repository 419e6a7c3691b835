"""One commit, built in a private worktree: the repository's hooks, filters, signing and identity have their say.

Nothing is published here. A commit that no branch names is as good as none.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from migrate.stores.git.command import Answer, Git
from migrate.stores.git.outcome import denied, quoted
from migrate.stores.git.repository import Held, Repository

_LOOKING = ("pre-commit", "prepare-commit-msg", "commit-msg")
"""Hooks that may say no, and that may look at any file before they do."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a step makes of some files of the estate, None where it takes one away; and what was there (for masking)."""

    files: Mapping[str, Held | None]
    seen: tuple[bytes | None, ...]

    def quoted(self, words: str) -> str:
        """Another program's words, without a literal of these files."""
        return quoted(words, (*self.seen, *(held.data for held in self.files.values() if held is not None)))


def identified(repository: Repository) -> None:
    """Return if Git knows who commits. Raises NotWritten (Denied) with the commands that tell it."""
    for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        # Without this Git makes up an address from the machine's name.
        if repository.git.try_("-c", "user.useConfigOnly=true", "var", who).code != 0:
            raise denied(
                "Git does not know who commits: this repository has no user.name or user.email",
                f"cd {repository.git.folder} && git config user.name 'YOUR NAME' && git config user.email YOU@EXAMPLE",
            )


def build(repository: Repository, here: Git, base: str, content: Content, message: str) -> str:
    """The new commit on `base`, whose worktree `here` is. It changes these files and nothing else.

    Raises NotWritten (Denied) with the words of the hook, filter or signature that stood in the way.
    """
    hooks = _hooks(repository, base)
    filled = here.try_("-c", "submodule.recurse=false", "read-tree", *(("--reset", "-u") if hooks.look else ()), "HEAD")
    if filled.code != 0:
        raise denied(
            f"the files of commit {base[:12]} could not be checked out: {content.quoted(filled.words)}",
            f"git -C {repository.git.folder} archive {base} > /dev/null   # fetches what a partial clone lacks",
        )
    _attributes(repository, here, base, content)
    _stage(repository, here, base, content)
    if hooks.look:
        _show(repository, here, content)
    made = here.with_hooks(*hooks.settings, *_COMMIT, stdin=message.encode("utf-8", "surrogateescape"))
    if made.code != 0:
        raise denied(f"git commit was refused: {content.quoted(made.words)}", "fix what it names, then resume")
    commit = here.ask("rev-parse", "HEAD")
    _same(repository, base, commit, content)
    return commit


_COMMIT = ("-c", "i18n.commitEncoding=UTF-8", "commit", "--quiet", "--cleanup=verbatim", "--file=-")


@dataclass(frozen=True, slots=True)
class _Hooks:
    """`look`: some hook may want to see the files. `settings`: what makes Git find them from another folder."""

    look: bool
    settings: tuple[str, ...] = ()


def _hooks(repository: Repository, base: str) -> _Hooks:
    """The repository's hooks. A relative `core.hooksPath` means a folder of the checkout, committed or not."""
    answer = repository.git.try_("config", "--type=path", "core.hooksPath")
    if answer.code != 0 or not answer.text:
        usual = Path(repository.common, "hooks")
        return _Hooks(any(os.access(usual / name, os.X_OK) for name in _LOOKING))
    inside = [posixpath.normpath(f"{answer.text}/{name}") for name in _LOOKING]
    if posixpath.isabs(answer.text) or repository.entries(base, inside):
        return _Hooks(True)
    return _Hooks(True, ("-c", f"core.hooksPath={Path(repository.git.folder, answer.text)}"))


def _attributes(repository: Repository, here: Git, base: str, content: Content) -> None:
    """Check out what says which filters the files have: Git looks for that in folders, not in the index."""
    folders = {parent for file in content.files for parent in PurePosixPath(repository.path(file)).parents}
    found = repository.entries(base, [str(folder / ".gitattributes") for folder in folders])
    paths = b"".join(os.fsencode(path) + b"\0" for path in found)
    _done(here.try_("checkout-index", "--force", "-z", "--stdin", stdin=paths), content)


def _stage(repository: Repository, here: Git, base: str, content: Content) -> None:
    """Put the files into the private index. Their clean filters run, as for `git add`."""
    lines = list[bytes]()
    for file, held in content.files.items():
        path = repository.path(file)
        if held is None:
            lines.append(b"0 %s\t%s\0" % (b"0" * len(base), os.fsencode(path)))
            continue
        blob = _done(here.try_("hash-object", "-w", f"--path={path}", "--stdin", stdin=held.data), content).text
        lines.append(b"%s %s\t%s\0" % (held.mode.encode(), blob.encode(), os.fsencode(path)))
    _done(here.try_("update-index", "-z", "--index-info", stdin=b"".join(lines)), content)


def _show(repository: Repository, here: Git, content: Content) -> None:
    """Let the worktree be what the index says, for hooks that look."""
    kept = [os.fsencode(repository.path(file)) + b"\0" for file, held in content.files.items() if held is not None]
    _done(here.try_("checkout-index", "--force", "-z", "--stdin", stdin=b"".join(kept)), content)
    for file, held in content.files.items():
        if held is None:
            Path(here.folder, repository.path(file)).unlink(missing_ok=True)


def _done(answer: Answer, content: Content) -> Answer:
    if answer.code != 0:
        raise denied(f"the commit could not be built: {content.quoted(answer.words)}", "fix what it names, then resume")
    return answer


def _same(repository: Repository, base: str, commit: str, content: Content) -> None:
    """What was approved is what was committed: hooks may look, but not change it."""
    text = repository.git.ask("diff-tree", "-r", "-z", "--name-only", "--no-renames", base, commit)
    changed = {path for path in text.split("\0") if path}
    now = repository.held(commit, content.files)
    wrong = changed - set(map(repository.path, content.files))
    wrong |= {repository.path(file) for file, held in content.files.items() if now[file] != held}
    parents = next(iter(repository.commits("-1", commit))).parents
    if wrong or parents != (base,):
        what = ", ".join(sorted(wrong)) or "the commit itself"
        raise denied(
            f"the repository's hooks or filters made something else of {what} than the plan says",
            "let them leave these files alone, then resume",
        )
