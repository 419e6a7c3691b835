"""Whether a Secret holds what Vault holds: compared in memory under a key of this process, and only the answer leaves.

What ESO makes of a source is made again here where that is plain: keys of `data`, whole paths of `dataFrom`, templates
that only name values. Functions, conversions and rewrites are ESO's to say, so nothing is shown for them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable

from migrate.model.json import Json, mapping, sequence
from migrate.stores.cluster import secrets as kept
from migrate.stores.cluster.api import Api as Cluster
from migrate.stores.vault.api import Api as Vault

_KEY = secrets.token_bytes(32)
_NAMES = re.compile(r"\{\{\s*\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_EXACT = 2**53
"""From here on ESO rounds a number that comes with a whole path (`dataFrom`): it is a float64 there."""
_PLAIN_KEY = re.compile(r"[A-Za-z0-9._-]+")

Read = Callable[[str], dict[str, Json] | None]
"""What stands at a path in Vault; None where it may not be seen or is not there."""


class _ElsewhereError(Exception):
    """What ESO makes of it cannot be said here."""


def synced(cluster: Cluster, vault: Vault, name: str) -> tuple[dict[str, Json] | None, bool | None]:
    """A Secret as it may be shown, and whether it equals its source; None where that cannot be said."""
    shown, held = kept.secret(cluster, name)
    if not shown:
        return shown, None
    spec = kept.filling(cluster, name)
    if spec is None:
        return shown, None
    settings = kept.vault_of(cluster, spec, name.partition("/")[0])
    return shown, equal(spec, held.values, lambda key: _source(vault, settings, key))


def equal(spec: dict[str, Json], held: dict[str, bytes], read: Read) -> bool | None:
    """Whether these are the values that an ExternalSecret of this spec makes; None where that cannot be said.

    Keys beside those it makes are somebody else's, and no difference.
    """
    try:
        wanted = _templated(mapping(mapping(spec.get("target")).get("template")), _values(spec, read))
    except _ElsewhereError:
        return None
    if not wanted:
        return None
    return all(key in held and same(held[key], value.encode()) for key, value in wanted.items())


def _values(spec: dict[str, Json], read: Read) -> dict[str, str]:
    """By key, in ESO's order: whole paths first, single keys over them."""
    found: dict[str, str] = {}
    for one in sequence(spec.get("dataFrom")):
        found |= _whole(mapping(one), read)
    for one in sequence(spec.get("data")):
        datum = mapping(one)
        found[str(datum.get("secretKey"))] = _single(mapping(datum.get("remoteRef")), read)
    return found


def _whole(source: dict[str, Json], read: Read) -> dict[str, str]:
    if set(source) != {"extract"}:  # find, rewrite and generators
        raise _ElsewhereError
    extract = mapping(source["extract"])
    values = _at(extract, read)
    if extract.get("property"):
        values = mapping(values.get(str(extract["property"])))
    if not all(_PLAIN_KEY.fullmatch(key) for key in values):
        raise _ElsewhereError
    return {key: _text(value) for key, value in values.items()}


def _single(ref: dict[str, Json], read: Read) -> str:
    values = _at(ref, read)
    if not ref.get("property"):
        raise _ElsewhereError  # the whole map, in a form of ESO's own
    return _text(values.get(str(ref["property"])))


def _at(ref: dict[str, Json], read: Read) -> dict[str, Json]:
    if any(ref.get(key) not in (None, "None", "Default") for key in ("version", "decodingStrategy", "metadataPolicy")):
        raise _ElsewhereError
    found = read(str(ref.get("key")))
    if found is None:
        raise _ElsewhereError
    return found


def _text(value: Json) -> str:
    """As ESO copies it. Raises for a document, nothing, and a number that it may write in another way."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() if abs(value) < _EXACT:
            return str(value)
    raise _ElsewhereError


def _templated(template: dict[str, Json], values: dict[str, str]) -> dict[str, str]:
    data = mapping(template.get("data"))
    if template.get("templateFrom") or template.get("engineVersion") not in (None, "v2"):
        raise _ElsewhereError
    if not data:
        return values
    made = {key: _filled(str(text), values) for key, text in data.items()}
    return values | made if template.get("mergePolicy") == "Merge" else made


def _filled(text: str, values: dict[str, str]) -> str:
    """A template that only names values. Raises for anything else, also for a name that is not there."""
    if "{{" in _NAMES.sub("", text):
        raise _ElsewhereError
    if any(name not in values for name in _NAMES.findall(text)):
        raise _ElsewhereError
    return _NAMES.sub(lambda found: values[found[1]], text)


def _source(vault: Vault, settings: dict[str, Json], key: str) -> dict[str, Json] | None:
    mount, second = str(settings.get("path") or ""), settings.get("version") != "v1"
    path = key.removeprefix(f"{mount}/").removeprefix("data/") if second else key
    answer = vault.look(f"{mount}/data/{path}" if second else f"{mount}/{path}")
    if not answer.ok:
        return None
    return mapping(answer.data.get("data")) if second else answer.data


def same(one: bytes, other: bytes) -> bool:
    """Whether two values are equal, by digests under the key of this process."""
    return hmac.compare_digest(_digest(one), _digest(other))


def _digest(value: bytes) -> bytes:
    return hmac.digest(_KEY, value, hashlib.sha256)
