"""The PostgreSQL servers that operators run from a tree, and the logins those look after."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migrate.model.json import mapping, sequence, text_at
from migrate.planning.files import Files, Found, objects

OPERATOR_KINDS = frozenset({"PostgresCluster", "Cluster", "postgresql"})
OPERATOR_GROUPS = ("postgres-operator.crunchydata.com", "postgresql.cnpg.io", "acid.zalan.do")


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
    return [_server(one) for one in found if str(one.value.get("apiVersion", "")).startswith(OPERATOR_GROUPS)]


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
