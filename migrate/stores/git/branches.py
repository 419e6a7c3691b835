"""Where the plan's work stands: its branch, the branch that takes it back, and what is deployed.

Merged is judged by content. A branch is spent once everything that it changes stood in the deployed branch, at its tip
or at some commit since they parted: then it may have been squashed, rebased, merged among other things, even reverted
since, and nothing is lost by starting anew from the deployed tip.
"""

from __future__ import annotations

from dataclasses import dataclass

from migrate.model.ports import Unreachable
from migrate.stores.git.commit_tree import SUBMODULE, Entry, blobs
from migrate.stores.git.merging import contains
from migrate.stores.git.repository import Commit, Repository

HEADS = "refs/heads/"
REMOTES = "refs/remotes/"


@dataclass(frozen=True, slots=True)
class Deployed:
    """The commit that the cluster is at, or will be. `note`: what a person should know of that choice."""

    name: str
    tip: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of ours by its name (`migrate/phase1-7f3a`). `commits`: what the deployed tip lacks, newest first."""

    name: str
    tip: str | None = None
    commits: tuple[Commit, ...] = ()
    spent: bool = True

    @property
    def ref(self) -> str:
        """Its full name."""
        return HEADS + self.name

    @property
    def ours(self) -> bool:
        """True if a plan of ours committed to it: others may have added to it since."""
        return any("Migrate-Plan" in commit.trailers for commit in self.commits)

    @property
    def open(self) -> bool:
        """True if it holds work of ours that is not merged."""
        return self.ours and not self.spent


@dataclass(frozen=True, slots=True)
class Survey:
    """All three. `tip` is what the next step stands on: unmerged work goes before what is deployed."""

    deployed: Deployed
    work: Branch
    back: Branch

    @property
    def tip(self) -> str:
        """The commit at which the plan's files are now."""
        for branch in (self.back, self.work):
            if branch.open and branch.tip is not None:
                return branch.tip
        return self.deployed.tip


def survey(repository: Repository, name: str, deployed: str | None) -> Survey:
    """Where the plan stands that works on the branch `name`; `deployed` is the branch that is deployed, None: HEAD.

    Raises Unreachable where the deployed branch is not known here.
    """
    if deployed is None and repository.git.try_("symbolic-ref", "--quiet", "HEAD").text == HEADS + name:
        raise Unreachable(
            f"{name} is checked out, and no GitRepository says which branch is deployed",
            following="git switch to the branch that is deployed",
        )
    found = deployed_at(repository, deployed)
    work, back = (_branch(repository, one, found.tip) for one in (name, f"{name}-rollback"))
    return Survey(found, work, back)


def deployed_at(repository: Repository, branch: str | None) -> Deployed:
    """What is deployed of a branch (None: HEAD): here or as last fetched, whichever contains the other.

    Raises Unreachable where this clone does not know it.
    """
    if branch is None:
        return _head(repository)
    refs = _refs(repository, branch)
    here, there = refs.get(HEADS + branch), _fetched(repository, branch, refs)
    if here is not None:
        return here.seen if there is None else _further(repository, here.seen, there)
    if there is not None:
        return there
    raise Unreachable(
        f"branch {branch}, which is deployed, is not in this clone",
        following=f"git fetch origin {branch}, or git branch {branch}",
    )


def _further(repository: Repository, here: Deployed, there: Deployed) -> Deployed:
    if here.tip == there.tip or repository.contains(there.tip, here.tip):
        return there
    if repository.contains(here.tip, there.tip):
        return here
    note = f"{here.name} and {there.name} have diverged; {there.name} is taken for what is deployed"
    return Deployed(there.name, there.tip, note)


def _head(repository: Repository) -> Deployed:
    tip = repository.commit("HEAD")
    if tip is None:
        raise Unreachable("the repository has no commit yet", following="commit the estate, then plan again")
    return Deployed("HEAD", tip)


@dataclass(frozen=True, slots=True)
class _Ref:
    """A ref as it is here: what it would be as deployed, and which ref it tracks (empty: none)."""

    seen: Deployed
    tracks: str


def _refs(repository: Repository, branch: str) -> dict[str, _Ref]:
    """The branch here, and what was last fetched of it from anywhere."""
    form = "--format=%(refname)%00%(objectname)%00%(upstream)"
    text = repository.git.ask("for-each-ref", form, HEADS + branch, f"{REMOTES}*/{branch}")
    parts = (line.split("\0") for line in text.split("\n") if line)
    return {name: _Ref(Deployed(name.removeprefix(HEADS).removeprefix(REMOTES), tip), up) for name, tip, up in parts}


