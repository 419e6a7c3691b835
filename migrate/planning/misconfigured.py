"""What is wrong with a setting, in words: where it stands, what belongs there, and how that looks. Never the value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from migrate.model.config import Config

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_EXAMPLES = {
    "branch": "migrate/{plan}",
    "column": "body",
    "config": "/etc/app.ini",
    "database": "orders",
    "fileEnv": "{env}_FILE",
    "key": "id",
    "prefix": "mig-",
    "sealed": "body_sealed",
    "secret": "monitoring/grafana-db",
    "subject": "{summary}",
    "table": "public.orders",
    "workload": "monitoring/grafana",
}
"""By the key's name; whatever else has a pattern is a time."""
_TYPES = {
    "string": "a text",
    "int": "a whole number",
    "bool": "true or false",
    "tuple": "a list",
    "dict": "keys and values",
    "model": "a section with keys of its own",
}


def complaint(error: ErrorDetails) -> str:
    """One fault as one sentence."""
    place = [part for part in error["loc"] if part != "[key]"]
    key, limits = _dotted(place) or "the file", error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return f"{_dotted(place)}: there is no such key; {_near(place)}"
        case "missing":
            return f"{key}: it is missing"
        case "string_pattern_mismatch":
            return f"{key}: expected something like {example(str(place[-1]))}"
        case "literal_error":
            return f"{key}: expected {str(limits['expected']).replace(chr(39), '')}"
        case "value_error":
            return f"{key}: {limits['error']}"
        case "string_too_short":
            return f"{key}: expected a text that says something"
        case "greater_than_equal" | "less_than_equal":
            bound = f"at least {limits['ge']}" if "ge" in limits else f"at most {limits['le']}"
            return f"{key}: expected a number of {bound}"
        case kind:
            return f"{key}: expected {_TYPES.get(kind.partition('_')[0], 'something else (docs/configuration.md)')}"


def example(key: str) -> str:
    """How a setting of this name may look."""
    return _EXAMPLES.get(key, "72h")


def _dotted(place: Sequence[int | str]) -> str:
    return ".".join(map(str, place))


def _near(place: Sequence[int | str]) -> str:
    """The keys that are there, the one that was probably meant before all."""
    keys = sorted(_keys(place[:-1]))
    if close := get_close_matches(str(place[-1]), keys, n=1):
        return f"perhaps {close[0]}"
    return f"there are {', '.join(keys)}"


def _keys(place: Sequence[int | str]) -> Mapping[str, Any]:
    """The keys of a section, by the file's own schema."""
    schema: dict[str, Any] = Config.model_json_schema()
    found = schema
    for part in place:
        found = _inside(found, part, schema["$defs"])
    properties: dict[str, Any] = _resolved(found, schema["$defs"]).get("properties", {})
    return properties


def _inside(node: dict[str, Any], part: int | str, named: dict[str, Any]) -> dict[str, Any]:
    section = _resolved(node, named)
    for key in ("items", "additionalProperties"):
        if isinstance(section.get(key), dict) and part not in section.get("properties", {}):
            return dict(section[key])
    return dict(section.get("properties", {}).get(part, {}))


def _resolved(node: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """The section itself, where the schema only refers to it, or lets something else stand for it."""
    for one in node.get("anyOf", ()):
        if found := _resolved(one, named):
            return found
    if "$ref" in node:
        return dict(named[str(node["$ref"]).rpartition("/")[2]])
    return node if {"properties", "items", "additionalProperties"} & node.keys() else {}
