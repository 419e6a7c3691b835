"""Whether a Secret holds what Vault holds: compared in memory under a key of this process, and only the answer leaves.

Templates and whole-path copies are not recomputed: what they make is ESO's to say, so nothing is shown for them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from migrate.model.json import Json, mapping, sequence
from migrate.stores.cluster import secrets as kept
from migrate.stores.cluster.api import Api as Cluster
from migrate.stores.vault.api import Api as Vault

_KEY = secrets.token_bytes(32)


def synced(cluster: Cluster, vault: Vault, name: str) -> tuple[dict[str, Json] | None, bool | None]:
    """A Secret as it may be shown, and whether it equals its source; None where that cannot be said."""
    shown, held = kept.secret(cluster, name)
    if not shown:
        return shown, None
    spec = kept.filling(cluster, name)
    if spec is None or mapping(spec.get("target")).get("template") or spec.get("dataFrom"):
        return shown, None
    settings = kept.vault_of(cluster, spec, name.partition("/")[0])
    answers = [_equal(vault, settings, mapping(one), held) for one in sequence(spec.get("data"))]
    if not answers or None in answers:
        return shown, None
    return shown, all(answers)


def _equal(vault: Vault, settings: dict[str, Json], datum: dict[str, Json], held: kept.Values) -> bool | None:
    ref = mapping(datum.get("remoteRef"))
    if any(ref.get(key) not in (None, "None", "Default") for key in ("version", "decodingStrategy")):
        return None
    found = _source(vault, settings, str(ref.get("key")))
    if found is None:
        return None
    value = found.get(str(ref["property"])) if ref.get("property") else found
    mine = held.values.get(str(datum.get("secretKey")))
    if value is None or mine is None:
        return False
    return isinstance(value, str) and _digest(mine) == _digest(value.encode())


def _source(vault: Vault, settings: dict[str, Json], key: str) -> dict[str, Json] | None:
    mount, second = str(settings.get("path") or ""), settings.get("version") != "v1"
    path = key.removeprefix(f"{mount}/").removeprefix("data/") if second else key
    answer = vault.look(f"{mount}/data/{path}" if second else f"{mount}/{path}")
    if not answer.ok:
        return None
    return mapping(answer.data.get("data")) if second else answer.data


def _digest(value: bytes) -> bytes:
    return hmac.digest(_KEY, value, hashlib.sha256)
