"""Where each setting comes from. The environment goes before the file, the file before the default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from pydantic import BaseModel

from migrate.model.config import Config
from migrate.model.json import Json, mapping

_PREFIX = "MIGRATE_"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it holds, and what says so."""

    name: str
    value: Json
    source: str


def variable(name: str) -> str:
    """The variable of a setting: `vault.address` is `MIGRATE_VAULT_ADDRESS`."""
    return _PREFIX + name.replace(".", "_").upper()


def names(model: type[BaseModel] = Config, within: str = "") -> Iterator[str]:
    """Every setting that is one value, by its dotted name."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from names(kind, f"{within}{name}.")
        elif not any(word in str(kind) for word in ("tuple", "dict")) and not any(map(_is_section, get_args(kind))):
            yield f"{within}{name}"


def _is_section(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def overlaid(written: Json, environment: Mapping[str, str]) -> Json:
    """The file's document with what the environment says instead."""
    answer = written
    for name in names():
        if value := environment.get(variable(name)):
            answer = _with(answer, name.split("."), value)
    return answer


def _with(document: Json, path: list[str], value: str) -> Json:
    head, *rest = path
    found = mapping(document)
    return {**found, head: _with(found.get(head), rest, value) if rest else value}


def origins(config: Config, written: Json, environment: Mapping[str, str], file: str) -> tuple[Setting, ...]:
    """Every setting with its source; lists and maps are the file's alone and not shown."""
    held = config.model_dump(mode="json")
    return tuple(Setting(name, _at(held, name), _source(name, written, environment, file)) for name in names())


def _source(name: str, written: Json, environment: Mapping[str, str], file: str) -> str:
    if environment.get(variable(name)):
        return variable(name)
    return file if _at(written, name) is not None else "default"


def _at(document: Json, name: str) -> Json:
    for key in name.split("."):
        document = mapping(document).get(key)
    return document
