"""The workload is off the new way: nothing of it needs what expand made."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Inconclusive, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.checks.pods import unsettled, workload
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Every pod counts, ending ones too: an agent without its role leaves its application without a password."""
    deployment, role = question.about["deployment"], question.about["jwt_role"]
    seen = look(observer, workload(deployment))
    if not seen.exists:
        return Pass(f"there is no {seen.target.kind} {seen.target.name}")
    using = [str(pod["name"]) for pod in seen.items("pods") if pod.get("role") == role]
    if using:
        return Inconclusive(f"{joined(using)} still uses {role}", "the pods without it have replaced them")
    return unsettled(seen) or Pass(f"no pod of {deployment} uses {role}")


CHECK = Check("gitops.owner", ("deployment", "jwt_role"), "no pod uses the new way any more", settled(ask), guards=True)
