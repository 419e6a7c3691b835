"""What reading one object of a tree gives, and the small judgements every kind makes of a field."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

from migrate.estate.facts import Container, Use
from migrate.model.json import Json, text

Object: TypeAlias = "dict[str, Json]"

_SENSITIVE = re.compile(r"(?i)passw|token|secret|key|credential|private")
_HARMLESS = re.compile(r"(?i)(name|ref|namespace|domain|host|path|url|enabled)$")


class Reading(NamedTuple):
    """What an object says. See `Facts` for the fields."""

    uses: tuple[Use, ...] = ()
    spec: Json = None
    containers: tuple[Container, ...] = ()
    service_account: str = ""
    workload: bool = False
    texts: bool = False


def key_of(reference: Object) -> tuple[str, ...]:
    """The one key that a `{name, key}` reference takes out of a Secret; empty where it takes all or does not say."""
    key = text(reference.get("key"))
    return (key,) if key else ()


def pick(value: Json, *keys: str) -> Object:
    """The named keys of a map that are present."""
    return {key: value[key] for key in keys if key in value} if isinstance(value, dict) else {}


def sensitive(key: str) -> bool:
    """Whether a key's name says that its value may be a secret; such values are never kept."""
    return _SENSITIVE.search(key) is not None and _HARMLESS.search(key) is None


def scalar(value: Json) -> str:
    """A plain value as the text that a variable would hold; empty for lists, maps and null."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None or isinstance(value, dict | list) else str(value)
