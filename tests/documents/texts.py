"""YAML texts of every habit, for properties: what people, editors and generators do to indentation and comments."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from hypothesis import strategies as st

from migrate.documents.render import double_quoted, literal, single_quoted, string
from migrate.model.json import Json

KEYS = st.sampled_from(["a", "b", "name", "example.com/note", "x-y", "yes", "8080", "k k", "ключ", "on"])
WORDS = st.sampled_from(
    [
        "",
        "x",
        "yes",
        "0440",
        "12:30",
        "null",
        "a b",
        "a: b",
        "# no",
        "-",
        "l1\nl2",
        "l1\n\nl2\n",
        "{{ x }}",
        "q\"'",
        "é\u2028",
    ]
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), WORDS, st.just(0.5))
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)
ROOTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=5)


@dataclass
class Hand:
    """Writes values as YAML, drawing a habit wherever YAML leaves a choice."""

    draw: st.DrawFn
    anchors: bool
    step: int = 2
    offset: int = 0
    notes: int = 0
    lines: list[str] = field(default_factory=list)

    def coin(self, chance: int = 4) -> bool:
        """True one time in `chance`."""
        return self.draw(st.integers(1, chance)) == 1

    def note(self) -> str:
        """A comment, numbered so that its loss is seen; now and then a setter."""
        self.notes += 1
        return f'# note {self.notes} {{"$imagepolicy": "x"}}' if self.coin() else f"# note {self.notes} ends"

    def mapping(self, value: dict[str, Json], indent: int, first: str | None = None) -> None:
        for key, child in value.items():
            lead = " " * indent if first is None else first
            first = None
            if lead.strip() == "" and self.coin(6):
                self.lines.append(lead + self.note())
            self.child(f"{lead}{self.key(key)}:", child, indent)

    def child(self, head: str, value: Json, indent: int) -> None:
        anchor = f" &a{len(self.lines)}" if self.anchors and self.coin(8) else ""
        if isinstance(value, dict) and value and not self.coin():
            self.end(head + anchor)
            self.mapping(value, indent + self.step)
        elif isinstance(value, list) and value and not self.coin():
            self.end(head + anchor)
            self.items(value, indent + self.offset)
        else:
            self.scalar(head + anchor, value, indent + self.step)

    def items(self, value: list[Json], indent: int) -> None:
        for item in value:
            gap = self.draw(st.sampled_from([1, 1, 3]))
            if isinstance(item, dict) and item:
                self.mapping(item, indent + 1 + gap, " " * indent + "-" + " " * gap)
            else:
                self.scalar(" " * indent + "-", item, indent + 2)

    def scalar(self, head: str, value: Json, indent: int) -> None:
        block = literal(value) if isinstance(value, str) else None
        if block is not None and self.coin(2):
            self.lines.append(f"{head} {block[0]}")
            self.lines += [" " * indent + line if line else "" for line in block[1]]
            if self.coin():
                self.lines.append("")
        elif value is None and self.coin(2):
            self.end(head)
        else:
            self.end(f"{head} {self.flow(value)}")

    def flow(self, value: Json) -> str:
        match value:
            case dict():
                return "{" + ", ".join(f"{self.key(k)}: {self.flow(v)}" for k, v in value.items()) + "}"
            case list():
                return "[" + ", ".join(self.flow(item) for item in value) + ("," if value and self.coin() else "") + "]"
            case str():
                quoted = self.draw(
                    st.sampled_from([string(value, flow=True), double_quoted(value), single_quoted(value)])
                )
                return quoted or double_quoted(value)
            case _:
                return json.dumps(value)

    def key(self, key: str) -> str:
        return double_quoted(key) if self.coin(6) else string(key)

    def end(self, line: str) -> None:
        self.lines.append(line + ("  " + self.note() if self.coin(5) else ""))
        if self.coin(12):
            self.lines.append(" " * self.draw(st.integers(0, 6)) + self.note())


@dataclass(frozen=True)
class Text:
    """A stream of one or two documents; `documents` are the values, by index."""

    data: bytes
    documents: list[dict[str, Json]]


@st.composite
def texts(draw: st.DrawFn, *, anchors: bool = False, final: bool | None = None) -> Text:
    """YAML of any habit: comments, CR LF, byte order marks, no final newline, odd indentation, anchors."""
    hand = Hand(draw, anchors, step=draw(st.sampled_from([2, 2, 3, 4])), offset=draw(st.sampled_from([0, 0, 2])))
    documents = draw(st.lists(ROOTS, min_size=1, max_size=2))
    for position, value in enumerate(documents):
        if position or draw(st.booleans()):
            hand.lines.append("---")
        if hand.coin():
            hand.lines.append(hand.note())
        hand.mapping(value, 0)
    text = "\n".join(hand.lines) + "\n"
    if not (draw(st.booleans()) if final is None else final):
        text = text.rstrip("\n")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    mark = "\ufeff" if draw(st.integers(0, 4)) == 0 else ""
    return Text((mark + text).encode("utf-16" if draw(st.integers(0, 9)) == 0 and not mark else "utf-8"), documents)
