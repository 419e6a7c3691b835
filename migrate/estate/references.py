"""Places in any object that name a Secret by the key they stand under.

Two kinds of key: those whose value can only be a name (`secretName`, `secretKeyRef`, ...) give a use at once.
Keys that might hold a name or a literal (`clientSecret`, `credentials`) are left for `mentions`, which compares
them with names that exist, so that a literal is never kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.estate.facts import Use
from migrate.estate.fields import key_of
from migrate.model.json import Json, Pointer, pointer_text, text

_REF_KEY = re.compile(r"(?:^|[a-z])[sS]ecret(?:Key)?(?:Ref|Reference|Selector)s?$")
_NAME_KEY = re.compile(r"(?:^s|S)ecretNames?$|(?:^e|E)xistingSecret(?:Name|Ref)?$|(?:^c|C)redentials?Secret(?:Name)?$")
_PULL_KEY = "imagePullSecrets"
# `passwordKey: {name, key}` is no reference; `secret: {name: x}` and `secret: {secretName: x}` are.
_OBJECT_KEY = re.compile(r"^secret$|Secret$")
_NAMED_KINDS = {"", "Secret"}


def uses(value: Json, how: str, at: Pointer = (), *, skip: frozenset[Pointer] = frozenset()) -> Iterator[Use]:
    """Every place below `value` that names a Secret for certain, with `how` as the word for it.

    `skip` holds pointers whose subtrees somebody else has read already (pod specs, producers).
    """
    if at in skip:
        return
    if isinstance(value, dict):
        for key, child in value.items():
            here = (*at, key)
            if here in skip:
                continue
            yield from _named(key, child, how, here)
            if isinstance(child, dict | list):
                yield from uses(child, how, here, skip=skip)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            if isinstance(child, dict | list):
                yield from uses(child, how, (*at, index), skip=skip)


def _named(key: str, child: Json, how: str, here: Pointer) -> Iterator[Use]:
    if key == _PULL_KEY:
        yield from _each(child, "imagePullSecrets", here)
    elif _NAME_KEY.search(key) or _REF_KEY.search(key):
        yield from _each(child, how, here)
    elif _OBJECT_KEY.search(key) and isinstance(child, dict):
        yield from _reference(child, how, here)


def _each(child: Json, how: str, here: Pointer) -> Iterator[Use]:
    items: list[tuple[Pointer, Json]] = (
        [((*here, index), item) for index, item in enumerate(child)] if isinstance(child, list) else [(here, child)]
    )
    for pointer, item in items:
        if isinstance(item, str) and item:
            yield Use(item, "", how, pointer_text(pointer))
        elif isinstance(item, dict):
            yield from _reference(item, how, pointer)


def _reference(child: dict[str, Json], how: str, here: Pointer) -> Iterator[Use]:
    """`{name, key?, namespace?}` or `{secretName, ...}`, unless it says that it names something else."""
    if text(child.get("kind")) not in _NAMED_KINDS:
        return
    for field in ("name", "secretName"):
        name = child.get(field)
        # `secretName` inside is found again by the walk itself, through its own key.
        if isinstance(name, str) and name and field == "name":
            yield Use(name, text(child.get("namespace")), how, pointer_text((*here, field)), keys=key_of(child))
            return


_LOOSE_KEY = re.compile(r"(?i)secret|credential|passw|auth|cert|tls|token")
_LOOSE_NAME = re.compile(r"(?i)secret|cred|token|passw|auth|-env$|-key")
_SCRIPT_KEYS = frozenset({"command", "args"})
_NO_REFERENCE = frozenset(
    {"metadata", "labels", "matchLabels", "selector", "configMap", "configMapKeyRef", "configMapRef"}
)


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
    return bool(how) and _is_loose(value, at) and pointer_text(at) not in known


def _is_loose(value: str, at: Pointer) -> bool:
    """A string that could be a Secret's name: by the field it stands in, or by what it is called."""
    if _NO_REFERENCE & set(at) or not ("${" in value or _TOKEN.fullmatch(value)):
        return False
    keys = [token for token in at if isinstance(token, str)]
    field = next((key for key in reversed(keys) if key not in {"name", "secretName"}), "")
    return _LOOSE_KEY.search(field) is not None or _LOOSE_NAME.search(value) is not None


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
    if any(token in _SCRIPT_KEYS for token in at) or "\n" in value or at[:1] == ("data",):
        for name in sorted(tokens(value) & names):
            yield Use(name, "", "text", pointer_text(at))


_TOKEN = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?")


def tokens(text: str) -> set[str]:
    """The words of a text that could be object names."""
    return set(_TOKEN.findall(text))
