"""The database side of today: which database, which login, and whether an operator looks after that login."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migrate.model.config import Config
from migrate.model.errors import Refused
from migrate.model.json import Json, mapping, sequence, text_at
from migrate.operations.subject import Login
from migrate.planning.candidates import Candidate
from migrate.planning.files import Files, Found, objects

OPERATOR_KINDS = frozenset({"PostgresCluster", "Cluster", "postgresql"})
_OPERATOR_GROUPS = ("postgres-operator.crunchydata.com", "postgresql.cnpg.io", "acid.zalan.do")


_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,48}")
"""Names that need no escaping in SQL, URLs and shells, and leave room for our suffixes within 63 bytes."""


@dataclass(frozen=True, slots=True)
class Server:
    """A database that an operator runs, as far as the tree says."""

    found: Found
    logins: tuple[str, ...]
    version: int | None
    pooler: bool
    restores: bool

    @property
    def name(self) -> str:
        """`Kind namespace/name`."""
        return f"{self.found.kind} {self.found.namespace}/{self.found.name}"


def servers(files: Files) -> list[Server]:
    """Every PostgreSQL server that an operator runs from this tree."""
    found = objects(files, OPERATOR_KINDS)
    return [_server(one) for one in found if str(one.value.get("apiVersion", "")).startswith(_OPERATOR_GROUPS)]


def _server(found: Found) -> Server:
    spec = found.spec
    image = text_at(spec, "imageName") or ""
    version = spec.get("postgresVersion") or text_at(spec, "postgresql", "version") or _tag(image)
    return Server(
        found,
        tuple(logins_of(found)),
        int(version) if isinstance(version, int) or (isinstance(version, str) and version.isdigit()) else None,
        pooler="pgBouncer" in mapping(spec.get("proxy")) or spec.get("enableConnectionPooler") is True,
        restores="dataSource" in spec or "backups" in spec or "backup" in spec or "clone" in spec,
    )


def _tag(image: str) -> str | None:
    match = re.search(r":(\d+)", image)
    return match.group(1) if match else None


def logins_of(found: Found) -> Iterator[str]:
    """The logins whose passwords the operator writes."""
    spec = found.spec
    users = spec.get("users")
    if isinstance(users, dict):
        yield from users
    for user in sequence(users):
        yield from filter(None, [text_at(user, "name")])
    if found.kind == "PostgresCluster" and "users" not in spec:
        yield found.name
    for role in sequence(mapping(spec.get("managed")).get("roles")):
        yield from filter(None, [text_at(role, "name")])
    initdb = mapping(mapping(spec.get("bootstrap")).get("initdb"))
    if found.kind == "Cluster":
        yield text_at(initdb, "owner") or text_at(initdb, "database") or "app"


def behind(host: str, known: list[Server]) -> Server | None:
    """The server whose Services a host name inside the cluster means."""
    name, _, rest = host.partition(".")
    for server in known:
        metadata = server.found
        ours = name == metadata.name or name.startswith(metadata.name + "-")
        if ours and (not metadata.namespace or rest.partition(".")[0].partition(":")[0] in {"", metadata.namespace}):
            return server
    return None


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
    operator = next((one.name for one in known if owner in one.logins), None)
    version = config.database.version or (server.version if server else None)
    return Login(database, str(owner), host, operator, version)


def _setting(values: dict[str, Json], variable: str, key: str) -> str | None:
    """A variable wins over the configuration file, as in the application."""
    from_env = text_at(values.get("env"), f"GF_DATABASE_{variable}")
    return from_env or text_at(mapping(values.get("grafana.ini")), "database", key)


def _refused(candidate: Candidate, why: str, following: str) -> Refused:
    return Refused(
        f"HelmRelease {candidate.name} ({candidate.found.file}): {why}", undone="no plan was made", following=following
    )
