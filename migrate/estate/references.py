"""Places in any object that name a Secret by the key they stand under.

Only keys whose value can be nothing but a name (`secretName`, `secretKeyRef`, ...), and references that say of
themselves that they are of a Secret. What might as well be a literal is left for `mentions`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.estate.facts import Use
from migrate.estate.fields import key_of
from migrate.model.json import Json, Pointer, pointer_text, text

_REF_KEY = re.compile(r"(?:^|[a-z])[sS]ecret(?:Key)?(?:Ref|Reference|Selector)s?$")
_NAME_KEY = re.compile(
    r"(?:^s|S)ecrets?Names?$|(?:^p|P)ullSecrets?$|(?:^e|E)xistingSecret(?:Name|Ref)?$|(?:^c|C)redentials?Secret(?:Name)?$"
)
# Parameters of storage drivers come in pairs: `.../provisioner-secret-name` and `.../provisioner-secret-namespace`.
_PARAMETER = re.compile(r"secret-name$")
_PULL_KEY = "imagePullSecrets"
# `passwordKey: {name, key}` is no reference; `secret: {name: x}` and `secret: {secretName: x}` are.
_OBJECT_KEY = re.compile(r"^secret$|Secret$")
_NAMED_KINDS = {"", "Secret"}
# `{kind: Secret, name}` there says what something else is for, or to be left alone; nobody reads it for that.
_NO_READER = frozenset({"target", "ignoreDifferences", "ownerReferences", "healthChecks", "involvedObject"})
_BOTH = re.compile(r"([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)/([a-z0-9](?:[-.a-z0-9]*[a-z0-9])?)")


def uses(value: Json, how: str, at: Pointer = (), *, skip: frozenset[Pointer] = frozenset()) -> Iterator[Use]:
    """Every place below `value` that names a Secret for certain, with `how` as the word for it.

    `skip` holds pointers whose subtrees somebody else has read already (pod specs, producers).
    """
    if at in skip:
        return
    if isinstance(value, dict):
        yield from _typed(value, how, at)
        for key, child in value.items():
            here = (*at, key)
            if here in skip:
                continue
            yield from _named(key, child, how, here)
            if _PARAMETER.search(key) and isinstance(child, str):
                yield Use(child, text(value.get(f"{key}space")), how, pointer_text(here))
            if isinstance(child, dict | list):
                yield from uses(child, how, here, skip=skip)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            if isinstance(child, dict | list):
                yield from uses(child, how, (*at, index), skip=skip)


def _typed(value: dict[str, Json], how: str, at: Pointer) -> Iterator[Use]:
    """`{kind: Secret, name}`, whatever key it stands under; and what a policy has cloned: `{kind: Secret, clone}`."""
    if value.get("kind") != "Secret" or "metadata" in value or not _NO_READER.isdisjoint(at):
        return
    copied = value.get("clone")
    reference, here = (copied, (*at, "clone")) if isinstance(copied, dict) else (value, at)
    if name := text(reference.get("name")):
        yield Use(name, text(reference.get("namespace")), how, pointer_text((*here, "name")), keys=key_of(reference))


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
            both = _BOTH.fullmatch(item)
            namespace, name = both.groups() if both else ("", item)
            yield Use(name, namespace, how, pointer_text(pointer))
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
