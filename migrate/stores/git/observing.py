"""What checks may see of Git: whether what a step committed, or what took it back, stands in the deployed branch."""

from __future__ import annotations

import re
from dataclasses import dataclass

from migrate.model.change import Absent, Change, Doc, FileEdit, State, inverted
from migrate.model.json import Json
from migrate.model.plan import Step
from migrate.model.ports import Unreachable
from migrate.model.target import Target
from migrate.stores.git.branches import Branch, copies
from migrate.stores.git.chain import Side
from migrate.stores.git.merging import Merged, merge, merge_as_git
from migrate.stores.git.repository import Commit, Held
from migrate.stores.git.scene import Scene

_COMMIT = re.compile(r"(?P<step>.+)@(?P<commit>[0-9a-f]{7,64})")


@dataclass(frozen=True, slots=True)
class _Question:
    """`change` shall stand: the step's own, or its inverse."""

    step: Step
    change: Change
    branch: Branch
    way: str


def observe(scene: Scene, target: Target) -> State:
    """As migrate/checks/observations.py says. Absent: the plan has no such step. Raises Unreachable."""
    found = _COMMIT.fullmatch(target.name)
    name, commit = (found["step"], found["commit"]) if found else (target.name, None)
    step = scene.assignment.plan.step(name)
    match target.kind:
        case "Applied" if step is not None:
            question = _Question(step, step.change, scene.survey.work, "forward")
        case "Reverted" if step is not None:
            question = _Question(step, inverted(step.change), scene.survey.back, "back")
        case "Applied" | "Reverted":
            return Absent()
        case _:
            raise Unreachable(f"{target}: Git shows steps only", following=f"ask for git:Applied/STEP of {name}")
    return Doc(_at_tip(scene, question) if commit is None else {"merged": _at(scene, question, commit)})


def _at(scene: Scene, question: _Question, name: str) -> bool:
    commit = scene.repository.commit(name)
    if commit is None:
        raise Unreachable(f"commit {name} is not in this clone", following="git fetch, then ask again")
    return _holds(scene, question, commit)


def _holds(scene: Scene, question: _Question, commit: str) -> bool:
    """True if the change stands; what was never deployed has been taken back by whoever dropped the branch."""
    if _stands(scene, question.change, commit):
        return True
    return question.way == "back" and not scene.ever_deployed(question.step.change)


def _stands(scene: Scene, change: Change, commit: str) -> bool:
    return set(scene.sides(commit, change).values()) == {Side.AFTER}


def _at_tip(scene: Scene, question: _Question) -> Json:
    deployed = scene.survey.deployed
    merged = _holds(scene, question, deployed.tip)
    step = question.step.change
    holding = [
        name
        for name, tip in sorted(copies(scene.repository, scene.survey.work.name).items())
        if _stands(scene, step, tip)
    ]
    conflicts: list[Json] = [] if merged else list[Json](_conflicts(scene, question, deployed.tip))
    answer: dict[str, Json] = {
        "merged": merged,
        "branch": question.branch.name,
        "commit": _commit(scene, question),
        "conflict": conflicts,
        "deployed": deployed.name,
        "pushed": list[Json](holding),
    }
    return answer | ({"note": deployed.note} if deployed.note else {})


def _commit(scene: Scene, question: _Question) -> str | None:
    """The commit that carries the step's trailers: on the branch, else in what is deployed since the plan was made."""
    wanted = {
        "Migrate-Digest": scene.assignment.digest,
        "Migrate-Step": question.step.id,
        "Migrate-Way": question.way,
    }
    found = (*question.branch.commits, *_deployed_since(scene, question))
    return next((commit.id for commit in found if wanted.items() <= commit.trailers.items()), None)


def _deployed_since(scene: Scene, question: _Question) -> list[Commit]:
    start = scene.assignment.plan.commit
    if start is None or scene.repository.commit(start) is None:
        return []
    paths = [scene.repository.path(edit.file) for edit in question.change.files]
    return scene.repository.commits(f"{start}..{scene.survey.deployed.tip}", paths=paths)


def _conflicts(scene: Scene, question: _Question, commit: str) -> list[str]:
    """Files in which the change cannot be merged as they are now."""
    held = scene.held(commit, question.change)
    answer = list[str]()
    for edit in question.change.files:
        now = held[edit.file]
        if scene.side(edit.file, edit.before, edit.after, now) is Side.ELSEWHERE and not _fits(
            scene, question, edit, now
        ):
            answer.append(edit.file)
    return answer


def _fits(scene: Scene, question: _Question, edit: FileEdit, now: Held | None) -> bool:
    before, after = scene.ends(edit)
    if now is None or before is None or after is None:
        return False
    # The step's own branch is merged by people; its way back is made here.
    how = merge_as_git if question.way == "forward" else merge
    return isinstance(how(now.data, before, after), Merged)
