"""Entries of a collection, pairs and items alike: where one begins, taking one out, adding one in flow style."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.documents.edits import CannotEdit
from migrate.documents.nodes import (
    BREAKS,
    MappingNode,
    Node,
    SequenceNode,
    column,
    line_end,
    line_start,
    past_break,
)
from migrate.documents.place import Draft, Page, Place, Splice


def position(page: Page, node: Node, token: str | int) -> int:
    """The position of a key among a mapping's pairs. The key is there: the place was found before."""
    assert isinstance(node, MappingNode)
    return next(i for i, p in enumerate(node.pairs) if page.said(p.key) == token)


def dash(page: Page, node: SequenceNode, index: int) -> int:
    """Where the dash of a block sequence's item stands; it may be on a line above the item."""
    if index == 0:
        return node.start
    width, text = column(page.text, node.start), page.text
    start = line_start(text, node.items[index].start)
    while text[start : start + width].strip(" ") or text[start + width : start + width + 1] != "-":
        if start <= node.items[index - 1].start:
            raise CannotEdit("the list is written in an unusual way", ())
        start = line_start(text, start - (2 if text.endswith("\r\n", 0, start) else 1))
    return start + width


def _starts(page: Page, node: MappingNode | SequenceNode) -> list[int]:
    if isinstance(node, MappingNode):
        return [pair.key.start for pair in node.pairs]
    return [item.start if node.flow else dash(page, node, i) for i, item in enumerate(node.items)]


def _ends(node: MappingNode | SequenceNode) -> list[int]:
    if isinstance(node, MappingNode):
        return [max(pair.key.end, pair.value.end) for pair in node.pairs]
    return [item.end for item in node.items]


def remove(page: Page, holder: Place, index: int) -> Iterator[Draft]:
    """Take an entry out of the collection at `holder`. That stays: `{}` or `[]` if it was the last."""
    node = holder.node
    assert isinstance(node, MappingNode | SequenceNode)
    starts, ends = _starts(page, node), _ends(node)
    if node.flow:
        yield _out_of_flow(page, holder, starts, ends, index)
    elif len(starts) == 1:
        yield _last_one(page, holder, starts[0], ends[0])
    elif page.own_line(starts[index]):
        yield (page.delete_lines(starts[index], ends[index], holder.pointer),)
    else:
        # The first entry shares its line with the dash of the item around it: the next one moves up.
        _no_comment(page, ends[index], starts[index + 1], holder)
        yield (Splice(starts[index], starts[index + 1], ""),)


def _last_one(page: Page, holder: Place, start: int, end: int) -> Draft:
    empty = "{}" if isinstance(holder.node, MappingNode) else "[]"
    if holder.pair is not None and page.own_line(start):
        colon = page.after_colon(holder.pair, holder.pointer)
        return (Splice(colon, colon, " " + empty), page.delete_lines(start, end, holder.pointer))
    if page.text[end - 1] in BREAKS:  # a block scalar, whose end is past its line break
        empty += page.newline(start)
    return (Splice(start, end, empty),)


def _out_of_flow(page: Page, holder: Place, starts: list[int], ends: list[int], index: int) -> Draft:
    if index + 1 < len(starts):
        span = starts[index], starts[index + 1]
    elif index > 0:
        span = ends[index - 1], ends[index]
    else:
        span = starts[0], ends[0]
        rest = page.text[ends[0] : holder.node.end - 1]
        if rest.lstrip().startswith(","):
            span = starts[0], ends[0] + rest.index(",") + 1
    _no_comment(page, *span, holder)
    return (Splice(*span, ""),)


def _no_comment(page: Page, start: int, end: int, holder: Place) -> None:
    if any(c in page.text[start:end] for c in ("\n#", " #", "\t#", "\r#")):
        raise CannotEdit("a comment stands in between, and would be lost", holder.pointer)


def add_in_flow(page: Page, place: Place, entry: str) -> Iterator[Draft]:
    """Add a rendered entry at the end of a flow collection, on its own line where the last one has its own."""
    node = place.node
    assert isinstance(node, MappingNode | SequenceNode)
    start, end = _starts(page, node)[-1], _ends(node)[-1]
    rest = page.text[end : node.end - 1]
    comma = _without_comments(rest).strip().startswith(",")
    eol = line_end(page.text, end)
    if page.own_line(start) and eol < node.end:
        indent = page.text[line_start(page.text, start) : start]
        line = indent + entry + ("," if comma else "") + page.newline(end)
        after = past_break(page.text, eol)
        yield (*(() if comma else (Splice(end, end, ","),)), Splice(after, after, line))
    yield (Splice(end, end, f", {entry}"),)
    if isinstance(node, MappingNode):
        first = node.pairs[0].key.start
        yield (Splice(first, first, f"{entry}, "),)


def _without_comments(text: str) -> str:
    return "\n".join(line.split("#")[0] for line in text.splitlines())
