"""A policy's text, in HCL or JSON, to its rules. The HCL that policies are made of, and no more of it.

A library would take the text apart as well, but none says on which line a rule stands, and HCL 2 (which the ones on
PyPI read) is not what Vault reads: https://developer.hashicorp.com/vault/docs/concepts/policies#policy-syntax
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from migrate.grants.policy import CAPABILITIES, Policy, Rule
from migrate.model.json import Json, mapping, sequence

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+) | (?P<newline>\n) | (?P<comment>(?:\#|//)[^\n]*) | (?P<block>/\*.*?\*/)
      | (?P<string>"(?:\\.|\$\{[^}\n]*\}|[^"\\\n])*") | (?P<heredoc><<-?(?P<end>\w+)\n.*?\n[ \t]*(?P=end)(?=\n|$))
      | (?P<word>-?\d+(?:\.\d+)?|[A-Za-z_][\w.-]*) | (?P<mark>[{}\[\]=,:])""",
    re.VERBOSE | re.DOTALL,
)
_ACCEPTED = re.compile(r"accepted\s+(?P<code>[a-z0-9.-]+):\s*(?P<reason>\S.*)")
_OLD = {
    "deny": ("deny",),
    "read": ("read", "list"),
    "write": ("create", "read", "update", "delete", "list"),
    "sudo": ("create", "read", "update", "delete", "list", "sudo"),
}


class UnreadableError(ValueError):
    """Vault would refuse the text. `line` from 1. `rest`: the policy without what is wrong, where that can be told."""

    def __init__(self, line: int, why: str, rest: Policy | None = None) -> None:
        super().__init__(f"line {line}: {why}" if line else why)
        self.line, self.why, self.rest = line, why, rest


def read_policy(name: str, text: str) -> Policy:
    """The policy. Raises UnreadableError with the line where the text is none."""
    rules = tuple(_from_json(text) if text.lstrip().startswith("{") else _Hcl(text).rules())
    found = Policy(
        name, tuple(replace(rule, capabilities=rule.capabilities & CAPABILITIES) for rule in rules), "${" in text
    )
    for rule in rules:
        if unknown := sorted(rule.capabilities - CAPABILITIES):
            why = f"path {rule.path!r} has a capability that Vault does not know: {', '.join(unknown)}"
            raise UnreadableError(rule.line, why, found)
    return found


def _from_json(text: str) -> Iterator[Rule]:
    try:
        found: Json = json.loads(text)
    except ValueError as error:
        raise UnreadableError(getattr(error, "lineno", 0), "this is no JSON") from None
    paths = mapping(found).get("path")
    for one in [paths] if isinstance(paths, dict) else sequence(paths):
        for path, body in mapping(one).items():
            yield _rule(path, mapping(body), 0, {})


def _rule(path: str, body: dict[str, Json], line: int, accepted: dict[str, str]) -> Rule:
    old = str(body.get("policy", ""))
    if old and old not in _OLD:
        raise UnreadableError(line, f"{old!r} is no policy for path {path!r}")
    said = [str(one) for one in sequence(body.get("capabilities"))] + [*_OLD.get(old, ())]
    if "+*" in path:
        raise UnreadableError(line, f"path {path!r}: Vault refuses +*")
    allowed = {key.lower(): tuple(sequence(one)) for key, one in mapping(body.get("allowed_parameters")).items()}
    return Rule(path.removeprefix("/"), frozenset(said), line, allowed, old, accepted)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


class _Hcl:
    """One walk over the tokens of a text."""

    def __init__(self, text: str) -> None:
        self._accepted = dict[int, dict[str, str]]()
        self._tokens = [*self._scan(text)]
        self._at = 0

    def _scan(self, text: str) -> Iterator[_Token]:
        at, line, noted = 0, 1, dict[str, str]()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise UnreadableError(line, f"{text[at : at + 12]!r} cannot stand here")
            kind = str(found.lastgroup)
            if kind == "comment" and (meant := _ACCEPTED.search(found.group())):
                noted[meant["code"]] = meant["reason"].strip()
            elif kind not in {"space", "newline", "comment", "block"}:
                if noted:
                    self._accepted[line], noted = noted, {}
                yield _Token("heredoc" if kind == "end" else kind, found.group(), line)
            line, at = line + found.group().count("\n"), found.end()
        yield _Token("end", "", line)

    def rules(self) -> Iterator[Rule]:
        while (start := self._next()).kind != "end":
            key = _plain(start)
            if key != "path":
                self._value_of_key()
                continue
            label = self._next()
            if label.kind != "string":
                raise UnreadableError(label.line, "after path comes the path in quotes")
            yield _rule(_plain(label), self._block(), start.line, self._accepted.get(start.line, {}))

    def _value_of_key(self) -> Json:
        """What a key has: a value after `=` or `:`, or a block, labels before it left out."""
        while self._peek().kind == "string":
            self._next()
        if self._peek().text in {"=", ":"}:
            self._next()
            return self._value()
        return self._block()

    def _block(self) -> dict[str, Json]:
        self._expect("{")
        found = dict[str, Json]()
        while self._peek().text != "}":
            key = self._next()
            if key.kind not in {"word", "string"}:
                raise UnreadableError(key.line, f"a name is missing before {key.text or 'the end'!r}")
            found[_plain(key)] = self._value_of_key()
            if self._peek().text == ",":
                self._next()
        self._expect("}")
        return found

    def _value(self) -> Json:
        token = self._peek()
        match token.kind, token.text:
            case "mark", "[":
                return self._list()
            case "mark", "{":
                return self._block()
            case (("string" | "heredoc"), _):
                return _plain(self._next())
            case "word", "true" | "false":
                return self._next().text == "true"
            case "word", number if re.fullmatch(r"-?\d+(\.\d+)?", number):
                self._next()
                return float(number) if "." in number else int(number)
        raise UnreadableError(token.line, f"a value is missing before {token.text or 'the end'!r}")

    def _list(self) -> list[Json]:
        self._expect("[")
        found = list[Json]()
        while self._peek().text != "]":
            found.append(self._value())
            if self._peek().text != "]":
                self._expect(",")
        self._expect("]")
        return found

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _expect(self, mark: str) -> None:
        token = self._next()
        if token.kind != "mark" or token.text != mark:
            raise UnreadableError(token.line, f"{mark!r} is missing before {token.text or 'the end'!r}")


def _plain(token: _Token) -> str:
    if token.kind == "heredoc":
        return token.text.partition("\n")[2].rpartition("\n")[0] + "\n"
    if token.kind != "string":
        return token.text
    try:
        return str(json.loads(token.text.replace("\\'", "'")))
    except ValueError:
        raise UnreadableError(token.line, f"{token.text} is no string") from None
