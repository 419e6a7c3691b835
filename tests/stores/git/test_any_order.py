"""Steps, their way back, merges of every kind and other people's commits, in any order: nobody's work is ever lost."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from migrate.model.ports import Conflict, Written
from tests.stores.git.plans import BACK, BRANCH, CUTOVER, ORPHAN, REMOVE, fill, work
from tests.stores.git.repositories import new

STEPS = (CUTOVER, ORPHAN, REMOVE)
HOW = st.sampled_from(["squash", "merge", "rebase"])


class Anything(RuleBasedStateMachine):
    """A repository, a plan in it, and people."""

    @initialize()
    def begin(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.repository = new(Path(self._folder.name) / "repo")
        fill(self.repository)
        self.plan = work(self.repository)
        self.done = 0
        self.theirs = list[str]()

    def teardown(self) -> None:
        self._folder.cleanup()

    # --- us

    @precondition(lambda self: self.done < len(STEPS))
    @rule()
    def make_the_next_step(self) -> None:
        main = self.repository.git("rev-parse", "main")
        step = STEPS[self.done]
        match self.plan.write(step):
            case Written():
                self.done += 1
            case Conflict():
                # A rollback waits for its merge, or somebody changed the file the step was planned for.
                edited = "theirs" in self.repository.git("show", "main:app.yaml")
                assert self._exists(BACK) or (edited and step == CUTOVER)
            case other:
                raise AssertionError(str(other))
        assert self.repository.git("rev-parse", "main") == main

    @precondition(lambda self: self.done > 0)
    @rule()
    def take_the_last_step_back(self) -> None:
        main = self.repository.git("rev-parse", "main")
        assert self.plan.take_back(STEPS[self.done - 1]) == Written()
        self.done -= 1
        assert self.repository.git("rev-parse", "main") == main

    # --- people

    @precondition(lambda self: self._unmerged(BRANCH))
    @rule(how=HOW)
    def merge_our_branch(self, how: str) -> None:
        self._merge(BRANCH, how)

    @precondition(lambda self: self._unmerged(BACK))
    @rule(how=HOW)
    def merge_the_way_back(self, how: str) -> None:
        self._merge(BACK, how)

    @rule(file=st.sampled_from(["other.yaml", "app.yaml"]))
    def commit_something(self, file: str) -> None:
        line = f"# theirs {len(self.theirs)}"
        self.theirs.append(line)
        self.repository.write(file, f"{line}\n" + (self.repository.path / file).read_text())
        self.repository.commit("theirs")

    @precondition(lambda self: self._exists(BRANCH) and not self._unmerged(BRANCH))
    @rule()
    def delete_the_merged_branch(self) -> None:
        self.repository.git("branch", "-D", BRANCH)

    # --- what always holds

    @invariant()
    def a_step_stands_if_and_only_if_it_was_made(self) -> None:
        for number, step in enumerate(STEPS):
            assert self.plan.applied(step) == (number < self.done)

    @invariant()
    def nothing_of_theirs_is_lost(self) -> None:
        text = "".join((self.repository.path / file).read_text() for file in ("app.yaml", "other.yaml"))
        assert all(line in text for line in self.theirs)

    @invariant()
    def nothing_is_left_over(self) -> None:
        assert list((self.repository.path / ".git" / "migrate").glob("*")) == []
        assert self.repository.git("status", "--porcelain") == ""

    # --- how people merge

    def _exists(self, branch: str) -> bool:
        return self.repository.git("branch", "--list", branch) != ""

    def _unmerged(self, branch: str) -> bool:
        """As a hosting service shows it: there is something to merge."""
        if not self._exists(branch):
            return False
        tip = self.plan.store.read(self.plan.change(CUTOVER)).version
        return self.repository.git("rev-parse", branch) == tip != self.repository.git("rev-parse", "main")

    def _merge(self, branch: str, how: str) -> None:
        match how:
            case "squash":
                self.repository.git("merge", "--quiet", "--squash", branch)
                self.repository.git("commit", "--quiet", "--allow-empty", "-m", "squashed")
            case "merge":
                self.repository.git("merge", "--quiet", "--no-ff", "-m", "merged", branch)
            case _:
                self.repository.git("switch", "--quiet", "--detach", branch)
                self.repository.git("rebase", "--quiet", "main")
                tip = self.repository.head
                self.repository.git("switch", "--quiet", "main")
                self.repository.git("merge", "--quiet", "--ff-only", tip)


TestAnything = Anything.TestCase
TestAnything.settings = settings(
    max_examples=3, stateful_step_count=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
