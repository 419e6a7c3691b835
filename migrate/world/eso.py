"""The External Secrets Operator: Secrets are copies of what Vault holds, and some belong to their ExternalSecret.

Policies and traps as its source has them: https://external-secrets.io/latest/api/externalsecret/
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from migrate.estate.goevaluation import evaluated
from migrate.estate.gotemplate import TemplateFaultError
from migrate.model.duration import seconds
from migrate.world.flux import collect
from migrate.world.state import Draft, moment, written

_SYNCED, _ERROR = "SecretSynced", "SecretSyncedError"


def refresh(draft: Draft) -> None:
    """Every ExternalSecret that is due copies its values. Without ESO nothing happens, and nothing is lost."""
    if draft.faults.get("eso"):
        return
    for name, external in draft.of("ExternalSecret"):
        if "spec" in external and _due(draft, name, external):
            _sync(draft, name, external)


def _due(draft: Draft, name: str, external: dict[str, Any]) -> bool:
    spec, refreshed = external["spec"], external.get("refreshed")
    if refreshed is None or external.get("reason") == _ERROR:
        return True
    secret = draft.objects.get(_key(name, spec))
    if spec["creationPolicy"] in {"Owner", "CreateOrMerge"} and (secret is None or _edited(draft, external, secret)):
        return True
    if _never(spec["refreshInterval"]):
        return False  # not even for another policy: the trap that loses Secrets
    if external.get("synced") != external["generation"]:
        return True
    return draft.now >= moment(refreshed) + timedelta(seconds=_interval(spec["refreshInterval"]))


def _never(interval: str) -> bool:
    return interval.strip() in {"0", "0s", "0m", "0h"}


def _interval(text: str) -> int:
    try:
        return seconds(text)
    except ValueError:
        return 3600


def _key(name: str, spec: dict[str, Any]) -> str:
    return f"Secret/{name.partition('/')[0]}/{spec['target']}"


def _edited(draft: Draft, external: dict[str, Any], secret: dict[str, Any]) -> bool:
    """Whether somebody wrote into a Secret that belongs to the ExternalSecret."""
    return _owns(external, secret) and secret["data"] != external.get("copied") and not secret.get("immutable")


def _owns(external: dict[str, Any], secret: dict[str, Any]) -> bool:
    return any(one["uid"] == external["uid"] for one in secret.get("owners", []))


def _sync(draft: Draft, name: str, external: dict[str, Any]) -> None:
    spec = external["spec"]
    key = _key(name, spec)
    values, why = values_of(draft, spec)
    if why:
        external |= {"ready": False, "reason": _ERROR, "message": why}
        return
    secret = draft.objects.get(key)
    if not values and spec["data"]:
        _deleted_in_vault(draft, external, key)
        return
    other = next((one for one in (secret or {}).get("owners", []) if one["uid"] != external["uid"]), None)
    if other is not None and spec["creationPolicy"] == "Owner":
        external |= {"ready": False, "reason": _ERROR, "message": f"target is owned by {other['kind']} {other['name']}"}
        return
    if secret is None and spec["creationPolicy"] in {"Merge", "None"}:
        external |= {"ready": False, "reason": "SecretMissing", "message": "the Secret does not exist"}
        return
    _write(draft, name, external, key, values)
    _drop_old_target(draft, external, key)
    external |= {"ready": True, "reason": _SYNCED, "message": "", "refreshed": written(draft.now)}
    external |= {"synced": external["generation"], "copied": values, "target": key}


def _write(draft: Draft, name: str, external: dict[str, Any], key: str, values: dict[str, str]) -> None:
    if key not in draft.objects:
        draft.objects[key] = {"uid": draft.uid(), "owners": [], "data": {}}
    secret = draft.objects[key]
    if secret.get("immutable"):
        return
    merged = external["spec"]["creationPolicy"] in {"Merge", "CreateOrMerge"}
    secret["data"] = {**secret["data"], **values} if merged else dict(values)
    held = secret.get("owners", [])
    owners = [one for one in held if one["uid"] != external["uid"]]
    keeps = draft.faults.get("old-eso") and owners != held  # 0.10 takes its reference off under no policy
    if external["spec"]["creationPolicy"] == "Owner" or keeps:
        owners.append({"kind": "ExternalSecret", "name": name.partition("/")[2], "uid": external["uid"]})
    secret["owners"] = owners


def _drop_old_target(draft: Draft, external: dict[str, Any], key: str) -> None:
    """Another target name: the old Secret goes, where it belonged to this one."""
    old = external.get("target")
    if old and old != key and old in draft.objects and _owns(external, draft.objects[old]):
        draft.objects.pop(old)


def _deleted_in_vault(draft: Draft, external: dict[str, Any], key: str) -> None:
    """Every value is gone from the provider: only then does deletionPolicy say anything."""
    secret = draft.objects.get(key)
    if external["spec"]["deletionPolicy"] == "Delete" and secret is not None and _owns(external, secret):
        uid = draft.objects.pop(key)["uid"]
        collect(draft, uid)
    external |= {"ready": True, "reason": "SecretDeleted", "message": "secret retained due to DeletionPolicy=Retain"}
    external |= {"refreshed": written(draft.now), "synced": external["generation"]}


def values_of(draft: Draft, spec: dict[str, Any]) -> tuple[dict[str, str], str]:
    """The values by key, and why they could not be had. All gone is no error; some gone is one."""
    store = draft.vault["stores"].get(spec["store"])
    if store is None:
        return {}, f"there is no store {spec['store']}"
    if store["vault"] and (draft.vault["sealed"] or draft.faults.get("vault")):
        return {}, "could not get secret data from provider: Vault does not answer or is sealed"
    values, missing = dict[str, str](), list[str]()
    for one in spec["data"]:
        found = draft.vault["kv"].get(f"{store['mount']}/{one['path']}")
        if found is None or (one["property"] and one["property"] not in found):
            missing.append(one["path"])
        elif one["key"] == "*":
            values |= found
        else:
            values[one["key"]] = found[one["property"]] if one["property"] else next(iter(found.values()), "")
    if missing and len(missing) < len(spec["data"]):
        return {}, f"could not get secret data from provider: {missing[0]} does not exist"
    return _templated(values, spec) if values else (values, "")


def _templated(values: dict[str, str], spec: dict[str, Any]) -> tuple[dict[str, str], str]:
    """What the Secret gets where the ExternalSecret has a template: that makes the keys, unless it merges."""
    template = spec.get("template")
    if not template:
        return values, ""
    try:
        made = {key: evaluated(text, values) for key, text in template["data"].items()}
    except TemplateFaultError as error:
        return {}, f"could not apply template: {error}"
    return {**values, **made} if template["merges"] else made, ""
