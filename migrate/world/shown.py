"""What an observer of a practice world sees: the shapes of `migrate/checks/observations.py`, never a value.

`watch` shows what servers show of anything; `stored` what a read of something a plan may write gives.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from migrate.estate.profiles import shipped
from migrate.model.change import Absent, Doc, State
from migrate.model.json import Json
from migrate.model.target import Target
from migrate.targets import ownership
from migrate.targets.columns import KINDS, columns_of
from migrate.targets.transit import shown as shown_of_key
from migrate.targets.transit import shown_at
from migrate.world import certificates, logins, postgres, vault
from migrate.world.columns import compared, counted, restored, stored_column, writes
from migrate.world.eso import values_of
from migrate.world.pods import KINDS as MAKING_PODS
from migrate.world.pods import pods_of, template_of
from migrate.world.rendered import agent_files, dry_run, rendered, room
from migrate.world.state import Draft, World, draft

_ROLE_FIELDS = ("connect", "memberOf", "adminOf", "administeredBy")


def stored(world: World, target: Target) -> State:
    """What the server answers when a plan's target is read."""
    match target.store:
        case "vault":
            found = world.vault["paths"].get(shown_at(target))
            return Doc(shown_of_key(target, found["state"])) if found else Absent()
        case "postgres" if target.kind in KINDS:
            return stored_column(world, target)
        case "postgres":
            role = world.postgres["roles"].get(target.name)
            return Doc(_role(world, role["state"])) if role else Absent()
        case _ if target.kind == ownership.KIND:
            secret = world.cluster["objects"].get(f"Secret/{target.name}")
            return Doc(ownership.owners(secret.get("owners", []))) if secret else Absent()
        case _:
            workload = world.cluster["objects"].get(f"{target.kind}/{target.name}")
            if workload is None:
                return Absent()
            return Doc({"restartedAt": workload["restartedAt"]} if workload.get("restartedAt") else {})


def _role(world: World, state: dict[str, Any]) -> dict[str, Json]:
    """A login as the catalogue has it: every list in order, nothing left out."""
    shown: dict[str, Json] = {key: bool(state.get(key)) for key in ("login", "createrole", "superuser")}
    shown |= {key: sorted(state.get(key, []), key=str) for key in _ROLE_FIELDS}
    return shown | {"actsAs": dict(state.get("actsAs", {}))}


def watch(world: World, target: Target, now: datetime) -> State:
    """The target as an observer shows it; Absent where there is no such thing."""
    looking = draft(world, now)
    match target.store:
        case "vault":
            found = _vault(looking, target)
        case "postgres":
            found = _postgres(looking, world, target)
        case _ if target.kind == ownership.KIND:
            return stored(world, target)
        case _:
            found = _cluster(looking, target)
    return Absent() if found is None else Doc(found)


# --- Vault ---------------------------------------------------------------------------------------------------------


def _vault(world: Draft, target: Target) -> Json:
    if target.kind == "sys" and target.name == "health":
        sealed = bool(world.vault["sealed"])
        health: dict[str, Json] = {"initialized": True, "sealed": sealed, "version": world.vault["version"]}
        return health | {"cluster": world.vault["cluster"], "trusted": True}
    if target.kind.startswith("sys/mounts"):
        kind = world.vault["mounts"].get(target.path.removeprefix("sys/mounts/"))
        return {"type": kind} if kind else None
    if target.kind == "sys" and target.name == "host":
        return {"addresses": ["192.0.2.10"]}
    if target.kind.startswith("leases/"):
        path = f"{target.kind.removeprefix('leases/')}/{target.name}"
        return {"count": sum(1 for one in world.vault["leases"] if one["path"] == path)}
    if target.kind.endswith("/reach"):
        path = f"{target.kind.removesuffix('/reach')}/config/{target.name}"
        return vault.reached(world, path) if path in world.paths else None
    if target.kind.endswith("/authority"):
        return certificates.authority(world, target.kind.removesuffix("/authority"))
    if target.kind.endswith("/issued"):
        return _issued(certificates.of_name(world, target.kind.removesuffix("/issued"), target.name))
    found = world.paths.get(shown_at(target))
    if found is None:
        return None
    state: dict[str, Json] = dict(shown_of_key(target, found["state"]))
    if target.kind.endswith("/static-roles"):
        state["ttl"] = vault.time_to_live(world, found["state"])
    if target.kind.endswith("/config"):
        state["reachable"] = not world.faults.get("database")
    return state


def _issued(found: list[dict[str, Any]]) -> Json:
    valid = [{key: one[key] for key in ("serial", "since", "until")} for one in found if not one["revoked"]]
    return {"valid": list[Json](valid), "revoked": list[Json]([one["serial"] for one in found if one["revoked"]])}


# --- PostgreSQL ----------------------------------------------------------------------------------------------------


def _postgres(draft: Draft, world: World, target: Target) -> Json:
    server = draft.postgres
    if target.kind in KINDS | _SIDE_BY_SIDE:
        return _columns(draft, world, target)
    match target.kind, target.name:
        case "server", "settings":
            return {"version": server["version"], "system": server["system"]}
        case "server", "hba":
            return {"rules": server["hba"], "unread": 0}
        case "server", "revoked":
            return {"serials": [one["serial"] for one in certificates.issued(draft) if one["revoked"]]}
        case "certificates", login:
            return _certificates(postgres.sessions_of(draft, login))
        case "endpoint", address:
            return _endpoint(draft, address)
        case "role", _:
            found = stored(world, target)
            return found.value if isinstance(found, Doc) else None
        case "sessions", login:
            return _sessions(postgres.sessions_of(draft, login))
        case "ownership", database:
            found = server["databases"].get(database)
            return {"owners": found["owners"]} if found else None
        case _:
            return None


_SIDE_BY_SIDE = frozenset({"versions", "writes", "comparison", "restored"})


def _columns(draft: Draft, world: World, target: Target) -> Json:
    name, _, asked = target.name.partition("?")
    columns, about = columns_of(Target("postgres", target.kind, name)), dict(parse_qsl(asked))
    match target.kind:
        case "writes":
            return writes(draft, columns)
        case "versions":
            return counted(draft, columns)
        case "comparison":
            return compared(draft, columns, about["with"])
        case "restored":
            return restored(draft, columns, about["with"])
        case _:
            found = stored_column(world, target)
            return found.value if isinstance(found, Doc) else None


def _certificates(found: list[dict[str, Any]]) -> Json:
    serials = list[Json](sorted({str(one["certificate"]) for one in found if one.get("certificate")}))
    return {"count": len(found), "without": sum(1 for one in found if not one.get("certificate")), "serials": serials}


def _endpoint(draft: Draft, address: str) -> Json:
    server = draft.postgres
    here = address == server["address"] and not draft.faults.get("database")
    shown: dict[str, Json] = {"reachable": here}
    return shown | ({"tls": server["tls"], "trusted": True, "names": server["names"]} if here else {})


def _sessions(found: list[dict[str, Any]]) -> Json:
    shown: dict[str, Json] = {
        "count": len(found),
        "actingAs": list[Json](sorted({str(one["acting"]) for one in found})),
    }
    shown["clients"] = list[Json](sorted(str(one["client"]) for one in found))
    times = [str(one["since"]) for one in found]
    return shown | ({"oldest": min(times), "newest": max(times)} if times else {})


# --- the cluster ---------------------------------------------------------------------------------------------------


def _cluster(draft: Draft, target: Target) -> Json:
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
