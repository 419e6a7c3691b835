"""Places that may name a Secret: where a name or a literal may stand, and texts that hold names.

What stands there is compared with names that exist, so that a literal is never kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.documents.reader import YamlFault, load_all
from migrate.estate.facts import Use
from migrate.estate.references import uses
from migrate.model.json import Json, Pointer, pointer_text

_LOOSE_KEY = re.compile(r"(?i)secret|credential|passw|auth|cert|tls|token")
_LOOSE_NAME = re.compile(r"(?i)secret|cred|token|passw|auth|-env$|-key")
_SCRIPT_KEYS = frozenset({"command", "args"})
_NO_REFERENCE = frozenset(
    {"metadata", "labels", "matchLabels", "selector", "configMap", "configMapKeyRef", "configMapRef"}
    | {"ignoreDifferences"}
)
RELOADER = "secret.reloader.stakater.com/"
"""Beginning of annotations that list Secrets: what has them is restarted when one of these changes."""
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]+")
_NAMING_VARIABLE = re.compile(r"SECRET.*(?:NAME|REF)$")
_NAMING_ANNOTATION = re.compile(r"secret(?:-name)?$")


def mentions(value: Json, names: frozenset[str], how: str, at: Pointer = ()) -> Iterator[Use]:
    """Places that hold one of `names` without a key that says so for certain.

    A string equal to a name is a reader with `how` where the key, the name, or a `key` beside it speaks of
    secrets, unless `how` is empty; a name inside a longer text (command, script) is a reader of kind `text`.
    """
    if isinstance(value, dict):
        if how and _is_selector(value, names, at):
            yield Use(str(value["name"]), "", how, pointer_text((*at, "name")), keys=(str(value["key"]),))
            return
        for key, child in value.items():
            yield from mentions(child, names, how, (*at, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from mentions(child, names, how, (*at, index))
    elif isinstance(value, str) and len(value) > 1:
        yield from _mention(value, names, how, at)


def may_mention(value: Json, known: frozenset[str], how: str, at: Pointer = ()) -> bool:
    """Whether `mentions` could find anything here for some names, places in `known` aside.

    Asked once when a file is read, so that the files that cannot mention anything are not read again.
    """
    if isinstance(value, dict):
        if how and "key" in value and isinstance(value.get("name"), str) and pointer_text((*at, "name")) not in known:
            return True
        return any(may_mention(child, known, how, (*at, key)) for key, child in value.items())
    if isinstance(value, list):
        return any(may_mention(child, known, how, (*at, index)) for index, child in enumerate(value))
    if not isinstance(value, str):
        return False
    if "\n" in value or any(token in _SCRIPT_KEYS for token in at):
        return True
    if how and _annotation(at):
        return True
    return bool(how) and _is_loose(value, at) and pointer_text(at) not in known


def _is_loose(value: str, at: Pointer) -> bool:
    """A string that could be a Secret's name: by the field it stands in, or by what it is called."""
    if _NO_REFERENCE & set(at) or not ("${" in value or _TOKEN.fullmatch(value)):
        return False
    keys = [token for token in at if isinstance(token, str)]
    field = next((key for key in reversed(keys) if key not in {"name", "secretName"}), "")
    if _annotation(at):
        return field.startswith(RELOADER) or _NAMING_ANNOTATION.search(field) is not None
    if _VARIABLE.fullmatch(field):
        # `CLIENT_ID: shop` beside a Secret called shop: a plain variable says nothing of Secrets by what it is for.
        return _NAMING_VARIABLE.search(field) is not None or _LOOSE_NAME.search(value) is not None
    return _LOOSE_KEY.search(field) is not None or _LOOSE_NAME.search(value) is not None


def _annotation(at: Pointer) -> str:
    """The key of the annotation that stands there; empty for any other place."""
    above = at[-2] if len(at) > 1 else ""
    return str(at[-1]) if isinstance(above, str) and above.lower().endswith("annotations") else ""


def _is_selector(value: dict[str, Json], names: frozenset[str], at: Pointer) -> bool:
    """`{name, key}`: how custom resources select one key of a Secret, whatever they call the field."""
    name = value.get("name")
    named = isinstance(name, str) and name in names and isinstance(value.get("key"), str)
    return named and not _NO_REFERENCE & set(at)


def _mention(value: str, names: frozenset[str], how: str, at: Pointer) -> Iterator[Use]:
    if value in names and not any(token in _SCRIPT_KEYS for token in at):
        if how and _is_loose(value, at):
            yield Use(value, "", how, pointer_text(at))
        return
    if how and (annotation := _annotation(at)):
        yield from _listed(value, names, how, at, annotation)
    elif any(token in _SCRIPT_KEYS for token in at) or "\n" in value or at[:1] == ("data",):
        found = sorted(tokens(value) & names)
        certain = _certain(value) if found and not any(token in _SCRIPT_KEYS for token in at) else frozenset[str]()
        for name in found:
            yield Use(name, "", (how or "custom-resource") if name in certain else "text", pointer_text(at))


def _listed(value: str, names: frozenset[str], how: str, at: Pointer, annotation: str) -> Iterator[Use]:
    """An annotation that holds several names, or a namespace and a name."""
    if annotation.startswith(RELOADER):
        found = sorted({word.strip() for word in value.split(",")} & names)
        yield from (Use(name, "", how, pointer_text(at)) for name in found)
    elif _NAMING_ANNOTATION.search(annotation):
        namespace, _, name = value.rpartition("/")
        if name in names:
            yield Use(name, namespace, how, pointer_text(at))


def _certain(value: str) -> frozenset[str]:
    """The Secrets that an object, a patch or settings held as a text of YAML name for certain."""
    try:
        documents = load_all(value.encode())
    except YamlFault:
        return frozenset()
    return frozenset(use.secret for one in documents for use in uses(one.value, ""))


_TOKEN = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?")


def tokens(text: str) -> set[str]:
    """The words of a text that could be object names."""
    return set(_TOKEN.findall(text))
