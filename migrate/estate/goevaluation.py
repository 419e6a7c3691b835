"""What a Go template makes, where it is simple enough.

ESO makes Secrets with them, Vault's agent makes files: both are evaluated here, so that what the one makes can be
compared with what the other will make. What is not understood is said so, never guessed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, TypeAlias, Union

from migrate.estate.gotemplate import Action, TemplateFaultError, Text, segments, tokens, unquoted

_Word: TypeAlias = Union[str, "list[_Word]"]
_Group: TypeAlias = list[_Word]

Secret = Callable[[str], Mapping[str, Any] | None]
"""What is at a path of Vault, as the agent's `secret` gives it (`{"data": ...}`); None where nothing is."""


_ESCAPES = {'"': '\\"', "\\": "\\\\"} | dict(zip("\a\b\f\n\r\t\v", (rf"\{one}" for one in "abfnrtv"), strict=True))


def _quoted(value: str) -> str:
    """As Go's `%q` has it: what is not to be seen is written by its number."""
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(one: str) -> str:
    if one in _ESCAPES or one.isprintable():
        return _ESCAPES.get(one, one)
    number = ord(one)
    return f"\\x{number:02x}" if number < 0x80 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _decoded(value: str) -> str:
    return base64.b64decode(value).decode()


def _dict(*pairs: Any) -> dict[str, Any]:
    """Keys and values in turn; a key alone at the end has an empty text."""
    return {str(key): value for key, value in zip_longest(pairs[::2], pairs[1::2], fillvalue="")}


