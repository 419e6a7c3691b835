"""Which characters of a text an edit replaces: the edit's own lines and nothing else.

Every function yields drafts, best first. Where a draft cannot be right in every text (after the last line of a
file without a line break, say) the next one is there: apply.py re-reads each and takes the first that means
exactly the edit. What no draft can do is refused with CannotEdit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from migrate.documents import entries
from migrate.documents.edits import (
    AddKey,
    AppendItem,
    CannotEdit,
    Edit,
    InsertItem,
    RemoveItem,
    RemoveKey,
    SetScalar,
    find,
    position_of,
)
from migrate.documents.nodes import (
    BREAKS,
    MappingNode,
    ScalarNode,
    SequenceNode,
    column,
    line_end,
    line_start,
    past_break,
)
from migrate.documents.place import Draft, Page, Place, Splice, json_like
from migrate.documents.render import (
    Style,
    double_quoted,
    inline,
    item_lines,
    literal,
    mapping_lines,
    scalar,
    single_quoted,
    string,
)
from migrate.model.json import Json, Pointer


def drafts(page: Page, value: Json, edit: Edit) -> Iterator[Draft]:
    """Ways to make an edit of the page's document, whose value is `value`. Raises CannotEdit."""
    match edit:
        case SetScalar(pointer, new):
            yield from _set_scalar(page, page.place(pointer), new)
        case AddKey(parent, key, new):
            at, name, child = _existing(value, parent, key, new)
            yield from _add_pair(page, page.place(at), name, child)
        case AppendItem(sequence, new):
            yield from _append(page, value, sequence, new)
        case InsertItem(sequence, before, new):
            items = find(value, sequence)
            assert isinstance(items, list)
            yield from _insert(page, page.place(sequence), position_of(items, before, sequence), new)
        case RemoveKey(pointer):
            holder = page.place(pointer[:-1])
            page.place(pointer)
            page.no_merge(holder.node, pointer)
            yield from entries.remove(page, holder, entries.position(page, holder.node, pointer[-1]))
        case RemoveItem(sequence, identity):
            items = find(value, sequence)
            assert isinstance(items, list)
            yield from entries.remove(page, page.place(sequence), position_of(items, identity, sequence))
        case _:
            raise CannotEdit("a document is removed as a whole, not edited")


def _existing(value: Json, parent: Pointer, key: str, new: Json) -> tuple[Pointer, str, Json]:
    """The nearest parent that exists, and what to add to it so that the missing ones between come with it."""
    for depth, token in enumerate(parent):
        if value is None or (isinstance(value, dict) and token not in value):
            child: Json = {key: new}
            for name in reversed(parent[depth + 1 :]):
                child = {str(name): child}
            return parent[:depth], str(token), child
        value = find(value, (token,))
    return parent, key, new


# Adding to mappings


def _add_pair(page: Page, place: Place, key: str, value: Json) -> Iterator[Draft]:
    node, pointer = place.node, (*place.pointer, key)
    page.no_merge(node, pointer)
    if not isinstance(node, MappingNode) or not node.pairs:
        yield from _fill(page, place, {key: value})
    elif node.flow:
        as_json = json_like(page, node)
        name = double_quoted(key) if as_json else string(key, flow=True)
        yield from entries.add_in_flow(page, place, f"{name}: {inline(value, as_json=as_json)}")
    else:
        yield from _add_block_pair(page, node, {key: value}, pointer)


def _add_block_pair(page: Page, node: MappingNode, pair: dict[str, Json], pointer: Pointer) -> Iterator[Draft]:
    lines, indent = mapping_lines(pair, page.style), column(page.text, node.pairs[0].key.start)
    yield (page.insert_lines(node.end, lines, indent, pointer),)
    # Order means nothing in a mapping: before the last key is as good, and leaves the end of the file alone.
    last = node.pairs[-1].key.start
    if page.own_line(last):
        start, newline = line_start(page.text, last), page.newline(last)
        block = "".join((" " * indent + line if line else line) + newline for line in lines)
        yield (Splice(start, start, block),)
    lines = mapping_lines(pair, replace(page.style, blocks=False))
    yield (page.insert_lines(node.end, lines, indent, pointer),)


def _fill(page: Page, place: Place, value: dict[str, Json] | list[Json]) -> Iterator[Draft]:
    """Put a mapping or a list where nothing, null, `{}` or `[]` stands."""
    node, pair, pointer = place.node, place.pair, place.pointer
    if pair is not None and not place.in_flow:
        yield from _fill_block(page, place, value, page.style)
        yield from _fill_block(page, place, value, replace(page.style, blocks=False))
    if isinstance(node, MappingNode | SequenceNode):
        body = inline(value, as_json=page.as_json)[1:-1]
        yield (Splice(node.start + 1, node.start + 1, body),)
    elif node.end > node.start:
        yield (Splice(node.start, node.end, inline(value, as_json=page.as_json)),)
    else:
        raise CannotEdit("nothing stands there that could be filled", pointer)


def _fill_block(page: Page, place: Place, value: dict[str, Json] | list[Json], style: Style) -> Iterator[Draft]:
    assert place.pair is not None
    colon = page.after_colon(place.pair, place.pointer)
    if line_end(page.text, colon) < place.node.end:
        return
    listed = isinstance(value, list)
    lines = item_lines(value, style) if isinstance(value, list) else mapping_lines(value, style)
    indent = column(page.text, place.pair.key.start) + (style.list_offset if listed else style.step)
    added = page.insert_lines(place.node.end, lines, indent, place.pointer)
    yield (Splice(colon, max(place.node.end, colon), ""), added)


