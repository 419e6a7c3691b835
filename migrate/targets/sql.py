"""PostgreSQL as statements, both ways. A login's state is what its catalogue says of it; columns have their own file.

Statements are for an administrator connected to the database they name; a password is the psql variable `password`,
which whoever runs them otherwise replaces together with its keyword.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.model.change import Absent, Change, Doc, State
from migrate.model.json import Json, mapping, sequence
from migrate.targets import columns

PASSWORD = "PASSWORD :'password'"
"""Where a password belongs in a statement."""

_GRANT_OPTIONS = 16
"""The version from which on a grant says whether it is inherited and may be assumed."""


@dataclass(frozen=True, slots=True)
class Script:
    """Statements, and the database they must be run in."""

    database: str
    statements: tuple[str, ...]


def script(change: Change, version: int | None = None) -> Script:
    """The statements that take a login or a column from one state to the other.

    `version`: of the server that will run them, where it is known; else they are written as the plan foresaw.
    """
    if change.target.kind in columns.KINDS:
        return Script(columns.columns_of(change.target).database, tuple(columns.statements(change)))
    name, state = change.target.name, _known(change.after) or _known(change.before) or {}
    database = next((str(one) for one in sequence(state.get("connect"))), "postgres")
    login = _Creation(version, password=bool(change.inputs))
    return Script(database, tuple(_statements(name, change.before, change.after, login)))


@dataclass(frozen=True, slots=True)
class _Creation:
    """How a login is made: for which version, where that is known, and with a password or without any."""

    version: int | None
    password: bool


def _known(state: State) -> dict[str, Json] | None:
    return mapping(state.value) if isinstance(state, Doc) else None


def _statements(name: str, before: State, after: State, login: _Creation) -> Iterator[str]:
    match before, after:
        case Absent(), Doc(value):
            yield from _create(quoted(name), mapping(value), login)
        case Doc(value), Absent():
            yield from _drop(quoted(name), mapping(value))
        case Doc(old), Doc(new):
            for key in ("login",):
                if mapping(old).get(key) != mapping(new).get(key):
                    yield f"ALTER ROLE {quoted(name)} {'LOGIN' if mapping(new).get(key) else 'NOLOGIN'};"


def _create(role: str, state: dict[str, Json], login: _Creation) -> Iterator[str]:
    attributes = "LOGIN NOSUPERUSER CREATEROLE" if state.get("createrole") else "LOGIN NOSUPERUSER NOCREATEROLE"
    # A login without a password is let in by no rule that asks for one, whatever is tried.
    yield f"CREATE ROLE {role} {attributes}{f' {PASSWORD}' if login.password else ''};"
    admin = sequence(state.get("adminOf"))
    for owner in sequence(state.get("memberOf")):
        yield f"GRANT {quoted(str(owner))} TO {role}{' WITH ADMIN OPTION' if owner in admin else ''};"
    for database, owner in mapping(state.get("actsAs")).items():
        yield f"ALTER ROLE {role} IN DATABASE {quoted(database)} SET role = {literal(str(owner))};"
    for connected in sequence(state.get("connect")):
        yield f"GRANT CONNECT ON DATABASE {quoted(str(connected))} TO {role};"
    for grant in sequence(state.get("administeredBy")):
        options = _options(mapping(grant), login.version)
        yield f"GRANT {role} TO {quoted(str(mapping(grant).get('role')))} WITH {options};"


def _options(grant: dict[str, Json], version: int | None) -> str:
    options = "inherit" in grant if version is None else version >= _GRANT_OPTIONS
    return "ADMIN TRUE, INHERIT FALSE, SET FALSE" if options else "ADMIN OPTION"


def _drop(role: str, state: dict[str, Json]) -> Iterator[str]:
    """Everything the creation gave, taken back in reverse, and what the login came to own handed to its owner."""
    for grant in reversed(sequence(state.get("administeredBy"))):
        yield f"REVOKE {role} FROM {quoted(str(mapping(grant).get('role')))};"
    for connected in reversed(sequence(state.get("connect"))):
        yield f"REVOKE CONNECT ON DATABASE {quoted(str(connected))} FROM {role};"
    for database, owner in reversed(mapping(state.get("actsAs")).items()):
        yield f"ALTER ROLE {role} IN DATABASE {quoted(database)} RESET role;"
        yield f"REASSIGN OWNED BY {role} TO {quoted(str(owner))};"
    for owner in reversed(sequence(state.get("memberOf"))):
        yield f"REVOKE {quoted(str(owner))} FROM {role};"
    yield f"DROP ROLE {role};"


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"
