"""YAML as Kubernetes reads it: bytes in, JSON values out.

A builder over the events of libyaml's parser with go-yaml's scalar rules (scalars.py), because PyYAML's own
loaders read `0440`, `yes` keys, `=`, timestamps and sexagesimals in their own way, and are half as fast.
It agrees with sigs.k8s.io/yaml; where the tools that apply manifests disagree with one another it says so:

- A duplicate key is a fault. `kubectl apply` lets the last one win, kustomize (and so Flux) refuses the file.
- A merge key (`<<`) takes effect where it stands: keys written after it win, keys written before it lose.
  That is go-yaml v2; kustomize lets written keys win wherever they stand.
- Plain `yes`, `no`, `on`, `off`, `y`, `n` are booleans, as for kubectl; kustomize keeps them strings. Keys too.
- `\\/` in double quotes is read, as JSON has it; go-yaml refuses it, but kubectl reads JSON files as JSON.

This module never opens a file and never says what a file contains: faults name a line and at most a key.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import yaml
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from yaml.reader import ReaderError

from migrate.documents.scalars import NUMBER_STARTS, NotAScalar, key_text, plain, tagged
from migrate.model.json import Json

# Events of any class: their class is compared, not asked for with isinstance, which a checker cannot follow.
_Event: TypeAlias = Any

DEPTH = 128
"""Levels of nesting allowed. Manifests stay under 40; past this, whoever walks the value would overflow."""

_REMEMBERED = 1 << 16
"""So many contents are remembered: those of a plan of 5,000 workloads."""

_INNER_MARK = re.compile(rb"(?:\A\xef\xbb\xbf|[\r\n]|\xc2\x85|\xe2\x80[\xa8\xa9])\xef\xbb\xbf")
_MERGE_TAG = "tag:yaml.org,2002:merge"
_SPECIAL = NUMBER_STARTS | frozenset("yYnNtTfFoO~")


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a stream: its position among all documents (from 0), first line (from 1) and value."""

    index: int
    line: int
    value: Json