# Adding to lists


def _append(page: Page, value: Json, sequence: Pointer, new: Json) -> Iterator[Draft]:
    missing = next((d for d in range(len(sequence)) if not _exists(value, sequence[: d + 1])), None)
    if missing is not None:
        *between, name = sequence
        at, key, child = _existing(value, tuple(between), str(name), [new])
        yield from _add_pair(page, page.place(at), key, child)
        return
    place = page.place(sequence)
    node = place.node
    if not isinstance(node, SequenceNode) or not node.items:
        yield from _fill(page, place, [new])
    elif node.flow:
        yield from entries.add_in_flow(page, place, inline(new, as_json=json_like(page, node)))
    else:
        yield from _append_to_block(page, node, new, sequence)


def _append_to_block(page: Page, node: SequenceNode, new: Json, pointer: Pointer) -> Iterator[Draft]:
    first = node.items[0].start
    gap = max(first - node.start - 1, 1) if line_end(page.text, node.start) > first else 1
    for style in (page.style, replace(page.style, blocks=False)):
        lines = item_lines([new], style, gap)
        yield (page.insert_lines(node.end, lines, column(page.text, node.start), pointer),)


def _insert(page: Page, place: Place, index: int, new: Json) -> Iterator[Draft]:
    """A comment above the item that makes room stays with that item."""
    node = place.node
    assert isinstance(node, SequenceNode)
    if node.flow:
        start = node.items[index].start
        yield (Splice(start, start, f"{inline(new, as_json=json_like(page, node))}, "),)
        return
    start, width = entries.dash(page, node, index), column(page.text, node.start)
    above = _above_comments(page, start, width)
    for style in (page.style, replace(page.style, blocks=False)):
        lines, newline = item_lines([new], style, 1), page.newline(start)
        if page.own_line(start):
            yield (Splice(above, above, "".join(" " * width + line + newline for line in lines)),)
        else:
            # The first item shares its line with the key or dash of what is around it.
            yield (Splice(start, start, (newline + " " * width).join(lines) + newline + " " * width),)


def _above_comments(page: Page, start: int, width: int) -> int:
    """The beginning of the comment lines that stand right above an item, as far in as it does."""
    at = line_start(page.text, start)
    while at:
        before = line_start(page.text, at - (2 if page.text.endswith("\r\n", 0, at) else 1))
        line = page.text[before:at]
        if not line.startswith(" " * width + "#"):
            return at
        at = before
    return at


def _exists(value: Json, pointer: Pointer) -> bool:
    try:
        find(value, pointer)
    except CannotEdit:
        return False
    return True


# Replacing scalars


def _set_scalar(page: Page, place: Place, new: str | bool | int | float | None) -> Iterator[Draft]:
    node = place.node
    if not isinstance(node, ScalarNode):
        raise CannotEdit("not a scalar", place.pointer)
    if place.holder is not None:
        page.no_merge(place.holder, place.pointer)
    block = literal(new) if isinstance(new, str) and not place.in_flow else None
    if block is not None and place.holder is not None:
        yield _put(page, node, block[0], block[1], _literal_indent(page, place))
    yield _put(page, node, _restyled(page, place, node, new), [], 0)


def _restyled(page: Page, place: Place, node: ScalarNode, new: str | bool | int | float | None) -> str:
    """The new scalar on one line, in the quotes that the old one had."""
    if not isinstance(new, str):
        return scalar(new)
    if node.style == "'":
        return single_quoted(new) or double_quoted(new)
    if node.style == '"' or page.as_json:
        return double_quoted(new)
    return string(new, flow=place.in_flow)


def _literal_indent(page: Page, place: Place) -> int:
    node = place.node
    assert isinstance(node, ScalarNode)
    if node.style in {"|", ">"} and node.style:
        body = page.text[past_break(page.text, line_end(page.text, node.start)) : node.end]
        widths = [len(line) - len(line.lstrip(" ")) for line in body.splitlines() if line.strip()]
        if widths:
            return min(widths)
    if place.pair is not None:
        return column(page.text, place.pair.key.start) + page.style.step
    assert isinstance(place.holder, SequenceNode)
    return column(page.text, place.holder.start) + 2


def _put(page: Page, node: ScalarNode, head: str, body: list[str], indent: int) -> Draft:
    """Replace a scalar by `head` on its line and `body` on lines of its own; a comment on the line stays."""
    text, newline = page.text, page.newline(node.start)
    lines = newline.join(" " * indent + line if line else line for line in body)
    if node.style in {"|", ">"} and node.style:
        return _put_over_block(page, node, head, lines)
    space = " " if node.start and text[node.start - 1] in {":", "-"} else ""
    word = Splice(node.start, node.end, space + head)
    if not body:
        return (word,)
    end = line_end(text, node.end)
    return (word, Splice(end, end, newline + lines))


def _put_over_block(page: Page, node: ScalarNode, head: str, lines: str) -> Draft:
    text, newline = page.text, page.newline(node.start)
    header = line_end(text, node.start)
    token = node.start + len(text[node.start : header].split(" ")[0].split("\t")[0])
    if text[node.start] not in {"|", ">"}:
        raise CannotEdit("a block scalar with a tag", ())
    final = newline if node.end and text[node.end - 1] in BREAKS and node.end > header else ""
    return (
        Splice(node.start, token, head),
        Splice(header, node.end, (newline + lines if lines else "") + final),
    )
