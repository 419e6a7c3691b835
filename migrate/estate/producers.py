"""Who makes a Secret, other than ESO: a Secret with two makers is one that flips between two values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from migrate.estate.facts import Facts
from migrate.model.json import reach, text


class Producer(NamedTuple):
    """Somebody who makes the Secret (namespace, name)."""

    namespace: str
    name: str
    by: str
    file: str


_CNPG_SUFFIXES = ("app", "superuser", "ca", "server", "replication")


def producers(facts: Iterable[Facts]) -> Iterator[Producer]:
    """Every Secret that the objects make themselves or have an operator make."""
    for fact in facts:
        for name in _made(fact):
            yield Producer(fact.namespace or "default", name, _by(fact), fact.file)


def _made(fact: Facts) -> Iterator[str]:
    match fact.group, fact.kind:
        case "", "Secret":
            yield fact.name
        case "cert-manager.io", "Certificate":
            yield text(reach(fact.spec, "secretName"))
        case "postgres-operator.crunchydata.com", "PostgresCluster":
            users = reach(fact.spec, "users")
            for user in users if isinstance(users, list) and users else [fact.name]:
                yield f"{fact.name}-pguser-{user}"
        case "postgresql.cnpg.io", "Cluster":
            yield from (f"{fact.name}-{suffix}" for suffix in _CNPG_SUFFIXES)
        case "bitnami.com", "SealedSecret":
            yield fact.name
        case "secrets.infisical.com" | "secrets.hashicorp.com" | "onepassword.com" | "isindir.github.com", _:
            yield fact.name


def _by(fact: Facts) -> str:
    if reach(fact.spec, "generated") is True:
        return "a secretGenerator"
    return f"{fact.kind} {fact.namespace or 'default'}/{fact.name}"
