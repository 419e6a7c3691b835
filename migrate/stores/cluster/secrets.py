"""Secrets without their data, and the ExternalSecrets that fill them.

What a Secret holds leaves this module as key names only; whoever compares values gets them as `Values`, which shows
nothing of itself.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

from migrate.model.json import Json, mapping, sequence
from migrate.stores.cluster.api import Api, metadata, place

GROUP = "external-secrets.io"
_GENERATION = re.compile(r"(\d+)-")
"""`status.syncedResourceVersion` begins with the generation that ESO acted on, in 0.10 as in 2.9 (its `util.go`)."""


@dataclass(frozen=True, slots=True)
class Values:
    """The decoded values of a Secret, for one comparison in memory."""

    values: dict[str, bytes] = field(repr=False)


def secret(api: Api, name: str) -> tuple[dict[str, Json] | None, Values]:
    """A Secret as it may be shown, and its values apart. Raises Unreachable."""
    found = api.look(place(name, "secrets"))
    if not found.ok:
        return ({} if found.status == 403 else None), Values({})
    meta, data = metadata(found.body), mapping(found.body.get("data"))
    owners = [mapping(one) for one in sequence(meta.get("ownerReferences"))]
    shown: dict[str, Json] = {
        "uid": meta.get("uid"),
        "owners": [{key: one.get(key) for key in ("kind", "name", "uid")} for one in owners],
        "keys": list[Json](sorted(data)),
        "immutable": found.body.get("immutable") is True,
    }
    return shown, Values({key: _decoded(value) for key, value in data.items()})


def _decoded(value: Json) -> bytes:
    try:
        return base64.b64decode(str(value))
    except binascii.Error:
        return b""


def external_secret(api: Api, name: str) -> dict[str, Json] | None:
    """An ExternalSecret as it may be shown. Raises Unreachable."""
    found = api.custom(GROUP, "externalsecrets", name)
    if found is None or not found.ok:
        return {} if found is not None and found.status == 403 else None
    status = mapping(found.body.get("status"))
    target = mapping(mapping(found.body.get("spec")).get("target"))
    conditions = [mapping(one) for one in sequence(status.get("conditions"))]
    ready = next((one for one in conditions if one.get("type") == "Ready"), {})
    shown: dict[str, Json] = {
        "uid": metadata(found.body).get("uid"),
        "ready": ready.get("status") == "True",
        "creationPolicy": target.get("creationPolicy", "Owner"),
        "message": ready.get("message", ""),
        "generation": metadata(found.body).get("generation", 0),
    }
    if (handled := _GENERATION.match(str(status.get("syncedResourceVersion", "")))) is not None:
        shown["handled"] = int(handled.group(1))
    return shown | ({"refreshed": status["refreshTime"]} if status.get("refreshTime") else {})


def filling(api: Api, name: str) -> dict[str, Json] | None:
    """The spec of the ExternalSecret that fills a Secret; None where none does or it may not be seen."""
    root = api.served(GROUP)
    namespace, _, short = name.partition("/")
    found = api.look(f"{root}/namespaces/{namespace}/externalsecrets") if root else None
    for one in found.items if found is not None and found.ok else []:
        target = mapping(mapping(one.get("spec")).get("target"))
        if (target.get("name") or metadata(one).get("name")) == short:
            return mapping(one.get("spec"))
    return None


def vault_of(api: Api, spec: dict[str, Json], namespace: str) -> dict[str, Json]:
    """The Vault settings of the store that an ExternalSecret names; empty where it has none."""
    root, ref = api.served(GROUP), mapping(spec.get("secretStoreRef"))
    if root is None:
        return {}
    own = ref.get("kind") != "ClusterSecretStore"
    path = f"namespaces/{namespace}/secretstores" if own else "clustersecretstores"
    found = api.look(f"{root}/{path}/{ref.get('name')}")
    return mapping(mapping(mapping(found.body.get("spec")).get("provider")).get("vault"))


def store_tokens(api: Api) -> list[tuple[str, bytes]] | None:
    """Every token that a SecretStore reads Vault with, and its place; None where that may not be seen."""
    root = api.served(GROUP)
    if root is None:
        return []
    found = list[tuple[str, bytes]]()
    for plural in ("clustersecretstores", "secretstores"):
        stores = api.look(f"{root}/{plural}")
        if not stores.ok:
            return None
        for one in stores.items:
            ref = _token_ref(one)
            if ref is None:
                continue
            place_, key = ref
            shown, values = secret(api, place_)
            if shown == {}:
                return None
            found.append((f"Secret {place_}", values.values.get(key, b"")))
    return found


def _token_ref(store: dict[str, Json]) -> tuple[str, str] | None:
    vault = mapping(mapping(mapping(store.get("spec")).get("provider")).get("vault"))
    ref = mapping(mapping(vault.get("auth")).get("tokenSecretRef"))
    namespace = ref.get("namespace") or metadata(store).get("namespace")
    return (f"{namespace}/{ref.get('name')}", str(ref.get("key", "token"))) if ref else None
