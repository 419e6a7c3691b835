"""One `git update-ref`, with the old value as its guard: before it nothing has happened, after it everything has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from migrate.model.ports import Conflict, Denied, Outcome, OutcomeUnknown, Unreachable, Written
from migrate.stores.git.branches import HEADS, Branch
from migrate.stores.git.outcome import denied, quoted
from migrate.stores.git.repository import Repository


@dataclass(frozen=True, slots=True)
class Publication:
    """A branch that was at `old` (None: was not there) shall be at `new` (None: shall not be there)."""

    branch: Branch
    new: str | None
    why: str
    """For the reflog."""


def publish(repository: Repository, publication: Publication) -> Outcome:
    """Move the branch, if it is still where it was found. Raises nothing."""
    branch, new = publication.branch, publication.new
    try:
        answer = repository.git.with_hooks(*_words(repository, publication))
        if answer.code == 0:
            return Written()
        now = repository.commit(branch.ref)
    except Unreachable as error:
        return OutcomeUnknown(f"git update-ref {branch.ref} may or may not have run: {error}")
    if now == new:
        return Written()
    if now != branch.tip:
        return Conflict(f"branch {branch.name} was moved by somebody else meanwhile; it is left where they put it")
    return Denied(
        f"git does not let branch {branch.name} be moved: {quoted(answer.words, ())}", "fix what it names, then resume"
    )


def _words(repository: Repository, publication: Publication) -> tuple[str, ...]:
    branch, new, why = publication.branch, publication.new, publication.why
    if new is None:
        return ("update-ref", "-m", why, "-d", branch.ref, branch.tip or "")
    nothing = "0" * len(new)
    return ("update-ref", "--create-reflog", "-m", why, branch.ref, new, branch.tip or nothing)


def movable(repository: Repository, branch: Branch) -> None:
    """Return if the branch may be moved under nobody's feet. Raises NotWritten (Denied)."""
    if repository.git.try_("check-ref-format", branch.ref).code != 0:
        raise denied(f"no branch can be called {branch.name}", "set git.branch in migrate.yaml, then plan again")
    place = _standing_on(repository, branch.ref)
    if place is not None:
        raise denied(
            f"branch {branch.name} is checked out or being rebased in {place}: moved under it, our commit would look "
            "like changes that undo it",
            f"git -C {place} switch --detach, then resume",
        )


def _standing_on(repository: Repository, ref: str) -> str | None:
    """The worktree that has the branch checked out, or is busy with it."""
    place = ""
    for line in repository.git.ask("worktree", "list", "--porcelain").split("\n"):
        key, _, value = line.partition(" ")
        if key == "worktree":
            place = value
        elif key == "branch" and value == ref:
            return place
    return next((place for place, busy in _busy(repository) if busy == ref), None)


def _busy(repository: Repository) -> list[tuple[str, str]]:
    """Worktrees in the middle of a rebase or a bisection: HEAD is detached then, the branch is still theirs."""
    answer = list[tuple[str, str]]()
    for folder in (Path(repository.common), *Path(repository.common, "worktrees").glob("*")):
        for name in ("rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"):
            try:
                text = (folder / name).read_text(errors="replace").strip()
            except OSError:
                continue
            place = _checkout(folder, repository)
            answer.append((place, text if text.startswith("refs/") else HEADS + text))
    return answer


def _checkout(folder: Path, repository: Repository) -> str:
    try:
        return str(Path((folder / "gitdir").read_text().strip()).parent)
    except OSError:
        return repository.git.folder
