"""Go templates, split into text and actions, and an action into its words. What is not understood is said so."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_ACTION = re.compile(
    r"""\{\{(?P<left>-(?=\s))?(?P<code>(?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|/\*.*?\*/|[^"`}]|\}(?!\}))*?)(?P<right>\s-)?\}\}""",
    re.S,
)
_TOKEN = re.compile(r"""\s+|(?P<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?P<word>:=|[|()]|\$?[.\w$-]+)""")


class TemplateFaultError(Exception):
    """The template cannot be read, or holds something that is not understood. The message says what."""


@dataclass(frozen=True, slots=True)
class Text:
    """Text between actions."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """What stands between braces, and whether it takes the white space on a side away."""

    code: str
    left: bool
    right: bool

    @property
    def written(self) -> str:
        """The action as a template has it."""
        return f"{{{{{'- ' if self.left else ' '}{self.code}{' -' if self.right else ' '}}}}}"


def segments(template: str) -> list[Text | Action]:
    """The template's parts in order. Raises TemplateFaultError where an action does not end."""
    answer, at = list[Text | Action](), 0
    for match in _ACTION.finditer(template):
        _plain(template[at : match.start()])
        answer.append(Text(template[at : match.start()]))
        answer.append(Action(match["code"].strip(), bool(match["left"]), bool(match["right"])))
        at = match.end()
    _plain(template[at:])
    return [*answer, Text(template[at:])]


def _plain(text: str) -> None:
    if "{{" in text:
        raise TemplateFaultError("an action does not end")


def tokens(code: str) -> list[str]:
    """An action's words: texts with their quotes, names, fields, signs. Raises TemplateFaultError for anything else."""
    answer, at = list[str](), 0
    while at < len(code):
        match = _TOKEN.match(code, at)
        if match is None:
            raise TemplateFaultError(f"{code[at : at + 12]!r} is not understood")
        if word := match["text"] or match["word"]:
            answer.append(word)
        at = match.end()
    return answer


def unquoted(token: str) -> str:
    """A text token's text."""
    return token[1:-1] if token.startswith("`") else str(json.loads(token))
