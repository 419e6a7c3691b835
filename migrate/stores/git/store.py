"""The Git store: one plan's steps as commits on a branch of its own. Never pushes, never fetches.

Nobody's checkout, index, HEAD or stash is touched; what is published is one branch, by one guarded update.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from migrate.model.change import Change, State
from migrate.model.config import GitSettings
from migrate.model.plan import Plan
from migrate.model.ports import Denied, Move, Outcome, Secrets, Snapshot, Unreachable
from migrate.model.target import Target
from migrate.stores.git.backward import retract
from migrate.stores.git.branches import HEADS
from migrate.stores.git.forward import apply, obstacles
from migrate.stores.git.observing import observe
from migrate.stores.git.outcome import NotWritten, conflict
from migrate.stores.git.repository import find
from migrate.stores.git.scene import Assignment, Scene, look


@dataclass(frozen=True, slots=True)
class GitStore:
    """`Store` and `Observer` for the estate in the folder `root`, which lies in a checkout."""

    root: str
    assignment: Assignment

    def read(self, change: Change) -> Snapshot:
        """The change's files: on the plan's branch while that is not merged, else where the cluster is.

        Named as the plan names them where they hold the plan's content, later edits of others in other lines aside.
        `version` is the commit, `mark` the run of this plan that committed to them last. Raises Unreachable.
        """
        scene = self._look()
        tip = scene.survey.tip
        return Snapshot(scene.state(tip, change), tip, _mark(scene, tip, change))

    def write(self, move: Move, seen: Snapshot, secrets: Secrets) -> Outcome:
        """Commit the step, or take it back: all of it or nothing. Raises nothing."""
        try:
            scene = self._look()
            _still(scene, move, seen)
            return apply(scene, move) if move.way == "forward" else retract(scene, move)
        except NotWritten as answer:
            return answer.outcome
        except Unreachable as error:
            return Denied(error.happened, error.following)
        except OSError as error:  # no space for temporary files, no process left to start
            return Denied(f"{error.filename or self.root}: {error.strerror or type(error).__name__}")

    def obstacles(self) -> list[tuple[str, str]]:
        """What would keep the plan's commits from being made now, each with what to do. Raises Unreachable."""
        return [(one.outcome.why, getattr(one.outcome, "following", "")) for one in obstacles(self._look())]

    def identity(self) -> str:
        """The repository's first commits, the same in every clone. A shallow clone does not know them: its place."""
        scene = self._look()
        if scene.repository.git.ask("rev-parse", "--is-shallow-repository") == "true":
            return f"shallow:{os.fspath(scene.repository.common)}"
        roots = scene.repository.git.ask("rev-list", "--max-parents=0", scene.survey.deployed.tip)
        return ",".join(sorted(roots.split("\n")))

    def observe(self, target: Target) -> State:
        """`git:Applied/STEP`, `git:Applied/STEP@COMMIT` and the same with Reverted. Raises Unreachable."""
        return observe(self._look(), target)

    def _look(self) -> Scene:
        return look(find(self.root), self.assignment)


def git_store(root: str, plan: Plan, name: str, digest: str, settings: GitSettings, deployed: str | None) -> GitStore:
    """The store for one plan. `deployed`: the branch of the estate's GitRepository; None: HEAD is what is deployed."""
    branch = settings.branch.replace("{plan}", name).replace("{phase}", plan.phase)
    known = None if deployed is None else deployed.removeprefix(HEADS)
    return GitStore(root, Assignment(plan, name, digest, branch, settings.subject, known))


def _mark(scene: Scene, tip: str, change: Change) -> str | None:
    """What a run took back, or another plan did before this one, is nobody's claim to the files."""
    last = scene.repository.last_to_touch(tip, [edit.file for edit in change.files])
    wanted = {"Migrate-Digest": scene.assignment.digest, "Migrate-Way": "forward"}
    if last is None or not wanted.items() <= last.trailers.items():
        return None
    return last.trailers.get("Migrate-Run")


def _still(scene: Scene, move: Move, seen: Snapshot) -> None:
    now = scene.state(scene.survey.tip, move.change)
    if now != seen.state:
        raise conflict(f"files of step {move.step} changed since they were read; nothing was written")
