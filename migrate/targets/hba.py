"""PostgreSQL's host-based rules: which one decides for a connection, and where a new one must stand to do so.

The first rule that fits type, database, user and address decides, and no later one is asked
(https://www.postgresql.org/docs/current/auth-pg-hba-conf.html). Addresses are not weighed here: a rule for some
addresses decides for whoever comes from there, so it counts as one that decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from migrate.model.json import Json, sequence

_WORD = re.compile(r'"(?P<quoted>(?:[^"]|"")*)"|(?P<bare>[^\s,"#]+)|(?P<comma>,)|(?P<comment>#)')
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_KEYWORDS = frozenset({"all", "sameuser", "samerole", "samegroup", "replication"})
_REMOTE = frozenset({"host", "hostssl"})
"""Types of rules that a TLS connection can meet."""


@dataclass(frozen=True, slots=True)
class Name:
    """A database or login in a rule. Quoted, it is that name and nothing else, whatever it looks like."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One line. `options` are `name=value`."""

    type: str
    databases: tuple[Name, ...]
    users: tuple[Name, ...]
    address: str
    method: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that is no rule: empty, a comment, an include, or nothing this version understands."""

    text: str


Line: TypeAlias = Rule | Unread


@dataclass(frozen=True, slots=True)
class Client:
    """Who connects over TLS: as which login, member of which roles, to which database."""

    login: str
    groups: tuple[str, ...]
    database: str


def parsed(text: str) -> Line:
    """A line of pg_hba.conf."""
    fields = _fields(text)
    if len(fields) < 4 or fields[0][0].text not in _REMOTE | {"local", "hostnossl", "hostgssenc", "hostnogssenc"}:
        return Unread(text)
    kind, (databases, users), rest = fields[0][0].text, fields[1:3], [one[0].text for one in fields[3:]]
    address = "" if kind == "local" else rest.pop(0)
    if len(rest) > 1 and re.fullmatch(r"[0-9.]+|[0-9a-fA-F:]+", rest[0]) and address:
        address = f"{address} {rest.pop(0)}"  # the mask in a field of its own
    if not rest:
        return Unread(text)
    return Rule(kind, databases, users, address, rest[0], tuple(rest[1:]))


def _fields(text: str) -> list[tuple[Name, ...]]:
    """Fields in their order, each a list: a comma joins what stands on its two sides. `#` ends the line."""
    fields, joins = list[tuple[Name, ...]](), False
    for found in _WORD.finditer(text):
        if found["comment"]:
            break
        if found["comma"]:
            joins = True
            continue
        quoted = found["quoted"]
        name = Name(found["bare"]) if quoted is None else Name(quoted.replace('""', '"'), quoted=True)
        if joins and fields:
            fields[-1] = (*fields[-1], name)
        else:
            fields.append((name,))
        joins = False
    return fields


def shown(value: dict[str, Json]) -> Rule:
    """A rule as the server's own view lists it, where nobody sees any more what was quoted."""
    databases, users = (tuple(Name(str(one)) for one in sequence(value.get(key))) for key in ("databases", "users"))
    return Rule(str(value.get("type")), databases, users, str(value.get("address") or ""), str(value.get("method")))


def decisive(lines: Iterable[Line], client: Client) -> Rule | None:
    """The first rule that decides for this client, from one address or another; None where none does."""
    return next((line for line in lines if isinstance(line, Rule) and meets(line, client)), None)


def place(lines: Sequence[Line], client: Client) -> int:
    """The position before which a rule for this client must stand; the end where no rule is in its way."""
    fits = (position for position, line in enumerate(lines) if isinstance(line, Rule) and meets(line, client))
    return next(fits, len(lines))


def meets(rule: Rule, client: Client) -> bool:
    """Whether the rule can decide for the client. What cannot be known from here (a file of names) can."""
    if rule.type not in _REMOTE:
        return False
    users = any(_is_user(name, client) for name in rule.users)
    return users and any(_is_database(name, client) for name in rule.databases)


def _is_user(name: Name, client: Client) -> bool:
    if name.quoted:
        return name.text == client.login
    if name.text.startswith("+"):
        return name.text[1:] in (client.login, *client.groups)
    return name.text in ("all", client.login) or _outside(name.text, client.login)


def _is_database(name: Name, client: Client) -> bool:
    if name.quoted:
        return name.text == client.database
    match name.text:
        case "all":
            return True
        case "sameuser":
            return client.database == client.login
        case "samerole" | "samegroup":
            return client.database in (client.login, *client.groups)
        case "replication":
            return False
        case text:
            return text == client.database or _outside(text, client.database)


def _outside(text: str, wanted: str) -> bool:
    """Names in a file, and patterns (from PostgreSQL 16 on), whose dialect is not quite ours."""
    if text.startswith("@"):
        return True
    if not text.startswith("/"):
        return False
    try:
        return re.search(text[1:], wanted) is not None
    except re.error:
        return True


def by_certificate(login: str, database: str) -> str:
    """The line that admits a login by its certificate, over TLS, from anywhere, and by nothing else."""
    return f"hostssl {_spelt(database)} {_spelt(login)} all cert"


def _spelt(name: str) -> str:
    if _PLAIN.fullmatch(name) and name not in _KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'
