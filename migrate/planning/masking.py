"""Keeps literals out of what a plan shows: a Git file may hold a password beside the lines that change.

Three nets. Values that may be secret by where they stand (password-like keys, Secret objects, templates of
ExternalSecrets) are taken out of their own lines by position, whatever way they are written, and wherever else they
appear. Comments that speak of secrets, or hold what looks like one, go whole. Then lines are matched as text, for
what no parser sees: SQL, URLs, configuration files inside strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from migrate.documents.nodes import decode
from migrate.planning.literals import Spot, harmless, secret_key, spots

MASK = "(masked)"

_SHORTEST = 4
"""Shorter pieces are masked where they stand only: replacing every `a` of a file would hide the diff itself."""
_ALONE = 12
"""Pieces up to this length are words that names may hold too: elsewhere they are masked only where they stand alone."""

_ASSIGNED = re.compile(r"^(?P<lead>.*?(?P<key>[\w.\-/]+)[\"']?\s*[:=]\s*)(?P<value>[^\s#].*)$")
_OPENS = re.compile(r"\{(?!\{)|\[|[|>][-+0-9]*\s*$|[\"']$")
"""A value that is a collection, or stands on the lines below."""
_IN_SQL = re.compile(r"(?i)(?P<lead>\bpassword\s+)'(?:[^']|'')*'?")
_IN_URL = re.compile(r"(?P<lead>://[^/\s:@]*:)[^@\s]+(?=@)")
_COMMENT = re.compile(r"(?P<lead>(?:^|(?<=\s))#+\s*)(?P<text>\S.*)$")
_TELLING = re.compile(
    r"(?i)pass(?:word|wd|phrase|code)?\b|\bpw[d]?\b|secret|token|credential|\bkey\b|api[_-]?key|\bpin\b|\blogin\b"
    # A word of letters and digits that is long enough to be a value: in a comment it is better hidden once too often.
    r"|(?=[\w+/=!@$%^&*-]*\d)(?=[\w+/=!@$%^&*-]*[A-Za-z])[\w+/=!@$%^&*-]{8,}"
)


@dataclass(frozen=True, slots=True)
class Literals:
    """What of one file must not be shown: its lines as they may be (by number from 0), texts, and comments."""

    lines: dict[int, str] = field(default_factory=dict)
    pieces: frozenset[str] = frozenset()
    comments: frozenset[str] = frozenset()

    def beside(self, other: Literals) -> Literals:
        """Of this file, into which text of another one is written."""
        return Literals(self.lines, self.pieces | other.pieces, self.comments | other.comments)


def literals(data: bytes) -> Literals:
    """Everything in a file that may be a secret."""
    try:
        text = decode(data).text
    except UnicodeDecodeError:
        return Literals()
    found = tuple(spots(text))
    lines = (line.strip() for spot in found for line in spot.value.splitlines())
    pieces = frozenset(line for line in lines if len(line) >= _SHORTEST and not harmless(line))
    return Literals(_hidden_lines(text, found), pieces, frozenset(_telling_comments(text)))


def _hidden_lines(text: str, found: tuple[Spot, ...]) -> dict[int, str]:
    """The lines on which hidden values stand, without them. Later ones first, so that positions stay true."""
    answer, starts = dict[int, str](), [0, *(at.end() for at in re.finditer("\n", text))]
    lines = text.split("\n")
    for spot in sorted(found, key=lambda spot: -spot.start):
        first = text.count("\n", 0, spot.start)
        last = text.count("\n", 0, max(spot.end - 1, spot.start))
        for number in range(first, last + 1):
            line = answer.get(number, lines[number])
            begin = max(spot.start - starts[number], len(line) - len(line.lstrip()))
            finish = spot.end - starts[number] if number == last else len(lines[number])
            if spot.block and (number == first or harmless(lines[number])):
                continue
            answer[number] = line[:begin] + MASK + ("" if spot.block else line[finish:])
    return answer


def _telling_comments(text: str) -> Iterator[str]:
    """Comments that may hold a secret. Those on lines one after the other are one text."""
    block, tells = list[str](), False
    for line in [*text.split("\n"), ""]:
        found = _COMMENT.search(line)
        if found is None or not line.lstrip().startswith("#"):
            yield from block if tells else ()
            block, tells = [], False
        if found is not None:
            block.append(found["text"].strip())
            tells = tells or bool(_TELLING.search(found["text"]))


def without_literals(diff: str, known: Literals) -> tuple[str, int]:
    """The diff of a file with its literals masked, and in how many lines. Added lines may repeat what one held before.

    `known` is of the file as the diff found it.
    """
    answer, count, number = list[str](), 0, -1
    for at, line in enumerate(diff.split("\n")):
        if head := re.match(r"@@ -(\d+)", line):
            number = int(head[1]) - 1
            shown = line
        else:
            shown = line if at < 2 else line[:1] + _shown(line[:1], line[1:], number, known)
            number += line[:1] in {" ", "-"}
        count += shown != line
        answer.append(shown)
    return "\n".join(answer), count


def masked_text(text: str, contents: Iterable[bytes]) -> str:
    """Any text, without the literals of these files and without what looks like one."""
    known = [literals(data) for data in contents]
    return "\n".join(_masked(line, known) for line in text.split("\n"))


def masked_lines(data: bytes, others: Iterable[bytes]) -> list[str]:
    """The lines of a file without its literals, nor those of its other versions."""
    own, known = literals(data), [literals(other) for other in others]
    lines = data.decode("utf-8", "replace").split("\n")
    return [_masked(own.lines.get(number, line), [own, *known]) for number, line in enumerate(lines)]


def _masked(line: str, known: list[Literals]) -> str:
    for one in known:
        line = _without_pieces(_without_comment(line, one), one)
    return _as_text(line)


def _shown(mark: str, text: str, number: int, known: Literals) -> str:
    if mark == "+":
        return _without_pieces(_without_comment(text, known), known)
    if mark not in {" ", "-"}:
        return text
    text = _without_comment(known.lines.get(number, text), known)
    return _as_text(_without_pieces(text, known))


def _without_comment(text: str, known: Literals) -> str:
    found = _COMMENT.search(text) if known.comments else None
    return text[: found.start("text")] + MASK if found and found["text"].strip() in known.comments else text


def _without_pieces(text: str, known: Literals) -> str:
    for piece in sorted(known.pieces, key=lambda piece: (-len(piece), piece)):
        if len(piece) > _ALONE:
            text = text.replace(piece, MASK)
        elif piece in text:
            text = re.sub(rf"(?<![\w./-]){re.escape(piece)}(?![\w/-]|\.\w)", MASK, text)
    return text


def _as_text(text: str) -> str:
    # Most lines hold neither sign, and the patterns take most of the time that a masked diff takes.
    if "'" in text:
        text = _IN_SQL.sub(rf"\g<lead>{MASK}", text)
    if "@" in text:
        text = _IN_URL.sub(rf"\g<lead>{MASK}", text)
    assigned = _ASSIGNED.match(text)
    if not assigned or MASK in text or not secret_key(assigned["key"]):
        return text
    opens = _OPENS.match(assigned["value"])
    return text if opens or harmless(assigned["value"]) else assigned["lead"] + MASK
