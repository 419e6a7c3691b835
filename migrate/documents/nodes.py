"""Where things stand in a YAML text: nodes with character positions, for edits that touch nothing else.

Positions are indexes into the decoded text without its byte order mark, which is how libyaml counts: not
lines and not bytes, because a lone CR, NEL, LS and PS are line breaks for libyaml and for nobody else.
This module knows positions and never values: what a scalar means is the reader's business.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

# PyYAML's stubs make every mark optional; libyaml's events always carry theirs.
_Event: TypeAlias = Any

BREAKS = "\n\r\x85\u2028\u2029"
"""Every character that ends a line for libyaml."""


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A scalar, its anchor and tag included in the span. `style` is `'`, `"`, `|`, `>` or empty for plain.

    `end` is where its content ends: for a block scalar the start of the next line, or the end of the text.
    """

    start: int
    end: int
    text: str
    style: str
    anchor: str | None


@dataclass(frozen=True, slots=True)
class AliasNode:
    """An alias such as `*name`."""

    start: int
    end: int
    anchor: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A key and its value."""

    key: Node
    value: Node


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A mapping. `end` is past the closing brace in flow style, the end of the last leaf in block style."""

    start: int
    end: int
    flow: bool
    anchor: str | None
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A sequence; ends like a mapping does. `start` of a block sequence is its first dash."""

    start: int
    end: int
    flow: bool
    anchor: str | None
    items: tuple[Node, ...]


Node: TypeAlias = ScalarNode | AliasNode | MappingNode | SequenceNode


@dataclass(frozen=True, slots=True)
class DocumentNode:
    """A document: where it starts (its directives or `---` if it has them, else its root) and its root."""

    start: int
    root: Node


@dataclass(frozen=True, slots=True)
class Source:
    """A file's bytes as text, with what is needed to get the very same bytes back."""

    mark: bytes
    codec: str
    text: str

    def encode(self, text: str) -> bytes:
        """The bytes of another text in this file's encoding, byte order mark included."""
        return self.mark + text.encode(self.codec)


_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode(data: bytes) -> Source:
    """Bytes as text: UTF-8, or UTF-16 with a byte order mark. Raises UnicodeDecodeError for anything else."""
    mark, codec = next(((m, c) for m, c in _MARKS if data.startswith(m)), (b"", "utf-8"))
    return Source(mark, codec, data[len(mark) :].decode(codec))


@lru_cache(maxsize=16)
def compose(text: str) -> tuple[DocumentNode, ...]:
    """The node trees of a text that the reader has accepted, empty documents included.

    The last few are remembered: who edits a text next asks what of it may be shown.

    Raises what PyYAML raises where the text is not YAML; nesting is bounded because the reader bounds it.
    """
    get: Callable[[], _Event] = CParser(text).get_event
    found: list[DocumentNode] = []
    event: _Event
    while (event := get()).__class__ is not StreamEndEvent:
        if event.__class__ is DocumentStartEvent:
            found.append(DocumentNode(_start(event), _node(get(), get, text)))
    return tuple(found)


def _node(event: _Event, get: Callable[[], _Event], text: str) -> Node:
    start, end = _start(event), _end(event)
    kind = event.__class__
    if kind is ScalarEvent:
        if event.style in {"|", ">"}:
            end = _block_scalar_end(text, start, end, event)
        return ScalarNode(start, end, event.value, event.style or "", event.anchor)
    if kind is AliasEvent:
        return AliasNode(start, end, event.anchor)
    if kind is MappingStartEvent:
        return _mapping(event, get, text)
    return _sequence(event, get, text)


def _mapping(event: _Event, get: Callable[[], _Event], text: str) -> MappingNode:
    pairs = []
    key: _Event
    while (key := get()).__class__ is not MappingEndEvent:
        pairs.append(Pair(_node(key, get, text), _node(get(), get, text)))
    flow = bool(event.flow_style)
    end = _end(key) if flow else pairs[-1].value.end
    return MappingNode(_start(event), end, flow, event.anchor, tuple(pairs))


def _sequence(event: _Event, get: Callable[[], _Event], text: str) -> SequenceNode:
    items = []
    item: _Event
    while (item := get()).__class__ is not SequenceEndEvent:
        items.append(_node(item, get, text))
    flow = bool(event.flow_style)
    # libyaml's end mark of a block collection runs past trailing comments: the last leaf knows better.
    end = _end(item) if flow else items[-1].end
    return SequenceNode(_start(event), end, flow, event.anchor, tuple(items))


def _start(event: _Event) -> int:
    return int(event.start_mark.index)


def _end(event: _Event) -> int:
    return int(event.end_mark.index)


def _block_scalar_end(text: str, start: int, end: int, event: _Event) -> int:
    """Step back over the blank lines that libyaml counts in, unless they are content (`|+`)."""
    header = text[start : line_end(text, start)].split(" #", maxsplit=1)[0]
    if "+" in header.rsplit(event.style, 1)[-1]:
        return end
    while end > start:
        before = line_start(text, max(end - 1, 0) if not text.endswith("\r\n", 0, end) else end - 2)
        if before <= start or text[before:end].strip(" \t" + BREAKS):
            return end
        end = before
    return end


def line_start(text: str, at: int) -> int:
    """The index where the line that holds `at` begins."""
    while at > 0 and text[at - 1] not in BREAKS:
        at -= 1
    return at


def line_end(text: str, at: int) -> int:
    """The index of the line break that ends the line of `at`, or the length of the text."""
    size = len(text)
    while at < size and text[at] not in BREAKS:
        at += 1
    return at


def past_break(text: str, at: int) -> int:
    """The index after the line break that stands at `at`; CR LF is one break."""
    return at + 2 if text.startswith("\r\n", at) else min(at + 1, len(text))


def column(text: str, at: int) -> int:
    """How many characters stand before `at` on its line."""
    return at - line_start(text, at)
