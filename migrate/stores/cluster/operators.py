"""Which database operators of the cluster list a login among their users."""

from __future__ import annotations

from migrate.model.json import Json
from migrate.planning.database import logins_of
from migrate.planning.files import Found
from migrate.stores.cluster.api import Api

_LISTS = (
    ("postgres-operator.crunchydata.com", "postgresclusters", "PostgresCluster"),
    ("postgresql.cnpg.io", "clusters", "Cluster"),
    ("acid.zalan.do", "postgresqls", "postgresql"),
)


def operators(api: Api, login: str) -> dict[str, Json]:
    """The operators' objects that list the login; no keys where one kind of them may not be seen."""
    listed = list[str]()
    for group, plural, kind in _LISTS:
        root = api.served(group)
        found = api.look(f"{root}/{plural}") if root else None
        if found is None or found.status == 404:
            continue
        if not found.ok:
            return {}
        objects = [Found("", 0, 0, {"kind": kind, **one}) for one in found.items]
        listed += [f"{kind} {one.namespace}/{one.name}" for one in objects if login in logins_of(one)]
    return {"listedBy": list[Json](sorted(listed))}
