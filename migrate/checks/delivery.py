"""Whether a commit, or what takes it back, has gone all the way: merged by people, then applied by Flux."""

from __future__ import annotations

from migrate.checks.answer import Answer, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import Seen, joined, look
from migrate.model.ports import Observer


def delivered(observer: Observer, question: Question, kind: str, what: str) -> Answer:
    """Merged is judged by content, so squashing and rebasing are fine. There is no time limit on people.

    `kustomization` names who applies it; several are split by commas. `kind` is `Applied` or `Reverted`; `what` names
    it for people.
    """
    step = question.about["step"]
    git = look(observer, f"git:{kind}/{step}")
    if git.shows("conflict") and git.texts("conflict"):
        return Fail(
            f"{joined(git.texts('conflict'))} holds something else than {what}",
            "somebody changed the same lines: settle it in Git by hand",
        )
    if not git.flag("merged"):
        return Inconclusive(f"{what} is not merged yet", _to_merge(git))
    left = _left_elsewhere(git) if kind == "Reverted" else ""
    owner = question.about["kustomization"]
    if not owner:
        return Pass(f"{what} is merged; no Flux Kustomization applies it, so the next gates look at the objects{left}")
    readings = list[str]()
    for one in owner.split(","):
        found = _applied(observer, f"git:{kind}/{step}", one, what)
        if not isinstance(found, Pass):
            return found
        readings.append(found.reading)
    return Pass(readings[0] + "".join(f"; {reading}" for reading in readings[1:]) + left)


def _to_merge(git: Seen) -> str:
    branch = f"branch {git.text('branch')}" if git.shows("branch") else "the branch"
    # Nothing is fetched here: a merge made elsewhere is seen only once somebody has.
    fetch = ", git fetch" if git.shows("deployed") and "/" in git.text("deployed") else ""
    return f"push {branch} and merge it{fetch}, then: migrate resume"


def _left_elsewhere(git: Seen) -> str:
    """A branch that was dropped here may have been pushed: whoever merges it there makes the step again."""
    copies = git.texts("pushed") if git.shows("pushed") else []
    return f"; {joined(copies)} still holds the step: delete it there, so that nobody merges it" if copies else ""


def _applied(observer: Observer, git: str, owner: str, what: str) -> Answer:
    flux = look(observer, f"cluster:Kustomization/{owner}")
    if not flux.exists:
        return Fail(f"there is no Kustomization {owner} in the cluster", "see what became of it: Flux must apply this")
    if flux.flag("suspended"):
        name = owner.rpartition("/")[2]
        return Inconclusive(
            f"{what} is merged, but Kustomization {owner} is suspended", f"flux resume kustomization {name}"
        )
    commit = flux.text("applied")
    if not look(observer, f"{git}@{commit}").flag("merged"):
        return Inconclusive(f"{what} is merged, and Flux has not applied it yet", f"Kustomization {owner} applies it")
    if not flux.flag("ready"):
        return Inconclusive(f"Kustomization {owner} is not Ready", "it is Ready: flux get kustomizations")
    return Pass(f"{what} is merged and applied (Kustomization {owner} at {commit[:12]})")