class YamlFault(Exception):  # noqa: N818 - a fault is the input's, an error would be ours
    """The bytes are not YAML that Kubernetes could read. `line` is 1-based, 0 where unknown.

    `message` is one line and quotes nothing of the file beyond a key's name: files may hold secrets.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}" if line else message)
        self.line = line
        self.message = message


def load_all(data: bytes) -> list[Document]:
    """Every document of a YAML stream, in order. Empty and null ones are left out, but `index` counts them.

    Raises YamlFault when any part of the stream cannot be read, also when documents before it could be:
    a file that Kubernetes tools would refuse is not half-read. Nothing else is raised, whatever the bytes.
    """
    if data.find(codecs.BOM_UTF8, 1) > 0:
        _no_inner_mark(data)
    try:
        return _Builder(CParser(data).get_event).documents()
    except ReaderError as error:
        line = data.count(b"\n", 0, error.position) + 1 if isinstance(error.position, int) else 0
        raise YamlFault(line, "a character that YAML does not allow, or not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        raise YamlFault(mark.line + 1 if mark else 0, _one_line(error)) from None
    except yaml.YAMLError:
        raise YamlFault(0, "not YAML") from None


@lru_cache(maxsize=_REMEMBERED)
def load_once(data: bytes) -> tuple[Document, ...]:
    """What `load_all` gives, read once however often the same bytes are asked about: nobody may change the values.

    For whoever comes back to a file: a plan asks about each content of each file that it edits a dozen times. Raises
    as `load_all` does.
    """
    return tuple(load_all(data))


def _no_inner_mark(data: bytes) -> None:
    # libyaml skips a byte order mark at the start of any line, Go takes it for text: files joined with `cat`
    # would read differently.
    found = _INNER_MARK.search(data)
    if found:
        raise YamlFault(data.count(b"\n", 0, found.end()) + 1, "a byte order mark inside the file")


def _one_line(error: yaml.MarkedYAMLError) -> str:
    # libyaml's own texts are fixed phrases: nothing of the file is in them.
    return ", ".join(part for part in (error.context, error.problem) if part) or "not YAML"


@dataclass(slots=True)
class _Anchor:
    value: Json
    text: str  # as written, where the value is a scalar: needed when an alias stands as a key
    nodes: int
    open: bool


class _Builder:
    """Builds the values of one stream, pulling events through `get`."""

    __slots__ = ("aliased", "anchors", "depth", "get", "nodes")

    def __init__(self, get: Callable[[], _Event]) -> None:
        self.get = get
        self.anchors: dict[str, _Anchor] = {}
        self.depth = self.nodes = self.aliased = 0

    def documents(self) -> list[Document]:
        found: list[Document] = []
        index = 0
        while True:
            event = self.get()
            kind = event.__class__
            if kind is StreamEndEvent:
                return found
            if kind is DocumentStartEvent:
                if event.version not in {None, (1, 1)}:
                    raise YamlFault(_line(event), "a %YAML directive that go-yaml refuses: it knows 1.1 only")
                self.anchors = {}
                self.nodes = self.aliased = 0
                root = self.get()
                value = self.value(root)
                if value is not None:
                    found.append(Document(index, _line(root), value))
                index += 1
            elif kind is not StreamStartEvent and kind is not DocumentEndEvent:
                raise YamlFault(_line(event), "not a document")

    # From here to `mapping` is the loop that a scan of 100,000 files spends its time in: the scalar case is
    # written out twice (in a sequence and in a mapping) because a call for each costs a sixth of the speed.

    def value(self, event: _Event) -> Json:
        kind = event.__class__
        if kind is ScalarEvent:
            value = self.scalar(event)
            if event.anchor is not None:
                self.anchors[event.anchor] = _Anchor(value, event.value, 1, open=False)
            return value
        if kind is AliasEvent:
            return self.alias(event).value
        if self.depth >= DEPTH:
            raise YamlFault(_line(event), f"nested deeper than {DEPTH} levels")
        self.depth += 1
        anchor = None
        if event.anchor is not None:
            before = self.nodes
            anchor = self.anchors[event.anchor] = _Anchor(None, "", 0, open=True)
        built: Json = self.mapping() if kind is MappingStartEvent else self.sequence()
        if anchor is not None:
            anchor.value, anchor.nodes, anchor.open = built, self.nodes - before + 1, False
        self.depth -= 1
        self.nodes += 1
        return built

    def scalar(self, event: _Event) -> Json:
        self.nodes += 1
        text = event.value
        try:
            if event.tag is not None:
                return tagged(event.tag, text)
            return plain(text) if event.implicit[0] else text
        except NotAScalar as error:
            raise YamlFault(_line(event), str(error)) from None

    def sequence(self) -> list[Json]:
        built: list[Json] = []
        get, add = self.get, built.append
        while True:
            event = get()
            kind = event.__class__
            if kind is SequenceEndEvent:
                return built
            add(self.value(event))

    def mapping(self) -> dict[str, Json]:
        built: dict[str, Json] = {}
        inherited: set[str] = set()
        get, value_of = self.get, self.value
        while True:
            event = get()
            kind = event.__class__
            if kind is MappingEndEvent:
                return built
            if kind is ScalarEvent:
                text = event.value
                if text == "<<" and (event.implicit[0] or event.tag == _MERGE_TAG):
                    self.merge(built, inherited)
                    continue
                if text and text[0] not in _SPECIAL and event.tag is None and event.anchor is None:
                    key = text
                    self.nodes += 1
                else:
                    key = self.key(event)
            else:
                key = self.key(event)
            if key in built:
                if key not in inherited:
                    raise YamlFault(_line(event), f"the key {_shown(key)} stands twice in one mapping")
                inherited.discard(key)
            event = get()
            if event.__class__ is ScalarEvent and event.anchor is None:
                text = event.value
                if event.tag is None and (not event.implicit[0] or (text and text[0] not in _SPECIAL)):
                    built[key] = text
                    self.nodes += 1
                    continue
            built[key] = value_of(event)

    def key(self, event: _Event) -> str:
        kind = event.__class__
        if kind is ScalarEvent:
            value, text = self.value(event), event.value
        elif kind is AliasEvent:
            anchor = self.alias(event)
            value, text = anchor.value, anchor.text
        else:
            raise YamlFault(_line(event), "a key that is a mapping or a sequence")
        if isinstance(value, dict | list):
            raise YamlFault(_line(event), "a key that is a mapping or a sequence")
        try:
            return key_text(value, text)
        except NotAScalar as error:
            raise YamlFault(_line(event), str(error)) from None

    def merge(self, built: dict[str, Json], inherited: set[str]) -> None:
        event = self.get()
        value = self.value(event)
        # A list must stand there itself, an alias to one is refused; earlier items win over later ones.
        sources = value if isinstance(value, list) and event.__class__ is SequenceStartEvent else [value]
        for source in reversed(sources):
            if not isinstance(source, dict):
                raise YamlFault(_line(event), "a merge key (<<) wants a mapping or a list of mappings")
            inherited.update(key for key in source if key not in built)
            built.update(source)

    def alias(self, event: _Event) -> _Anchor:
        anchor = self.anchors.get(event.anchor)
        if anchor is None:
            raise YamlFault(_line(event), "an alias to an anchor that is not there")
        if anchor.open:
            raise YamlFault(_line(event), "an anchor that contains itself")
        self.nodes += anchor.nodes + 1
        self.aliased += anchor.nodes
        if self.aliased > 100 and self.nodes > 1000 and self.aliased / self.nodes > _allowed(self.nodes):
            raise YamlFault(_line(event), "too many aliases: the document would unfold without end")
        return anchor


def _allowed(nodes: int) -> float:
    """go-yaml's guard against alias bombs: the share of a document that may come from aliases."""
    return 0.99 - 0.89 * min(max((nodes - 400_000) / 3_600_000, 0.0), 1.0)


def _line(event: _Event) -> int:
    return int(event.start_mark.line) + 1


def _shown(key: str) -> str:
    return ascii(key if len(key) <= 60 else key[:57] + "...")
