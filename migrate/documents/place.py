"""Finding the node that a pointer means, refusing on the way what an edit could not leave as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.documents.edits import CannotEdit
from migrate.documents.nodes import (
    BREAKS,
    AliasNode,
    MappingNode,
    Node,
    Pair,
    ScalarNode,
    SequenceNode,
    column,
    line_end,
    line_start,
    past_break,
)
from migrate.documents.render import Style
from migrate.model.json import Pointer


@dataclass(frozen=True, slots=True)
class Splice:
    """Replace the characters from `start` up to `end` by `text`."""

    start: int
    end: int
    text: str


Draft = tuple[Splice, ...]
"""Splices that make one edit together; they do not overlap."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node where it stands: the collection that holds it (None for the root), its pair in a mapping."""

    pointer: Pointer
    node: Node
    holder: Node | None
    pair: Pair | None
    in_flow: bool


@dataclass(frozen=True, slots=True)
class Page:
    """The text being edited, the root of the document in question and how that document is laid out."""

    text: str
    root: Node
    style: Style
    as_json: bool

    @classmethod
    def of(cls, text: str, root: Node) -> Page:
        """A page whose style is read off the document itself."""
        as_json = isinstance(root, MappingNode) and root.flow and bool(root.pairs) and _quoted(root.pairs[0])
        return cls(text, root, style_of(text, root), as_json)

    def place(self, pointer: Pointer) -> Place:
        """The node at a pointer. Raises CannotEdit for aliases, anchors and explicit keys on the way to it.

        A key may be an alias (`*app :`): what stands under it is no part of the anchor.
        """
        place = Place((), self.root, None, None, in_flow=False)
        self._check(place)
        for depth, token in enumerate(pointer):
            place = self._step(place, token, pointer[: depth + 1])
            self._check(place)
        return place

    def _step(self, place: Place, token: str | int, pointer: Pointer) -> Place:
        node = place.node
        if isinstance(node, MappingNode):
            pair = next((p for p in node.pairs if self.said(p.key) == token), None)
            if pair is not None:
                return Place(pointer, pair.value, node, pair, place.in_flow or node.flow)
        if isinstance(node, SequenceNode) and isinstance(token, int) and token < len(node.items):
            return Place(pointer, node.items[token], node, None, place.in_flow or node.flow)
        raise CannotEdit("it is not written here: it comes from a merge key, or its key is spelt otherwise", pointer)

    def said(self, key: Node) -> str | None:
        """What a key says; an alias says what the last anchor of its name before it does."""
        if isinstance(key, AliasNode):
            said = [one for one in _scalars(self.root) if one.anchor == key.anchor and one.start < key.start]
            return said[-1].text if said else None
        return key.text if isinstance(key, ScalarNode) else None

    def _check(self, place: Place) -> None:
        node = place.node
        if isinstance(node, AliasNode):
            raise CannotEdit("it is an alias: the edit would have to change what the anchor says", place.pointer)
        if node.anchor is not None:
            raise CannotEdit("it carries an anchor: the edit would leak to every alias of it", place.pointer)
        if place.pair is not None:
            self._check_key(place)

    def _check_key(self, place: Place) -> None:
        key = place.pair.key if place.pair else None
        if not isinstance(key, ScalarNode | AliasNode) or (isinstance(key, ScalarNode) and key.anchor is not None):
            raise CannotEdit("its key carries an anchor", place.pointer)
        if self.text[: key.start].rstrip(" \t").endswith("?") and self.text[key.start - 1] in " \t":
            raise CannotEdit("its key is written with `?`", place.pointer)

    def no_merge(self, node: Node, pointer: Pointer) -> None:
        """Raises CannotEdit when the mapping takes part of its keys from a merge key."""
        if isinstance(node, MappingNode) and any(
            isinstance(pair.key, ScalarNode) and pair.key.text == "<<" for pair in node.pairs
        ):
            raise CannotEdit("the mapping has a merge key (<<)", pointer)

    def newline(self, near: int) -> str:
        """The line break in use around a position."""
        at = line_end(self.text, near)
        if at == len(self.text):
            at = line_end(self.text, 0)
        return self.text[at : past_break(self.text, at)] or "\n"

    def own_line(self, at: int) -> bool:
        """Whether nothing but blanks stands before a position on its line."""
        return not self.text[line_start(self.text, at) : at].strip(" \t")

    def after_line(self, leaf_end: int, pointer: Pointer) -> int:
        """Where the line on which a leaf ends is over, its comment and line break included."""
        if leaf_end and self.text[leaf_end - 1] in BREAKS:
            return leaf_end
        end = line_end(self.text, leaf_end)
        rest = self.text[leaf_end:end].strip(" \t")
        if rest and not rest.startswith("#"):
            raise CannotEdit("something else stands on the same line", pointer)
        return past_break(self.text, end)

    def insert_lines(self, leaf_end: int, lines: list[str], indent: int, pointer: Pointer) -> Splice:
        """New lines after the line on which a leaf ends; a file without a final line break stays without."""
        at, newline = self._past_inner_comments(self.after_line(leaf_end, pointer), indent), self.newline(leaf_end)
        block = newline.join(" " * indent + line if line else line for line in lines)
        if at == len(self.text) and (not self.text or self.text[-1] not in BREAKS):
            return Splice(at, at, newline + block)
        return Splice(at, at, block + newline)

    def _past_inner_comments(self, at: int, indent: int) -> int:
        # A comment that is indented deeper than what comes belongs to what stands before it.
        while True:
            end = line_end(self.text, at)
            line = self.text[at:end]
            if not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) <= indent:
                return at
            at = past_break(self.text, end)

    def delete_lines(self, start: int, leaf_end: int, pointer: Pointer) -> Splice:
        """Whole lines, from the one of `start` to the one on which a leaf ends."""
        first, last = line_start(self.text, start), self.after_line(leaf_end, pointer)
        if last == len(self.text) and self.text[-1] not in BREAKS and first > 0:
            first -= 2 if self.text.endswith("\r\n", 0, first) else 1
        return Splice(first, last, "")

    def after_colon(self, pair: Pair, pointer: Pointer) -> int:
        """The position after the colon of a pair."""
        at = pair.key.end
        while self.text[at : at + 1] in {" ", "\t"}:
            at += 1
        if self.text[at : at + 1] != ":":
            raise CannotEdit("its key is written in an unusual way", pointer)
        return at + 1


