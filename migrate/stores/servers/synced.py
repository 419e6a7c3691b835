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
from dataclasses import dataclass

from migrate.model.json import Json, mapping, sequence
from migrate.stores.cluster import secrets as kept
from migrate.stores.cluster.api import Api as Cluster
from migrate.stores.vault.api import Api as Vault
from migrate.targets.vault import grant

_KEY = secrets.token_bytes(32)
_NAMES = re.compile(r"\{\{\s*\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_EXACT = 2**53
"""From here on ESO rounds a number that comes with a whole path (`dataFrom`): it is a float64 there."""
_PLAIN_KEY = re.compile(r"[A-Za-z0-9._-]+")

Read = Callable[[str], dict[str, Json] | None]
"""What stands at a path in Vault; None where nothing does. May raise the error below."""


@dataclass(frozen=True, slots=True)
class Unsaid:
    """It cannot be said here. `why`, and what would settle it."""

    why: str
    settles: str = "compare it yourself, and pass the gate with the reason"


class _ElsewhereError(Exception):
    """What ESO makes of it cannot be said here. Never leaves this module."""

    def __init__(self, unsaid: Unsaid) -> None:
        super().__init__(unsaid.why)
        self.unsaid = unsaid


def _only_eso(does: str) -> _ElsewhereError:
    return _ElsewhereError(Unsaid(f"its ExternalSecret {does}, and only ESO says what comes of that"))


def synced(cluster: Cluster, vault: Vault, name: str) -> dict[str, Json] | None:
    """A Secret as it may be shown, with whether it equals its source (`synced`), or why that cannot be said."""
    shown, held = kept.secret(cluster, name)
    if not shown:
        return shown
    spec = kept.filling(cluster, name)
    if spec is None:
        return shown
    settings = kept.vault_of(cluster, spec, name.partition("/")[0])
    match equal(spec, held.values, lambda key: _source(vault, settings, key)):
        case Unsaid(why, settles):
            return shown | {"unsaid": why, "settles": settles}
        case found:
            return shown | {"synced": found}


def equal(spec: dict[str, Json], held: dict[str, bytes], read: Read) -> bool | Unsaid:
    """Whether these are the values that an ExternalSecret of this spec makes, or why that cannot be said.

    Keys beside those it makes are somebody else's, and no difference.
    """
    try:
        wanted = _templated(mapping(mapping(spec.get("target")).get("template")), _values(spec, read))
    except _ElsewhereError as error:
        return error.unsaid
    if not wanted:
        return Unsaid("its ExternalSecret names no value")
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
    if set(source) != {"extract"}:
        raise _only_eso("finds, rewrites or generates values")
    extract = mapping(source["extract"])
    values = _at(extract, read)
    if extract.get("property"):
        values = mapping(values.get(str(extract["property"])))
    if not all(_PLAIN_KEY.fullmatch(key) for key in values):
        raise _only_eso("takes a whole path whose keys are no names of a Secret")
    return {key: _text(value) for key, value in values.items()}


def _single(ref: dict[str, Json], read: Read) -> str:
    values = _at(ref, read)
    if not ref.get("property"):
        raise _only_eso("takes a whole path as one value")
    return _text(values.get(str(ref["property"])))


def _at(ref: dict[str, Json], read: Read) -> dict[str, Json]:
    if any(ref.get(key) not in (None, "None", "Default") for key in ("version", "decodingStrategy", "metadataPolicy")):
        raise _only_eso("names a version, a decoding or a policy of metadata")
    found = read(str(ref.get("key")))
    if found is None:
        raise _ElsewhereError(Unsaid(f"there is nothing at {ref.get('key')} in Vault", "what it copies is there again"))
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
    raise _only_eso("takes a value that is no text, no boolean and no whole number below 2^53")


def _templated(template: dict[str, Json], values: dict[str, str]) -> dict[str, str]:
    data = mapping(template.get("data"))
    if template.get("templateFrom") or template.get("engineVersion") not in (None, "v2"):
        raise _only_eso("has a template elsewhere, or of an engine before v2")
    if not data:
        return values
    made = {key: _filled(str(text), values) for key, text in data.items()}
    return values | made if template.get("mergePolicy") == "Merge" else made


def _filled(text: str, values: dict[str, str]) -> str:
    """A template that only names values. Raises for anything else, also for a name that is not there."""
    if "{{" in _NAMES.sub("", text):
        raise _only_eso("has a template that does more than name values")
    if any(name not in values for name in _NAMES.findall(text)):
        raise _only_eso("has a template that names a value which is not there")
    return _NAMES.sub(lambda found: values[found[1]], text)


def _source(vault: Vault, settings: dict[str, Json], key: str) -> dict[str, Json] | None:
    mount, second = str(settings.get("path") or ""), settings.get("version") != "v1"
    path = key.removeprefix(f"{mount}/").removeprefix("data/") if second else key
    full = f"{mount}/data/{path}" if second else f"{mount}/{path}"
    answer = vault.look(full)
    if answer.status == 403:
        raise _ElsewhereError(Unsaid(f"the token may not read {full}", f"grant it, then again: {grant(full, 'read')}"))
    if not answer.ok:
        return None
    return mapping(answer.data.get("data")) if second else answer.data


def same(one: bytes, other: bytes) -> bool:
    """Whether two values are equal, by digests under the key of this process."""
    return hmac.compare_digest(_digest(one), _digest(other))


def _digest(value: bytes) -> bytes:
    return hmac.digest(_KEY, value, hashlib.sha256)
