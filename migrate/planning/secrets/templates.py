"""The agent's template for a key of a Secret: the same bytes, no more, no less.

Go templates of ESO become Go templates of the agent: names become variables that are read from Vault first, and the
functions that both know (ESO's are sprig's, which the agent has with the prefix `sprig_`) keep their meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.estate.gotemplate import Action, TemplateFaultError, Text, segments, tokens, unquoted
from migrate.planning.masking import masked_text
from migrate.planning.secrets.sources import Ref, Rendered, Source, UnfitError, Value

_GO = frozenset({
    "if", "else", "end", "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "print", "printf", "println",
    "html", "js", "urlquery", "true", "false", "nil",
})  # fmt: skip
_SPRIG = frozenset({
    "abbrev", "add", "atoi", "b32dec", "b32enc", "b64dec", "b64enc", "camelcase", "cat", "coalesce", "contains",
    "default", "dict", "empty", "fail", "hasPrefix", "hasSuffix", "indent", "int", "int64", "join", "kebabcase",
    "list", "lower", "nindent", "nospace", "quote", "regexFind", "regexMatch", "regexReplaceAll", "repeat", "replace",
    "sha256sum", "snakecase", "splitList", "squote", "sub", "substr", "ternary", "title", "toJson", "toString", "trim",
    "trimAll", "trimPrefix", "trimSuffix", "trunc", "untitle", "upper", "wrap",
})  # fmt: skip
"""Those of sprig that give the same for the same: no clock, no randomness, no environment, no keys made."""
_MOVES_DOT = frozenset({"range", "with", "define", "template", "block", "break", "continue"})
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def agent_template(source: Source) -> str:
    """The text of the annotation. Raises UnfitError where the key's template has no equivalent."""
    match source:
        case Value(ref):
            return _around([ref], f"{{{{ {_read(ref)} }}}}")
        case Rendered(template, refs):
            _insist_on_no_literal(template)
            body, names = "", {name: f"$migrate{number}" for number, (name, _) in enumerate(refs, 1)}
            for part in _parts(template):
                body += part.text if isinstance(part, Text) else _translated(part, names).written
            return _bound(refs, names, body)


def _insist_on_no_literal(template: str) -> None:
    """A secret that stands in the template as text would come into the workload's manifest, and into the plan."""
    text = "".join(part.text for part in _parts(template) if isinstance(part, Text))
    stand_ins = [one for part in _parts(template) if isinstance(part, Action) for one in _stand_ins(part)]
    if masked_text(text, ()) != text or stand_ins:
        raise UnfitError("its template holds what looks like a secret as text: put that into Vault first")


def _stand_ins(action: Action) -> list[str]:
    """Texts that an action gives in place of a value."""
    words = re.findall(r"[A-Za-z]+|\"[^\"]*\"", action.code)
    return [word for word in words if word.startswith('"') and word != '""'] if "default" in words else []


def paths_of(source: Source) -> tuple[str, ...]:
    """The paths of Vault that the key is made from."""
    refs = [source.ref] if isinstance(source, Value) else [ref for _, ref in source.refs]
    return tuple(dict.fromkeys(ref.path.partition("?")[0] for ref in refs))


def _parts(template: str) -> list[Text | Action]:
    try:
        return segments(template)
    except TemplateFaultError as error:
        raise UnfitError(f"its template cannot be read: {error}") from error


def _bound(refs: tuple[tuple[str, Ref], ...], names: dict[str, str], body: str) -> str:
    """The body inside one `with` for each path, each field in a variable. No white space is added anywhere."""
    by_path = dict[str, list[tuple[str, Ref]]]()
    for name, ref in refs:
        by_path.setdefault(ref.path, []).append((name, ref))
    opening = ""
    for path, held in by_path.items():
        opening += f'{{{{ with secret "{path}" }}}}'
        opening += "".join(f"{{{{ {names[name]} := {_text(ref)} }}}}" for name, ref in held)
    return opening + body + "{{ end }}" * len(by_path)


def _around(refs: list[Ref], body: str) -> str:
    opening = "".join(f'{{{{ with secret "{ref.path}" }}}}' for ref in refs)
    return opening + body + "{{ end }}" * len(refs)


def _read(ref: Ref) -> str:
    data = ".Data.data" if ref.second else ".Data"
    if not ref.field:
        value = f"{data} | toJSON"
    elif _IDENTIFIER.fullmatch(ref.field):
        value = f"{data}.{ref.field}"
    else:
        value = f'index {data} "{ref.field}"'
    return f"{value} | base64Decode" if ref.base64 else value


def _text(ref: Ref) -> str:
    """The field as a text, which is all that ESO's templates know: `toJson` quotes a number, `if` takes `false`."""
    value = _read(ref)
    return value if "|" in value else f"{value} | sprig_toString"


def _translated(action: Action, names: dict[str, str]) -> Action:
    if action.code.startswith("/*"):
        # A comment may not have white space around it; an empty text may, and takes away the same.
        return Action('""', action.left, action.right)
    try:
        words = tokens(action.code)
    except TemplateFaultError as error:
        raise UnfitError(f"its template says {action.code!r}, which is not understood: {error}") from error
    return Action(" ".join(_words(words, names)), action.left, action.right)


def _words(words: list[str], names: dict[str, str]) -> Iterator[str]:
    at = 0
    while at < len(words):
        word = words[at]
        if word == "index" and words[at + 1 : at + 2] == ["."] and words[at + 2 : at + 3]:
            yield _name(unquoted(words[at + 2]), names)
            at += 3
            continue
        yield _word(word, names)
        at += 1


def _word(word: str, names: dict[str, str]) -> str:
    if word[0] in '"`' or word in {"|", "(", ")", ":="} or word[0].isdigit():
        return word
    if word.startswith(("$.", ".")):
        return _name(word.lstrip("$")[1:], names)
    if word.startswith("$"):
        return word
    if word in _GO:
        return word
    if word in _MOVES_DOT:
        raise UnfitError(f"its template has {word}, inside which names mean something else")
    if word in _SPRIG:
        return f"sprig_{word}"
    raise UnfitError(f"its template calls {word}, which the agent does not have")


def _name(name: str, names: dict[str, str]) -> str:
    if name not in names:
        raise UnfitError(f"its template uses .{name}, which is no value of its own")
    return names[name]
