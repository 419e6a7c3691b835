"""The login in use today: which database, which login, and whether an operator looks after that login."""

from __future__ import annotations

import re
from dataclasses import replace

from migrate.model.config import Config
from migrate.model.errors import Refused
from migrate.model.json import Json, mapping, text_at
from migrate.operations.login import ROTATED, Login
from migrate.planning.database import Server, behind
from migrate.planning.login.candidates import Candidate

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,48}")
"""Names that need no escaping in SQL, URLs and shells, and leave room for our suffixes within 63 bytes."""


def login_of(candidate: Candidate, config: Config, known: list[Server]) -> Login:
    """The login in use. Raises Refused where the tree does not say, or where it is no PostgreSQL."""
    values = candidate.values
    kind = _setting(values, "TYPE", "type")
    if kind not in {None, "postgres"}:
        raise _refused(candidate, f"its database is {kind}, not postgres", "nothing to do for this phase")
    if _setting(values, "URL", "url"):
        raise _refused(
            candidate,
            "its database is given as one URL, which holds the login too",
            "spell out host, name and user (GF_DATABASE_HOST, _NAME, _USER), then plan again",
        )
    owner = config.database.login or _setting(values, "USER", "user")
    database, host = _setting(values, "NAME", "name") or "grafana", _setting(values, "HOST", "host") or ""
    for what, text in (("login", owner), ("database", database)):
        if not text or "$" in text or "{{" in text:
            raise _refused(
                candidate,
                f"the tree does not say which {what} it uses",
                "set database.login in migrate.yaml to the login's name" if what == "login" else "write its name out",
            )
        if text and not _PLAIN.fullmatch(text):
            raise _refused(candidate, f"its {what} has a name this tool does not put into SQL", "rename it")
    server = behind(host, known)
    version = config.database.version or (server.version if server else None)
    return Login(database, str(owner), host, _operator(str(owner), known), version)


def rotated_login(candidate: Candidate, config: Config, known: list[Server]) -> tuple[str, Login]:
    """The login in use where Vault rotates it for its owner, and that owner. Raises Refused as `login_of` does."""
    found = login_of(candidate, config, known)
    owner = found.owner.removesuffix(ROTATED)
    in_use = _setting(candidate.values, "USER", "user") or found.owner
    return in_use, replace(found, owner=owner, operator=_operator(owner, known))


def _operator(login: str, known: list[Server]) -> str | None:
    return next((one.name for one in known if login in one.logins), None)


def _setting(values: dict[str, Json], variable: str, key: str) -> str | None:
    """A variable wins over the configuration file, as in the application."""
    from_env = text_at(values.get("env"), f"GF_DATABASE_{variable}")
    return from_env or text_at(mapping(values.get("grafana.ini")), "database", key)


def _refused(candidate: Candidate, why: str, following: str) -> Refused:
    return Refused(
        f"HelmRelease {candidate.name} ({candidate.found.file}): {why}", undone="no plan was made", following=following
    )