def _fetched(repository: Repository, branch: str, refs: dict[str, _Ref]) -> Deployed | None:
    """What was last fetched of the branch: from where it is set to track, else from origin, else the only remote."""
    here = refs.get(HEADS + branch)
    if here is not None and here.tracks.startswith(REMOTES) and (tip := repository.commit(here.tracks)):
        return Deployed(here.tracks.removeprefix(REMOTES), tip)
    found = {name: ref.seen for name, ref in refs.items() if name.startswith(REMOTES)}
    if len(found) > 1 and f"{REMOTES}origin/{branch}" not in found:
        raise Unreachable(
            f"branch {branch}, which is deployed, is on several remotes: "
            + ", ".join(sorted(seen.name for seen in found.values())),
            following=f"git branch --set-upstream-to=REMOTE/{branch} {branch}",
        )
    return found.get(f"{REMOTES}origin/{branch}") or next(iter(found.values()), None)


def _branch(repository: Repository, name: str, deployed: str) -> Branch:
    tip = repository.commit(HEADS + name)
    return Branch(name) if tip is None else _branch_at(repository, name, tip, deployed)


def _branch_at(repository: Repository, name: str, tip: str, deployed: str) -> Branch:
    commits = tuple(repository.commits(f"{deployed}..{tip}"))
    return Branch(name, tip, commits, not commits or is_spent(repository, tip, deployed, commits))


def is_spent(repository: Repository, tip: str, deployed: str, commits: tuple[Commit, ...]) -> bool:
    """True if all that the commits up to `tip` change stands, or stood since they parted, in the deployed branch."""
    fork = _fork(repository, tip, deployed, commits)
    if fork is None:
        return False
    old, new = _difference(repository, fork, tip)
    paths = old.keys() | new.keys()
    since = repository.commits("--first-parent", f"{fork}..{deployed}", paths=sorted(paths)) if paths else []
    return any(_within(repository, commit, old, new) for commit in (deployed, *(one.id for one in since)))


def _fork(repository: Repository, tip: str, deployed: str, commits: tuple[Commit, ...]) -> str | None:
    """Where they parted; in a shallow clone, what the first commit of ours was made on."""
    base = repository.git.try_("merge-base", deployed, tip)
    if base.code == 0:
        return base.text
    ours = [commit for commit in commits if "Migrate-Plan" in commit.trailers and commit.parents]
    return ours[-1].parents[0] if ours and repository.commit(ours[-1].parents[0]) else None


def _difference(repository: Repository, old: str, new: str) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """What stood and what stands at every path that differs."""
    text = repository.git.ask("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new)
    paths = [path for path in text.split("\0") if path]
    return repository.entries(old, paths), repository.entries(new, paths)


def _within(repository: Repository, commit: str, old: dict[str, Entry], new: dict[str, Entry]) -> bool:
    """True if the commit has every change from `old` to `new`."""
    now = repository.entries(commit, old.keys() | new.keys())
    return all(_has(repository, old.get(path), new.get(path), now.get(path)) for path in old.keys() | new.keys())


def _has(repository: Repository, old: Entry | None, new: Entry | None, now: Entry | None) -> bool:
    if new == now:
        return True
    if old is None or new is None or now is None or new.mode != now.mode or new.mode == SUBMODULE:
        return False
    known = blobs(repository.git, {old.blob, new.blob, now.blob})
    return contains(known[now.blob], known[old.blob], known[new.blob])


def unmerged_copies(repository: Repository, branch: Branch, deployed: str) -> list[str]:
    """Copies of a branch elsewhere, as last seen, with work of ours that is neither merged nor on the branch here."""
    if branch.open:
        return []
    found = copies(repository, branch.name)
    return [name for name, tip in sorted(found.items()) if _branch_at(repository, name, tip, deployed).open]


def copies(repository: Repository, name: str) -> dict[str, str]:
    """What was last seen of a branch on other repositories: `origin/NAME` and its commit."""
    text = repository.git.ask("for-each-ref", "--format=%(refname)%00%(objectname)", REMOTES)
    lines = (line.partition("\0") for line in text.split("\n") if line)
    return {ref.removeprefix(REMOTES): tip for ref, _, tip in lines if ref.endswith(f"/{name}")}
