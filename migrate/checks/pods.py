"""What several checks ask of a Deployment's pods."""

from __future__ import annotations

from migrate.checks.answer import Inconclusive
from migrate.checks.looking import Seen
from migrate.model.json import Json


def unsettled(deployment: Seen) -> Inconclusive | None:
    """Why the Deployment is not rolled out yet; None where it is."""
    name = f"{deployment.target.kind} {deployment.target.name}"
    wanted, ready, updated = (deployment.number(key) for key in ("replicas", "ready", "updated"))
    pods = deployment.items("pods")
    waiting = next((str(pod["waiting"]) for pod in pods if pod.get("waiting")), "")
    if updated < wanted or ready < wanted:
        because = f" ({waiting})" if waiting else ""
        return Inconclusive(f"{name}: {updated} of {wanted} pods are new, {ready} ready{because}", "the rollout ends")
    if len(living(pods)) != len(pods) or len(pods) > wanted:
        return Inconclusive(f"{name}: old pods are still ending", "the rollout ends")
    return None


def workload(name: str) -> str:
    """The target of a workload by its name in a plan: `namespace/name` is a Deployment, else its kind stands first."""
    return f"cluster:{name}" if name.count("/") > 1 else f"cluster:Deployment/{name}"


def living(pods: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """Pods that are not being deleted."""
    return [pod for pod in pods if not pod.get("deleting")]


def addresses(pods: list[dict[str, Json]]) -> set[str]:
    """The addresses by which a database knows them."""
    return {str(pod["address"]) for pod in pods if pod.get("address")}
