"""The release follows Git, and the edits change nothing but the one Deployment."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.checks.release import upgrading
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """A release that is suspended or failed would not take the commit up."""
    name, deployment = question.about["release"], question.about["deployment"]
    if waits := upgrading(observer, name):
        return waits
    rendered = look(observer, f"cluster:Rendered/{name}?{question.about['touches']}").texts("changed")
    others = sorted(one for one in rendered if one != f"Deployment {deployment}")
    if others:
        return Fail(f"the edits would change {joined(others)} too", "see why with helm template, before and after")
    return Pass(f"HelmRelease {name} is Ready, and only Deployment {deployment} would change")


CHECK = Check(
    "gitops.drift", ("release", "deployment", "touches"), "the commit changes the one Deployment only", settled(ask)
)
