"""No agent sleeps out a long time to live after the rotation period was shortened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import Seen, joined, look, moment, settled
from migrate.checks.pods import living, unsettled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """The period is the short one, and every pod is younger than that change."""
    about = question.about
    role = look(observer, f"vault:{about['database_mount']}/static-roles/{about['static_role']}")
    if not role.exists:
        return Pass(f"there is no static role {about['static_role']}: nothing rotates")
    short = int(about["period"])
    if role.number("rotation_period") > short:
        return Fail(
            f"{about['static_role']} is rotated every {role.number('rotation_period')} seconds, not every {short}",
            "the step that shortens it must come first: migrate rollback",
        )
    deployment = look(observer, f"cluster:Deployment/{about['deployment']}")
    if not deployment.exists:
        return Pass(f"there is no Deployment {about['deployment']}: no agent sleeps")
    old = [
        str(pod["name"])
        for pod in living(deployment.items("pods"))
        if pod.get("agent") and any(moment(str(pod["started"])) < one for one in _shortened(deployment, question))
    ]
    if old:
        return Inconclusive(
            f"{joined(old)} came before the period was shortened and would serve a dead password",
            f"kubectl -n {about['namespace']} rollout restart deployment/{about['deployment'].rpartition('/')[2]}",
        )
    return unsettled(deployment) or Pass(f"every pod of {about['deployment']} has read the short period")


def _shortened(deployment: Seen, question: Question) -> Iterator[datetime]:
    """When the period was shortened, as far as anything tells: the run's undo, and the replacement that follows it."""
    if question.since:
        yield question.since
    if deployment.shows("restartedAt"):
        yield deployment.time("restartedAt")


CHECK = Check(
    "db.agent-ttl",
    ("database_mount", "static_role", "period", "deployment", "namespace"),
    "no agent sleeps through the next rotation",
    settled(ask),
    guards=True,
)
