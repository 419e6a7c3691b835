"""What a change would make of a pod or a release, asked without making it."""

from __future__ import annotations

import copy
import json
from typing import Any

from migrate.model.json import Json
from migrate.world import agents, vault
from migrate.world.state import Draft


def dry_run(draft: Draft, name: str, asked: str) -> Json:
    """The Deployment's pod with changes laid over it, sent past the webhook."""
    key = name if name.count("/") > 1 else f"Deployment/{name}"
    workload = draft.objects.get(key)
    if workload is None:
        return None
    changes, spec = json.loads(asked), workload["spec"]
    pod = _laid_over(spec["pod"], changes)
    agent, refused = agents.admitted(draft, pod, key.split("/")[1])
    variables = sorted((set(spec["variables"]) - set(changes["unset"])) | set(changes["set"]))
    return {"allowed": not refused, "message": refused, "agent": agent, "variables": list[Json](variables)}


def _laid_over(pod: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(pod)
    notes, dropped = {**agents.noted(pod), **changes["annotations"]}, changes.get("unannotate", [])
    changed["metadata"]["annotations"] = {name: one for name, one in notes.items() if name not in dropped}
    spec = changed["spec"]
    spec["serviceAccountName"] = changes["account"]
    gone, new = set(changes["unmount"]), {volume["name"] for volume in changes["volumes"]}
    for container in (one for group in ("initContainers", "containers") for one in spec.get(group) or []):
        container["volumeMounts"] = [one for one in container.get("volumeMounts") or [] if one["name"] not in gone]
    spec["volumes"] = [one for one in spec.get("volumes") or [] if one["name"] not in gone | new] + changes["volumes"]
    if changes["shareProcessNamespace"] is not None:
        spec["shareProcessNamespace"] = changes["shareProcessNamespace"]
    return changed


def agent_files(draft: Draft, name: str, asked: str) -> Json:
    """What the agent of that pod writes, and what of it differs from the Secrets. Whom it logs in as need not be there
    yet: the policy is what counts."""
    workload = draft.objects.get(name if name.count("/") > 1 else f"Deployment/{name}")
    if workload is None:
        return None
    wanted = json.loads(asked)
    pod = _laid_over(workload["spec"]["pod"], json.loads(wanted["pod"]))
    if why := vault.closed(draft):
        return {"untried": why, "settles": "Vault answers again"}
    reading = agents.Reading(draft, [wanted["policy"]], name)
    if why := reading.all(pod):
        return {
            "fault": next((kind for said, kind in _FAULTS.items() if said in why), "template"),
            "at": why,
            "by": _BY,
        }
    copies, differing = json.loads(wanted["copies"]), list[Json]()
    for path, content in sorted(reading.contents.items()):
        at, _, key = copies.get(path, "").rpartition("/")
        if at and draft.objects.get(f"Secret/{at}", {}).get("data", {}).get(key) != content:
            differing.append(f"{path} (key {key} of Secret {at})")
    files = list[Json](sorted(reading.contents))
    return {"files": files, "differing": differing, "unseen": [], "blank": [], "by": _BY}


_BY = "the agent, by the rules of the practice world,"
_FAULTS = {"permission denied": "forbidden", "no secret exists": "nothing", "nothing is at": "nothing"}


def rendered(draft: Draft, name: str, asked: str) -> Json:
    """The release's objects that are made of what stands at these places; one that several share says of none."""
    release = draft.objects.get(f"HelmRelease/{name}")
    if release is None:
        return None
    own = {key: made.get("at") or [] for key, made in release["spec"]["makes"].items()}
    users = {
        place: [key for key, at in own.items() if any(_meet(place, one) for one in at)]
        for place in json.loads(asked)["places"]
    }
    changed = sorted({keys[0] for keys in users.values() if len(keys) == 1})
    shown = [" ".join(key.split("/", 1)) for key in changed]
    stray = (f"whatever {place} renders" for place, keys in users.items() if not keys)
    return {"changed": list[Json]([*shown, *stray]), "by": "the rules of the practice world"}


def _meet(one: str, other: str) -> bool:
    """Whether one pointer is the other's, or stands above it."""
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def room(draft: Draft, name: str, asked: str) -> Json:
    """The one node of a practice world has room for everything."""
    if f"Deployment/{name}" not in draft.objects:
        return None
    free: dict[str, Json] = {"practice": {"cpu": 4000, "memory": 8 * 2**30}}
    return {"pod": {"cpu": 100, "memory": 2**27}, "free": free, "ours": [], "surge": 1, "budgets": []}