def _plain_json(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return text.translate({ord(one): f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"})


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "toString": lambda value: value if isinstance(value, str) else _plain_json(value),
    "trim": str.strip,
    "upper": str.upper,
    "lower": str.lower,
    "quote": _quoted,
    "squote": lambda value: f"'{value}'",
    "b64enc": lambda value: base64.b64encode(value.encode()).decode(),
    "b64dec": _decoded,
    "trimSuffix": lambda end, value: value.removesuffix(end),
    "trimPrefix": lambda start, value: value.removeprefix(start),
    "replace": lambda old, new, value: value.replace(old, new),
    "base64Decode": _decoded,
    "toJSON": _plain_json,
    "toJson": _plain_json,
    "dict": _dict,
    "list": lambda *values: list(values),
}
"""Functions that are understood, by the names that ESO and the agent have for them (the agent's `sprig_` aside)."""


@dataclass(slots=True)
class _Reading:
    secret: Secret
    variables: dict[str, Any] = field(default_factory=dict)


def evaluated(template: str, dot: Any, secret: Secret = lambda _: None) -> str:
    """What the template makes. Raises TemplateFaultError for what is not understood, or not there."""
    parts = _trimmed(segments(template))
    reading = _Reading(secret)
    out, rest = _block(iter(parts), dot, reading)
    if rest:
        raise TemplateFaultError(f"{rest} stands alone")
    return out


def _trimmed(parts: list[Text | Action]) -> list[Text | Action]:
    answer = list[Text | Action]()
    for number, part in enumerate(parts):
        if isinstance(part, Text):
            before, after = (
                parts[number - 1] if number else None,
                parts[number + 1] if number + 1 < len(parts) else None,
            )
            text = part.text.lstrip() if isinstance(before, Action) and before.right else part.text
            answer.append(Text(text.rstrip() if isinstance(after, Action) and after.left else text))
        else:
            answer.append(part)
    return answer


def _block(parts: Iterator[Text | Action], dot: Any, reading: _Reading) -> tuple[str, str]:
    """Everything up to the action that ends the block, and that action."""
    out = ""
    for part in parts:
        if isinstance(part, Text):
            out += part.text
            continue
        words = tokens(part.code) if not part.code.startswith("/*") else []
        match words:
            case []:
                continue
            case ["end"] | ["else"]:
                return out, words[0]
            case ["with", *rest]:
                inner = _value(rest, dot, reading)
                out += _if(parts, inner, inner, dot, reading)
            case ["if", *rest]:
                out += _if(parts, _value(rest, dot, reading), dot, dot, reading)
            case [name, ":=", *rest] if name.startswith("$"):
                reading.variables[name] = _value(rest, dot, reading)
            case _:
                value = _value(words, dot, reading)
                out += value if isinstance(value, str) else _plain_json(value)
    return out, ""


def _if(parts: Iterator[Text | Action], asked: Any, inner: Any, outer: Any, reading: _Reading) -> str:
    # Both branches are read; only what is chosen may fail, and nothing here has a side that shows.
    chosen, ended = _attempt(parts, inner, reading, wanted=bool(asked))
    if ended == "else":
        other, ended = _attempt(parts, outer, reading, wanted=not asked)
        chosen = chosen if asked else other
    if ended != "end":
        raise TemplateFaultError("a block does not end")
    return chosen


def _attempt(parts: Iterator[Text | Action], dot: Any, reading: _Reading, *, wanted: bool) -> tuple[str, str]:
    if wanted:
        return _block(parts, dot, reading)
    depth = 0
    for part in parts:
        first = tokens(part.code)[:1] if isinstance(part, Action) and not part.code.startswith("/*") else []
        if first in (["if"], ["with"]):
            depth += 1
        elif first in (["end"], ["else"]):
            if depth == 0:
                return "", first[0]
            depth -= first == ["end"]
    return "", ""


def _value(words: list[str], dot: Any, reading: _Reading) -> Any:
    """A pipeline: what stands left of `|` is the last argument of what stands right of it."""
    return _piped(_grouped(words), dot, reading)


def _grouped(words: list[str]) -> _Group:
    """The words with what stands in parentheses as one of them."""
    open_: list[_Group] = [[]]
    for word in words:
        if word == "(":
            open_.append([])
        elif word == ")" and len(open_) > 1:
            group = open_.pop()
            open_[-1].append(group)
        else:
            open_[-1].append(word)
    if len(open_) > 1:
        raise TemplateFaultError("a parenthesis is not closed")
    return open_[0]


def _piped(words: _Group, dot: Any, reading: _Reading) -> Any:
    stages, stage = list[_Group](), list[_Word]()
    for word in words:
        if word == "|":
            stages.append(stage)
            stage = []
        else:
            stage.append(word)
    value: tuple[Any, ...] = ()
    for one in [*stages, stage]:
        value = (_call(one, value, dot, reading),)
    return value[0]


def _call(words: _Group, piped: tuple[Any, ...], dot: Any, reading: _Reading) -> Any:
    if not words:
        raise TemplateFaultError("something is missing beside |")
    head, *rest = words
    arguments = (*(_operand(word, dot, reading) for word in rest), *piped)
    if isinstance(head, list):
        if arguments:
            raise TemplateFaultError("a parenthesis takes nothing")
        return _piped(head, dot, reading)
    if head == "secret" and len(arguments) == 1:
        return reading.secret(str(arguments[0]))
    if head == "index" and len(arguments) == 2:
        return _field(arguments[0], str(arguments[1]))
    function = FUNCTIONS.get(head.removeprefix("sprig_"))
    if function is not None:
        try:
            return function(*arguments)
        except (TypeError, ValueError, AttributeError) as error:
            raise TemplateFaultError(f"{head} does not take this") from error
    if arguments:
        raise TemplateFaultError(f"{head} is not understood")
    return _operand(head, dot, reading)


def _operand(word: _Word, dot: Any, reading: _Reading) -> Any:
    if isinstance(word, list):
        return _piped(word, dot, reading)
    if word[0] in '"`':
        return unquoted(word)
    if word == ".":
        return dot
    if word.startswith("$"):
        name, _, fields = word.partition(".")
        value = reading.variables.get(name)
    elif word.startswith("."):
        value, fields = dot, word[1:]
    else:
        raise TemplateFaultError(f"{word} is not understood")
    for one in filter(None, fields.split(".")):
        value = _field(value, one)
    if value is None:
        raise TemplateFaultError(f"{word} is not there")
    return value


def _field(value: Any, name: str) -> Any:
    # The agent's response is an object whose `.Data` is a field of Go, not a key.
    key = "data" if name == "Data" and isinstance(value, dict) and "Data" not in value else name
    if not isinstance(value, Mapping) or key not in value:
        raise TemplateFaultError(f"{name} is not there")
    return value[key]