def style_of(text: str, root: Node) -> Style:
    """The layout of a document: as its first nested mapping and first list have it, else two columns."""
    step = offset = None
    for pair, child in _block_children(root):
        width = column(text, child.start) - column(text, pair.key.start)
        if isinstance(child, SequenceNode):
            offset = width if offset is None else offset
        elif width > 0:
            step = width if step is None else step
    chosen = step or 2
    return Style(chosen, chosen if offset is None else max(offset, 0))


def _block_children(node: Node) -> Iterator[tuple[Pair, MappingNode | SequenceNode]]:
    """Block collections that are values of block mappings, with their pairs, in the order of the text."""
    if isinstance(node, SequenceNode) and not node.flow:
        for item in node.items:
            yield from _block_children(item)
    if isinstance(node, MappingNode) and not node.flow:
        for pair in node.pairs:
            if isinstance(pair.value, MappingNode | SequenceNode) and not pair.value.flow:
                if pair.value.anchor is None:
                    yield pair, pair.value
                yield from _block_children(pair.value)


def _quoted(pair: Pair) -> bool:
    return _in_double_quotes(pair.key)


def _in_double_quotes(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.style == '"'


def json_like(page: Page, node: Node) -> bool:
    """Whether new text inside a flow collection should be JSON: its keys or items are in double quotes already."""
    match node:
        case MappingNode(pairs=pairs) if pairs:
            return page.as_json or _quoted(pairs[0])
        case SequenceNode(items=items) if items:
            return page.as_json or _in_double_quotes(items[-1])
        case _:
            return page.as_json


def _scalars(node: Node) -> Iterator[ScalarNode]:
    """Every scalar of a tree, in the order of the text."""
    match node:
        case ScalarNode():
            yield node
        case MappingNode():
            for pair in node.pairs:
                yield from _scalars(pair.key)
                yield from _scalars(pair.value)
        case SequenceNode():
            for item in node.items:
                yield from _scalars(item)
        case AliasNode():
            pass
