"""A pod through Go's types: what the injector can read, what it drops, and what it writes back.

The injector decodes the pod into Go structs, so an ill-typed field is refused with Go's text, a field it does
not know is dropped, and what it writes back omits what is empty. The types stand in `podtypes.txt`.
Decoded values are plain dicts without nulls; a missing field means Go's zero value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

from migrate.injector import quantity
from migrate.injector.gotext import trim
from migrate.injector.refusal import RefusalError

Decoded: TypeAlias = dict[str, Any]
"""A struct as a dict: only the fields given, nulls gone, quantities in canonical text."""

_RANGES = {"int32": 2**31, "int64": 2**63}
_OPAQUE = frozenset({"@Time", "@FieldsV1"})


@dataclass(frozen=True, slots=True)
class Type:
    """One Go type. `kind`: struct, list, map, string, bool, int32, int64 or @custom; `name` as Go prints it."""

    kind: str
    name: str
    pointer: bool = False
    of: Type | None = None
    struct: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a struct: its JSON name, the embedded structs on the way to it, when it is left out."""

    name: str
    path: str
    always: bool
    type: Type


@cache
def fields(struct: str) -> dict[str, Field]:
    """The fields of a struct by JSON name, in Go's order."""
    return {field.name: field for field in map(_field, _declarations()[struct].split())}


@cache
def _folded(struct: str) -> dict[str, Field]:
    return {name.lower(): field for name, field in fields(struct).items()}


@cache
def _declarations() -> dict[str, str]:
    text = resources.files(__package__).joinpath("podtypes.txt").read_text(encoding="utf-8")
    lines = (line for line in text.replace("\n  ", " ").splitlines() if line and not line.startswith("#"))
    return dict(line.split(":", 1) for line in lines)


def _field(declaration: str) -> Field:
    left, _, right = declaration.partition("=")
    path = left.rstrip("!0").replace("/", ".")
    return Field(path.rpartition(".")[2], path, left.endswith("!"), type_of(right))


@cache
def type_of(text: str) -> Type:
    """Read a type in the notation of podtypes.txt."""
    if text.startswith("*"):
        inner = type_of(text[1:])
        return Type(inner.kind, inner.name, True, inner.of, inner.struct)
    if text.startswith("[]"):
        inner = type_of(text[2:])
        return Type("list", "[]" + ("*" if inner.pointer else "") + inner.name, of=inner)
    if text.startswith("{"):
        name, _, item = text[1:].partition("}")
        inner = type_of(item)
        return Type("map", _qualified(name) if name else f"map[string]{inner.name}", of=inner)
    if ":" in text:
        kind, _, name = text.partition(":")
        return Type(kind, _qualified(name))
    if text.startswith("@"):
        return Type(text, _qualified(text[1:]))
    return Type("struct", _qualified(text), struct=text) if text[0].isupper() else Type(text, text)


def _qualified(name: str) -> str:
    return name if "." in name else f"v1.{name}"


def decode(struct: str, document: object) -> Decoded:
    """Read a document as a struct. Raises RefusalError with the text Go would give."""
    reader = _Decoder()
    found: Decoded = reader.read(Type("struct", _qualified(struct), struct=struct), document, "", "") or {}
    if reader.fault:
        raise RefusalError(reader.fault)
    return found


class _Decoder:
    """Goes on after a type error, as Go does, and reports the first one; a custom reader's error ends it."""

    def __init__(self) -> None:
        self.fault = ""

    def read(self, type_: Type, value: Any, struct: str, path: str) -> Any:
        if value is None:
            return None if type_.pointer else _zero_of_null(type_)
        kind = type_.kind
        if kind == "string":
            if isinstance(value, str):
                return value
        elif kind == "struct":
            if isinstance(value, dict):
                return self.struct(type_, value, path)
        elif kind == "list":
            if isinstance(value, list) and type_.of is not None:
                of = type_.of
                return [self.read(of, item, struct, path) for item in value]
        elif kind == "map":
            if isinstance(value, dict) and type_.of is not None:
                of = type_.of
                return {key: self.read(of, item, struct, path) for key, item in value.items()}
        elif kind == "bool":
            if isinstance(value, bool):
                return value
        elif kind in _RANGES:
            if isinstance(value, int) and not isinstance(value, bool) and _fits(kind, value):
                return value
        else:
            return _custom(type_, value, struct, path)
        if not self.fault:
            self.fault = _type_error(type_, value, struct, path)
        return None

    def struct(self, type_: Type, value: dict[str, Any], path: str) -> Decoded:
        known = fields(type_.struct)
        name = type_.name.rpartition(".")[2]
        found: Decoded = {}
        for key, item in value.items():
            field = known.get(key) or _folded(type_.struct).get(key.lower())
            if field is None or item is None:
                continue
            read = self.read(field.type, item, name, f"{path}.{field.path}" if path else field.path)
            if read is not None:
                found[field.name] = read
        return found


def _zero_of_null(type_: Type) -> Any:
    return {"string": "", "bool": False, "int32": 0, "int64": 0, "struct": {}, "@resource.Quantity": "0"}.get(
        type_.kind
    )


def _fits(kind: str, value: int) -> bool:
    return -_RANGES[kind] <= value < _RANGES[kind]


def _custom(type_: Type, value: Any, struct: str, path: str) -> Any:
    """Types that read themselves. Times are taken as they are: the injector never looks at one."""
    if type_.kind in _OPAQUE:
        return value
    if type_.kind == "@resource.Quantity":
        text = value if isinstance(value, str) else _literal(value)
        return quantity.parse(trim(text)).text
    if isinstance(value, str) or (_is_number(value) and isinstance(value, int) and _fits("int32", value)):
        return value
    raise RefusalError(_type_error(Type("int32", "int32"), value, struct, path))


def _literal(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _type_error(type_: Type, value: Any, struct: str, path: str) -> str:
    what = _go_kind(value)
    if what == "number" and type_.kind in _RANGES:
        what = f"number {value}"
    place = f"Go struct field {struct}.{path}" if struct else "Go value"
    return f"json: cannot unmarshal {what} into {place} of type {type_.name}"


def _go_kind(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "number"


def encode(struct: str, value: Decoded) -> Decoded:
    """Write a decoded struct as Go's JSON: empty fields left out where Go leaves them out."""
    written: Decoded = {}
    for name, field in fields(struct).items():
        given = value.get(name)
        if given is None and (field.type.pointer or field.type.kind not in ("struct", "@resource.Quantity")):
            if field.always:
                written[name] = _zero(field.type)
        elif field.always or field.type.pointer or not _left_out(field.type, given):
            written[name] = _encoded(field.type, given)
    return written


def _zero(type_: Type) -> Any:
    if type_.pointer or type_.kind in ("list", "map"):
        return None
    return {"string": "", "bool": False}.get(type_.kind, 0)


def _left_out(type_: Type, given: Any) -> bool:
    """omitempty: empty text, lists, maps, false and 0; never a struct or a type that writes itself."""
    return type_.kind != "struct" and not type_.kind.startswith("@") and not given


def _encoded(type_: Type, given: Any) -> Any:
    match type_.kind:
        case "struct":
            return encode(type_.struct, given or {})
        case "list" if type_.of is not None:
            return [_encoded(type_.of, item) for item in given]
        case "map" if type_.of is not None:
            return {key: _encoded(type_.of, item) for key, item in given.items()}
        case "@resource.Quantity":
            return given or "0"
        case _:
            return given
