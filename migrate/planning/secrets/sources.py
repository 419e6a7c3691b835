"""Where each key of a Secret comes from, read from its ExternalSecret; what has no equivalent is said with its reason.

As ESO does it: https://external-secrets.io/latest/provider/hashicorp-vault/ and its guide to templating.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from migrate.estate.inventory import Store
from migrate.model.json import Json, mapping, sequence, text_at

_PLAIN = (None, "", "None", "Default")


class UnfitError(Exception):
    """The secret cannot be had from the agent as it is. The message says why, for people."""


@dataclass(frozen=True, slots=True)
class Ref:
    """One field of one secret in Vault. `field` empty: the whole of it, as JSON."""

    path: str
    """As the API has it: `secret/data/apps/one`, with `?version=N` where one is pinned."""
    field: str
    second: bool
    """Whether the mount is KV v2."""
    base64: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """The key holds the field as it is."""

    ref: Ref


@dataclass(frozen=True, slots=True)
class Rendered:
    """The key holds a text that is made from fields by a Go template; `refs` by the template's names."""

    template: str
    refs: tuple[tuple[str, Ref], ...]


Source: TypeAlias = Value | Rendered


def source_of(document: Json, key: str, store: Store) -> Source:
    """What the key of the target Secret holds. Raises UnfitError."""
    spec = mapping(mapping(document).get("spec"))
    template = _template(spec)
    if template is None or (key not in template and _merges(spec)):
        return Value(_ref(spec, key, store))
    if key not in template:
        raise UnfitError(f"its template makes no key {key}")
    found = dict[str, Ref]()
    for name in names_in(template[key]):
        found[name] = _ref(spec, name, store)
    return Rendered(template[key], tuple(found.items()))


def keys_of(document: Json) -> tuple[str, ...]:
    """Every key of the target Secret. Raises UnfitError where only Vault knows them."""
    spec = mapping(mapping(document).get("spec"))
    template = _template(spec)
    if template is not None and not _merges(spec):
        return tuple(template)
    if spec.get("dataFrom"):
        raise UnfitError("its keys are known to Vault only (dataFrom), and all of them are wanted")
    named = (text_at(one, "secretKey") for one in sequence(spec.get("data")))
    return tuple(dict.fromkeys([*filter(None, named), *(template or {})]))


def _template(spec: dict[str, Json]) -> dict[str, str] | None:
    """Its `target.template.data`; None where it has none, which copies the values. Raises UnfitError."""
    template = mapping(mapping(spec.get("target")).get("template"))
    if template.get("templateFrom"):
        raise UnfitError("its template stands in another object (templateFrom)")
    data = template.get("data")
    if data is None:
        return None
    if str(template.get("engineVersion") or "v2") != "v2":
        raise UnfitError("its template is for engine v1, whose functions have no equivalent")
    return {key: value for key, value in mapping(data).items() if isinstance(value, str)}


def _merges(spec: dict[str, Json]) -> bool:
    return mapping(mapping(spec.get("target")).get("template")).get("mergePolicy") == "Merge"


_NAME = re.compile(r"(?<![\w.$)\"`])\.([A-Za-z_]\w*)|\bindex\s+\.\s+\"([^\"]+)\"")


def names_in(template: str) -> list[str]:
    """The names that the template's actions use. What else is in them is the translation's to judge."""
    found = list[str]()
    for action in re.findall(r"\{\{.*?\}\}", template, re.S):
        for match in _NAME.finditer(re.sub(r"(?<!\. )\"(?:[^\"\\]|\\.)*\"", '""', action)):
            found.append(match[1] or match[2])
    return list(dict.fromkeys(found))


def _ref(spec: dict[str, Json], key: str, store: Store) -> Ref:
    """Later entries win over earlier ones, single ones over whole ones."""
    for one in sequence(spec.get("data")):
        if mapping(one).get("secretKey") == key:
            return _datum(mapping(one), store)
    for one in reversed(sequence(spec.get("dataFrom"))):
        if (found := _extracted(mapping(one), key, store)) is not None:
            return found
    raise UnfitError(f"nothing in it says where {key} comes from")


def _datum(datum: dict[str, Json], store: Store) -> Ref:
    if datum.get("sourceRef"):
        raise UnfitError("a value comes from another store or a generator (sourceRef)")
    return _remote(mapping(datum.get("remoteRef")), text_at(datum, "remoteRef", "property"), store)


def _extracted(one: dict[str, Json], key: str, store: Store) -> Ref | None:
    if one.get("sourceRef") or one.get("find"):
        raise UnfitError("values are found by search, or made by a generator (dataFrom)")
    if one.get("rewrite"):
        raise UnfitError("its keys are rewritten (dataFrom.rewrite)")
    extract = mapping(one.get("extract"))
    if not extract:
        return None
    if extract.get("property"):
        raise UnfitError("its keys are inside one value of Vault (dataFrom.extract.property)")
    return _remote(extract, key, store)


def _remote(remote: dict[str, Json], field: str | None, store: Store) -> Ref:
    if store.provider != "vault" or not store.mount:
        raise UnfitError(f"store {store.name} is no KV mount of Vault")
    if remote.get("metadataPolicy") not in _PLAIN:
        raise UnfitError("it asks for metadata, not values (metadataPolicy)")
    decoding = remote.get("decodingStrategy")
    if decoding not in (*_PLAIN, "Base64"):
        raise UnfitError(f"decodingStrategy {decoding} has no equivalent that is always the same")
    if field and "." in field:
        raise UnfitError(f"property {field} may be a place inside a value, which the agent's templates do not know")
    mount, second = store.mount.strip("/"), store.version != "v1"
    key = str(remote.get("key") or "").strip("/").removeprefix(f"{mount}/")
    if not key or re.search(r'["\\{}*+?#\s]', key):
        raise UnfitError(f"the path {key or '(none)'} cannot be named in a policy and a template")
    path = f"{mount}/data/{key.removeprefix('data/')}" if second else f"{mount}/{key}"
    version = remote.get("version")
    pinned = f"?version={version}" if version not in (None, "") else ""
    return Ref(path + pinned, field or "", second, decoding == "Base64")
