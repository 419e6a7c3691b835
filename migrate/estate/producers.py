"""Who makes a Secret, other than ESO: a Secret with two makers is one that flips between two values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from migrate.estate.facts import Facts
from migrate.estate.inventory import Finding, Secret
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


def two_owners(secrets: Iterable[Secret], others: Iterable[Producer]) -> Iterator[Finding]:
    """A finding for each Secret that two things make: its value flips between theirs."""
    made = {(item.namespace, item.name): item for item in others}
    owners: dict[tuple[str, str], Secret] = {}
    for secret in secrets:
        key = (secret.namespace, secret.target)
        if secret.creation_policy not in {"Owner", "Orphan"}:
            continue
        if (other := owners.setdefault(key, secret)) is not secret:
            told = f"Secret {key[0]}/{key[1]} has two owners: ExternalSecrets {other.id} and {secret.id}"
            yield Finding("secret.two-owners", "warning", told, secret.file)
        if (producer := made.get(key)) is not None:
            told = f"Secret {key[0]}/{key[1]} has two owners: ExternalSecret {secret.id} and {producer.by}"
            yield Finding("secret.two-owners", "warning", told, producer.file)
