"""All that a step needs to know before it is written: the repository, the plan in it, where the plan stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from migrate.model.change import Blobs, Change, FileEdit
from migrate.model.plan import Plan
from migrate.model.ports import Unreachable
from migrate.stores.git.branches import Survey, survey
from migrate.stores.git.chain import Chain, Side, chains
from migrate.stores.git.repository import Held, Repository, name_of


@dataclass(frozen=True, slots=True)
class Assignment:
    """The plan whose steps are committed: on which branch, and which one is deployed (None: HEAD)."""

    plan: Plan
    name: str
    digest: str
    branch: str
    subject: str
    deployed: str | None


@dataclass(frozen=True, slots=True)
class Scene:
    """One look at the repository."""

    repository: Repository
    assignment: Assignment
    survey: Survey
    chains: Mapping[str, Chain]

    def held(self, commit: str, change: Change) -> dict[str, Held | None]:
        """The change's files at a commit."""
        return self.repository.held(commit, [edit.file for edit in change.files])

    def sides(self, commit: str, change: Change) -> dict[str, Side]:
        """Where each file stands at a commit, as seen from the change. Raises Unreachable."""
        held = self.held(commit, change)
        return {edit.file: self.side(edit.file, edit.before, edit.after, held[edit.file]) for edit in change.files}

    def side(self, file: str, before: str | None, after: str | None, held: Held | None) -> Side:
        """Where a file stands on the way from `before` to `after`, which the plan knows in either direction."""
        chain = self.chains.get(file)
        number = None if chain is None else chain.at(before, after)
        if chain is None or number is None:
            name = name_of(held)
            return Side.AFTER if name == after else Side.BEFORE if name == before else Side.ELSEWHERE
        found = chain.side(number, None if held is None else held.data)
        return found if chain.edits[number].before == before else found.reversed

    def ever_deployed(self, change: Change) -> bool:
        """True if a step's change stands in the deployed branch, or stood since the plan was made.

        If it never did, what others make of its files there is not made of ours. True too where that is not known.
        """
        start, tip = self.assignment.plan.commit, self.survey.deployed.tip
        if start is None or self.repository.commit(start) is None:
            return True
        paths = [self.repository.path(edit.file) for edit in change.files]
        since = self.repository.commits("--first-parent", f"{start}..{tip}", paths=paths)
        return any(Side.AFTER in self.sides(one, change).values() for one in (tip, *(commit.id for commit in since)))

    def ends(self, edit: FileEdit) -> tuple[bytes | None, bytes | None]:
        """The bytes an edit leads from and to. Raises Unreachable where they are nowhere to be found."""
        chain = self.chains.get(edit.file)
        number = None if chain is None else chain.at(edit.before, edit.after)
        if chain is None or number is None:
            raise Unreachable(
                f"plan {self.assignment.name} has no step that changes {edit.file} between these contents",
                following="use the plan that was applied",
            )
        earlier, later = chain.texts[number], chain.texts[number + 1]
        return (earlier, later) if chain.edits[number].before == edit.before else (later, earlier)

    def state(self, commit: str, change: Change) -> Blobs:
        """The change's files at a commit, by the names the plan has for them where the plan's content stands.

        A file that holds what the step made of it, and later edits by others, reads as what the step made of it.
        """
        held = self.held(commit, change)
        names = dict[str, str | None]()
        for edit in change.files:
            match self.side(edit.file, edit.before, edit.after, held[edit.file]):
                case Side.AFTER:
                    names[edit.file] = edit.after
                case Side.BEFORE:
                    names[edit.file] = edit.before
                case Side.ELSEWHERE:
                    names[edit.file] = name_of(held[edit.file])
        order = [file for file, _ in change.before.files] if isinstance(change.before, Blobs) else list(names)
        return Blobs(tuple((file, names[file]) for file in order))


def look(repository: Repository, assignment: Assignment) -> Scene:
    """Where the plan stands now. Raises Unreachable."""
    found = survey(repository, assignment.branch, assignment.deployed)
    tips = [found.tip, found.deployed.tip, found.work.tip, assignment.plan.commit]
    commits = [commit for commit in dict.fromkeys(tips) if commit]

    def find(file: str, name: str) -> bytes | None:
        return bytes_of(repository, file, name, commits)

    return Scene(repository, assignment, found, chains(assignment.plan, find))


_HISTORY = 200
"""How many commits that touched a file are searched for one of its versions."""


def bytes_of(repository: Repository, file: str, name: str, commits: list[str]) -> bytes | None:
    """A content of a file by its name, from any of the commits or from the file's history; None where it is nowhere."""
    for commit in commits:
        if (known := repository.commit(commit)) and (found := _at(repository, known, file, name)) is not None:
            return found
    known_tips = [known for commit in commits if (known := repository.commit(commit))]
    history = repository.commits(f"-{_HISTORY}", "--full-history", *known_tips, paths=[repository.path(file)])
    for one in history:
        for commit in (one.id, *one.parents):
            if repository.commit(commit) and (found := _at(repository, commit, file, name)) is not None:
                return found
    return None


def _at(repository: Repository, commit: str, file: str, name: str) -> bytes | None:
    held = repository.held(commit, [file])[file]
    return held.data if held is not None and name_of(held) == name else None
