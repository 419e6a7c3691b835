"""New YAML files. Only this module uses ruamel.yaml, and only to write: nothing here ever edits a file."""

from __future__ import annotations

import io
from collections.abc import Sequence

from ruamel.yaml import YAML
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString, SingleQuotedScalarString

from migrate.documents.edits import same
from migrate.documents.reader import YamlFault, load_all
from migrate.documents.render import literal, quoting_needed, single_quoted
from migrate.model.json import Json


def create_file(objects: Sequence[Json]) -> bytes:
    """A YAML file of these documents: UTF-8, line feeds, two columns a level, keys in the order given.

    Strings that any reader could take for something else are quoted, multi-line strings are literal blocks.
    Proven by reading the bytes again as Kubernetes would. Raises ValueError for what YAML cannot carry so
    (a null document, an integer over 64 bits, half a surrogate pair).
    """
    writer = YAML()
    writer.Representer = _Representer
    writer.default_flow_style = False
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.width = 1_000_000
    writer.allow_unicode = True
    out = io.StringIO()
    writer.dump_all([_styled(value) for value in objects], out)
    data = out.getvalue().encode("utf-8")
    if not _reads_as(data, objects):
        raise ValueError("these values do not survive YAML")
    return data


def _reads_as(data: bytes, objects: Sequence[Json]) -> bool:
    try:
        return same([found.value for found in load_all(data)], list(objects))
    except YamlFault:
        return False


class _Representer(RoundTripRepresenter):
    """ruamel's, with null spelt out: a key with nothing after it looks like a mistake."""

    def null(self, _: object) -> object:
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


_Representer.add_representer(type(None), _Representer.null)


def _styled(value: Json) -> object:
    match value:
        case dict():
            return {_string(key, block=False): _styled(child) for key, child in value.items()}
        case list():
            return [_styled(item) for item in value]
        case str():
            return _string(value, block=True)
        case _:
            return value


def _string(text: str, *, block: bool) -> object:
    if block and literal(text) is not None:
        return LiteralScalarString(text)
    if not quoting_needed(text):
        return text
    if ('"' in text or "\\" in text) and single_quoted(text) is not None:
        return SingleQuotedScalarString(text)
    return DoubleQuotedScalarString(text)
