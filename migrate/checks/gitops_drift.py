"""The release follows Git, and the edits change nothing but the one Deployment."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """A release that is suspended or failed would not take the commit up."""
    name, deployment = question.about["release"], question.about["deployment"]
    release = look(observer, f"cluster:HelmRelease/{name}")
    if not release.exists:
        return Fail(f"HelmRelease {name} is not in the cluster", "see whether Flux applies the folder it stands in")
    if release.flag("suspended"):
        return Fail(f"HelmRelease {name} is suspended", f"flux resume helmrelease {name.rpartition('/')[2]}")
    if release.flag("failed"):
        return Fail(f"HelmRelease {name} has failed", "bring it back to Ready before anything is changed")
    if release.number("observed") != release.number("generation"):
        return Inconclusive(f"HelmRelease {name} is still being reconciled", "it is Ready at its newest generation")
    rendered = look(observer, f"cluster:Rendered/{name}?{question.about['touches']}").texts("changed")
    others = sorted(one for one in rendered if one != f"Deployment {deployment}")
    if others:
        return Fail(f"the edits would change {joined(others)} too", "see why with helm template, before and after")
    return Pass(f"HelmRelease {name} is Ready, and only Deployment {deployment} would change")


CHECK = Check(
    "gitops.drift", ("release", "deployment", "touches"), "the commit changes the one Deployment only", settled(ask)
)
