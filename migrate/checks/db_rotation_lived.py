"""The workload has lived through a natural rotation of its password."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Inconclusive, Pass, Question
from migrate.checks.looking import look, moment, settled
from migrate.checks.pods import living, unsettled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Rotated after the pods came, still ready, and logged in again since."""
    about = question.about
    role = look(observer, f"vault:{about['database_mount']}/static-roles/{about['static_role']}")
    deployment = look(observer, f"cluster:Deployment/{about['deployment']}")
    if waits := unsettled(deployment):
        return waits
    rotated = role.time("last_vault_rotation")
    came = [moment(str(pod["started"])) for pod in living(deployment.items("pods"))]
    if question.since:
        came.append(question.since)
    if not came or rotated <= max(came):
        period = role.number("rotation_period")
        return Inconclusive(
            f"the password was last rotated {rotated.isoformat(timespec='seconds')}, before these pods came",
            f"Vault rotates it by itself, at most {period} seconds after the last time; do not rotate it by hand",
        )
    sessions = look(observer, f"postgres:sessions/{about['new_login']}")
    if not sessions.number("count") or sessions.time("newest") <= rotated:
        return Inconclusive(
            f"nobody has logged in as {about['new_login']} since the rotation", "the application opens a new session"
        )
    return Pass(f"rotated {rotated.isoformat(timespec='seconds')}, and {about['deployment']} logged in again since")


CHECK = Check(
    "db.rotation-lived",
    ("database_mount", "static_role", "deployment", "new_login"),
    "the workload lives through a rotation",
    settled(ask),
)
