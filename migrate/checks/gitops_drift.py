"""The release follows Git, and the edits change nothing but the one workload and what it alone uses."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.checks.pods import workload
from migrate.checks.release import edited, upgrading
from migrate.model.json import mapping
from migrate.model.ports import Observer
from migrate.model.target import parse_target


def ask(observer: Observer, question: Question) -> Answer:
    """A release that is suspended or failed would not take the commit up; one that was edited is not Git's."""
    name, target = question.about["release"], parse_target(workload(question.about["deployment"]))
    own = f"{target.kind} {target.name}"
    if waits := upgrading(observer, name) or edited(observer, name):
        return waits
    rendered = look(observer, f"cluster:Rendered/{name}?{question.about['touches']}")
    by, changed = rendered.text("by"), rendered.texts("changed")
    used = mapping(rendered.value.get("usedBy"))
    others = sorted(one for one in changed if one != own and used.get(one) != [own])
    if others:
        return Fail(
            f"the edits would change {joined(others)} too (by {by})", "see why with helm template, before and after"
        )
    if not changed:
        return Fail(
            f"the edits would change nothing of what the chart renders (by {by})",
            "these values do not reach the chart: see its values, then plan again",
        )
    beside = [one for one in changed if one != own]
    only = f"{own}{' and what it alone uses, ' + joined(beside) + ',' if beside else ''}"
    return Pass(f"HelmRelease {name} is Ready, and only {only} would change (by {by})")


CHECK = Check(
    "gitops.drift", ("release", "deployment", "touches"), "the commit changes the one workload only", settled(ask)
)
