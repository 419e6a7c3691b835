"""Pods: who makes them, what they wait for, and when they are ready. New ones come before old ones go."""

from __future__ import annotations

import copy
from typing import Any

from migrate.model.json import digest
from migrate.world import agents, certificates, postgres
from migrate.world.state import Draft, written

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")
"""Of a CronJob no pod runs while one looks: it has no replicas."""


def roll(draft: Draft) -> None:
    """Every workload has the pods that its template asks for, as far as they can start."""
    for kind in KINDS:
        for name, workload in draft.of(kind):
            if "spec" in workload:
                _roll(draft, f"{kind}/{name}", workload)
    owners = {f"{kind}/{name}" for kind in KINDS for name, _ in draft.of(kind)}
    for name, pod in draft.of("Pod"):
        if pod["owner"] not in owners:
            _end(draft, name)


def _roll(draft: Draft, key: str, workload: dict[str, Any]) -> None:
    spec, wanted = workload["spec"], template_of(workload)
    mine = pods_of(draft, key)
    new = [name for name, pod in mine if pod["template"] == wanted]
    workload["blocked"] = ""
    while len(new) < spec["replicas"] and not workload["blocked"]:
        if name := _create(draft, key, workload, wanted):
            new.append(name)
    for name in new[spec["replicas"] :]:
        _end(draft, name)
    for name, pod in pods_of(draft, key):
        _start(draft, name, pod, workload.get("broken", ""))
    ready = [name for name, pod in pods_of(draft, key) if pod["template"] == wanted and pod["ready"]]
    if len(ready) >= spec["replicas"]:
        for name, pod in pods_of(draft, key):
            if pod["template"] != wanted:
                _end(draft, name)


def template_of(workload: dict[str, Any]) -> str:
    """What tells pods of one template from those of another."""
    spec = {key: one for key, one in workload["spec"].items() if key not in {"by", "replicas"}}
    return digest([spec, workload.get("restartedAt")])[:10]


def pods_of(draft: Draft, key: str) -> list[tuple[str, dict[str, Any]]]:
    """The pods of a workload."""
    return [(name, pod) for name, pod in draft.of("Pod") if pod["owner"] == key]


def _create(draft: Draft, key: str, workload: dict[str, Any], template: str) -> str:
    """A new pod; empty where something forbids it, which the workload then says."""
    _, namespace, name = key.split("/", 2)
    manifest = workload["spec"]["pod"]
    account = manifest["spec"].get("serviceAccountName") or "default"
    if account != "default" and f"ServiceAccount/{namespace}/{account}" not in draft.objects:
        workload["blocked"] = f"error looking up service account {namespace}/{account}: not found"
        return ""
    agent, refused = agents.admitted(draft, manifest, namespace)
    if refused:
        workload["blocked"] = refused
        return ""
    pod = f"{namespace}/{name}-{template}-{draft.draw(5)}"
    draft.objects[f"Pod/{pod}"] = {
        "uid": draft.uid(),
        "owner": key,
        "template": template,
        "started": written(draft.now),
        "since": "",
        "ready": False,
        "waiting": "",
        "restarts": 0,
        "address": f"10.244.{draft.drawn // 250 % 250}.{draft.drawn % 250 + 2}",
        "agent": agent,
        "role": str(agents.noted(manifest).get(f"{agents.PREFIX}role", "")) if agent else "",
        "spec": copy.deepcopy(workload["spec"]),
        "files": {},
        "read": {},
        "held": {},
    }
    return pod


def _end(draft: Draft, name: str) -> None:
    draft.objects.pop(f"Pod/{name}", None)
    postgres.hang_up(draft, name)


def _start(draft: Draft, name: str, pod: dict[str, Any], broken: str) -> None:
    """Bring the pod to where it can get: ready, or waiting for something that it names."""
    if why := broken or _waits(draft, name, pod):
        postgres.hang_up(draft, name)
        pod |= {"ready": False, "waiting": why}
    elif not pod["ready"]:
        pod |= {"ready": True, "waiting": "", "since": written(draft.now)}


def _waits(draft: Draft, name: str, pod: dict[str, Any]) -> str:
    namespace, spec = name.partition("/")[0], pod["spec"]
    if not pod["ready"]:
        for secret in spec["secrets"]:
            if f"Secret/{namespace}/{secret}" not in draft.objects:
                return f'CreateContainerConfigError: secret "{secret}" not found'
        if pod["agent"] and not pod["files"] and (why := agents.begin(draft, name, pod)):
            return why
        both = sorted(one for one in spec["variables"] if f"{one}__FILE" in spec["variables"])
        if both:
            return f"CrashLoopBackOff: both {both[0]} and {both[0]}__FILE are set (but are exclusive)"
    if not spec["database"]:
        return ""
    return (_by_certificate if "certificate" in spec["database"] else _database)(draft, name, pod, spec["database"])


def _database(draft: Draft, name: str, pod: dict[str, Any], database: dict[str, Any]) -> str:
    """Log in, unless it has a session with a password that still works."""
    namespace = name.partition("/")[0]
    if not pod["ready"] or any(one.get("file") for one in (database["user"], database["password"])):
        found = {one: _value(draft, namespace, pod, database[one]) for one in ("user", "password")}
        if missing := [one for one, value in found.items() if value is None]:
            return f"CrashLoopBackOff: no {missing[0]} for the database"
        pod["held"] = found | {"database": database["name"]}
    why = postgres.refused(draft, pod["held"]["user"], pod["held"]["password"])
    connected = any(one["pod"] == name for one in draft.sessions)
    if why and not (connected and "not permitted" in why):  # a login that is closed leaves open sessions alone
        return f"CrashLoopBackOff: {why}"
    if not connected:
        postgres.connect(draft, pod["held"]["user"], database["name"], pod["address"], name)
    return ""


def _by_certificate(draft: Draft, name: str, pod: dict[str, Any], database: dict[str, Any]) -> str:
    """Log in with the certificate in the file, unless it has a session, which outlives its certificate."""
    user = _value(draft, name.partition("/")[0], pod, database["user"])
    certificate, authority = (pod["files"].get(database[one]["file"]) for one in ("certificate", "authority"))
    if user is None or certificate is None or authority is None:
        return "CrashLoopBackOff: no certificate for the database"
    if any(one["pod"] == name for one in draft.sessions):
        return ""
    if why := certificates.refused(draft, user, database["name"], certificate):
        return f"CrashLoopBackOff: {why}"
    postgres.connect(draft, user, database["name"], pod["address"], name)
    draft.sessions[-1]["certificate"] = certificate
    return ""


def _value(draft: Draft, namespace: str, pod: dict[str, Any], source: dict[str, str]) -> str | None:
    if "value" in source:
        return source["value"]
    if "file" in source:
        found = pod["files"].get(source["file"])
        return str(found) if found is not None else None
    secret = draft.objects.get(f"Secret/{namespace}/{source['secret']}", {})
    value = secret.get("data", {}).get(source["key"])
    return str(value) if value is not None else None
