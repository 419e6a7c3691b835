"""What an observer of a practice world's cluster sees: workloads and their pods, Secrets, what Flux and Helm report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from migrate.estate.profiles import shipped
from migrate.model.json import Json
from migrate.model.target import Target
from migrate.world import logins, vault
from migrate.world.eso import values_of
from migrate.world.pods import KINDS as MAKING_PODS
from migrate.world.pods import pods_of, template_of
from migrate.world.rendered import agent_files, dry_run, rendered, room
from migrate.world.state import Draft


def shown(draft: Draft, target: Target) -> Json:
    """An object of the cluster, or what the API server says of one; None where there is no such thing."""
    name, _, asked = target.name.partition("?")
    if (show := _SHOWN.get(target.kind)) is not None:
        return show(draft, name, asked)
    found = draft.objects.get(f"{target.kind}/{name}")
    if found is None:
        return None
    match target.kind:
        case "Deployment" | "StatefulSet" | "DaemonSet" | "CronJob":
            return _workload(draft, f"{target.kind}/{name}", found)
        case "Secret":
            return _secret(draft, name, found)
        case "ExternalSecret":
            return _external(found)
        case "Kustomization":
            suspended = bool(found.get("suspended") or draft.faults.get("flux"))
            return {
                "ready": not suspended or bool(found["applied"]),
                "suspended": suspended,
                "applied": found["applied"],
            }
        case "HelmRelease":
            return _release(draft, found)
        case "ServiceAccount":
            return {"uid": found["uid"], "tokens": bool(found.get("spec", {}).get("tokens", True))}
        case _:
            return {"uid": found["uid"]}


def _workload(draft: Draft, key: str, found: dict[str, Any]) -> Json:
    wanted, pods = template_of(found), pods_of(draft, key)
    shown: dict[str, Json] = {
        "replicas": found["spec"]["replicas"],
        "updated": sum(1 for _, pod in pods if pod["template"] == wanted),
        "ready": sum(1 for _, pod in pods if pod["ready"]),
        "account": found["spec"]["pod"]["spec"].get("serviceAccountName"),
        "pods": [_pod(name, pod) for name, pod in pods],
    }
    if found.get("blocked"):
        shown["blocked"] = found["blocked"]
    return shown | ({"restartedAt": found["restartedAt"]} if found.get("restartedAt") else {})


def _pod(name: str, pod: dict[str, Any]) -> Json:
    return {
        "name": name.partition("/")[2],
        "address": pod["address"],
        "started": pod["started"],
        "ready": pod["ready"],
        "agent": bool(pod["agent"]),
        "role": pod["role"],
        "deleting": False,
        "waiting": pod["waiting"],
    }


def _secret(draft: Draft, name: str, found: dict[str, Any]) -> Json:
    shown: dict[str, Json] = {
        "uid": found["uid"],
        "owners": list(found.get("owners", [])),
        "keys": sorted(found["data"]),
        "immutable": bool(found.get("immutable")),
    }
    synced = _equals_vault(draft, name, found)
    return shown if synced is None else shown | {"synced": synced}


def _equals_vault(draft: Draft, name: str, found: dict[str, Any]) -> bool | None:
    """Whether its values are those in Vault. Not to be known while Vault serves nobody; nothing where nobody copies."""
    if vault.closed(draft):
        return None
    for external_name, external in draft.of("ExternalSecret"):
        spec = external.get("spec")
        if spec and f"{external_name.partition('/')[0]}/{spec['target']}" == name:
            values, why = values_of(draft, spec)
            return None if why else bool(found["data"].items() >= values.items())
    return None


def _external(found: dict[str, Any]) -> Json:
    shown: dict[str, Json] = {"uid": found["uid"], "ready": bool(found.get("ready"))}
    shown |= {"creationPolicy": found["spec"]["creationPolicy"], "message": found.get("message", "")}
    shown |= {"generation": found["generation"]} | ({"handled": found["synced"]} if found.get("synced") else {})
    return shown | ({"refreshed": found["refreshed"]} if found.get("refreshed") else {})


def _release(draft: Draft, found: dict[str, Any]) -> Json:
    suspended, failed = bool(found.get("suspended")), bool(found.get("failed"))
    shown: dict[str, Json] = {"ready": not suspended and not failed, "suspended": suspended, "failed": failed}
    return shown | {"generation": found["generation"], "observed": found.get("observed", 0)}


def _webhook(draft: Draft, name: str, asked: str) -> Json:
    injector = draft.objects.get("Injector/injector")
    if injector is None:
        return None
    served = not draft.faults.get("webhook")
    policy = injector["spec"]["failurePolicy"]
    return {"served": served, "failurePolicy": policy, "caTrusted": True, "covers": "*"}


def _consumers(draft: Draft, name: str, asked: str) -> Json:
    namespace, _, secret = name.partition("/")
    pods = [pod for pod, one in draft.of("Pod") if pod.startswith(f"{namespace}/") and secret in one["spec"]["secrets"]]
    return {"pods": list[Json](pods)}


def _operators(draft: Draft, name: str, asked: str) -> Json:
    listed = [operator for operator, one in draft.of("DatabaseOperator") if name in one["spec"]["logins"]]
    return {"listedBy": list[Json](listed)}


def _shell(draft: Draft, name: str, asked: str) -> Json:
    """A practice world runs no images: what documentation does not deny is taken to be there."""
    namespace, workload, short = name.split("/")
    keys = (f"{kind}/{namespace}/{workload}" for kind in MAKING_PODS)
    found = next((draft.objects[key] for key in keys if key in draft.objects), None)
    if found is None:
        return None
    containers = found["spec"]["pod"]["spec"].get("containers") or []
    image = next((str(one.get("image")) for one in containers if one.get("name") == short), "")
    return {"present": shipped().image(image).shell is not False}


_SHOWN: dict[str, Callable[[Draft, str, str], Json]] = {
    "Webhook": _webhook,
    "Consumers": _consumers,
    "DatabaseOperator": _operators,
    "LoginAs": logins.to_vault,
    "DatabaseLogin": logins.to_database,
    "CertificateLogin": logins.by_certificate,
    "RevokeCycle": logins.revoke_cycle,
    "OldLogin": logins.old_login,
    "Room": room,
    "DryRun": dry_run,
    "AgentFiles": agent_files,
    "Rendered": rendered,
    "Shell": _shell,
}
