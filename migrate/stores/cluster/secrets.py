"""Secrets without their data, and the ExternalSecrets that fill them.

What a Secret holds leaves this module as key names only; whoever compares values gets them as `Values`, which shows
nothing of itself.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

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


@dataclass(frozen=True, slots=True)
class StoreAccess:
    """How a store gets into Vault: `auth` as it is written, and the token that this names, if it may be seen."""

    kind: str
    namespace: str | None
    name: str
    auth: dict[str, Json]
    place: str = ""
    """The Secret of its token; empty where it has none."""
    token: bytes = field(default=b"", repr=False)
    seen: bool = True
    """False where the Secret may not be read."""


def store_accesses(api: Api) -> list[StoreAccess]:
    """Every store of Vault that may be listed. Raises Unreachable."""
    return [one for one in _accesses(api) if one is not None]


def store_tokens(api: Api) -> list[tuple[str, bytes]] | None:
    """Every token that a SecretStore reads Vault with, and its place; None where that may not be seen."""
    found = list[tuple[str, bytes]]()
    for one in _accesses(api):
        if one is None or not one.seen:
            return None
        if one.place:
            found.append((f"Secret {one.place}", one.token))
    return found


def _accesses(api: Api) -> Iterator[StoreAccess | None]:
    """Every store of Vault; None for a kind of store that may not be listed."""
    root = api.served(GROUP)
    for plural in ("clustersecretstores", "secretstores") if root else ():
        stores = api.look(f"{root}/{plural}")
        if not stores.ok:
            yield None
        for one in stores.items if stores.ok else []:
            if (found := _access(api, plural, one)) is not None:
                yield found


def _access(api: Api, plural: str, store: dict[str, Json]) -> StoreAccess | None:
    vault = mapping(mapping(mapping(store.get("spec")).get("provider")).get("vault"))
    if not vault:
        return None
    auth, meta = mapping(vault.get("auth")), metadata(store)
    kind = "ClusterSecretStore" if plural == "clustersecretstores" else "SecretStore"
    own = str(meta.get("namespace")) if kind == "SecretStore" else None
    found = StoreAccess(kind, own, str(meta.get("name")), auth)
    ref = mapping(auth.get("tokenSecretRef"))
    if not ref:
        return found
    place_ = f"{ref.get('namespace') or own}/{ref.get('name')}"
    shown, values = secret(api, place_)
    token = values.values.get(str(ref.get("key", "token")), b"")
    return replace(found, place=place_, token=token, seen=shown != {})
