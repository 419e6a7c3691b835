"""The cutover has arrived in every pod."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.db_old_login import attempt, refused
from migrate.checks.looking import Seen, joined, look, settled
from migrate.checks.pods import addresses, living, unsettled, workload
from migrate.checks.release import upgrading
from migrate.model.json import Json
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Rolled out, every pod with a ready agent in the right role, none of them on the old login, which still works."""
    about = question.about
    if about["release"] and (waits := upgrading(observer, about["release"])):
        return waits
    deployment = look(observer, workload(about["deployment"]))
    if not deployment.exists:
        return Fail(f"there is no {deployment.target.kind} {deployment.target.name}", "see what removed it")
    if waits := unsettled(deployment):
        return waits
    pods = living(deployment.items("pods"))
    without = [str(pod["name"]) for pod in pods if not (pod.get("agent") and pod.get("role") == about["jwt_role"])]
    if without:
        return Fail(
            f"{joined(without)} of {about['deployment']} has no agent in role {about['jwt_role']}",
            "was the webhook down when it started? Replace the pod once it serves; roll back otherwise",
        )
    if not about["old_login"]:
        return Pass(f"{len(pods)} pods of {about['deployment']} run with the agent")
    old = look(observer, f"postgres:sessions/{about['old_login']}")
    # That it is tried at all is for db.old-login to insist on; here every reading of the soak says where it fails.
    back = refused(attempt(observer, about), about) if about["secret"] else None
    return (
        _old_sessions(old, pods, about["old_login"])
        or back
        or Pass(f"{len(pods)} pods of {about['deployment']} run with the agent, none on login {about['old_login']}")
    )


def _old_sessions(sessions: Seen, pods: list[dict[str, Json]], owner: str) -> Answer | None:
    if not sessions.number("count"):
        return None
    if not sessions.shows("clients"):
        return Inconclusive(f"{owner} has sessions, and whose they are is not shown", "look at pg_stat_activity")
    ours = sorted(addresses(pods).intersection(sessions.texts("clients")))
    if ours:
        return Fail(f"{joined(ours)} still logs in as {owner}", "see which setting still holds the old login")
    return None


CHECK = Check(
    "rollout.recreate-or-single",
    ("release", "deployment", "jwt_role", "old_login", "secret", "secret_key", "database"),
    "the workload runs on the new login in every pod",
    settled(ask),
)
