"""What stands on the path to Vault: Secrets that must exist before any pod can fetch one from it.

Recognised by who reads them (the store that ESO uses, Flux's own sources, charts whose part on that path is
known), never by their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from migrate.estate.charts import chart_of
from migrate.estate.facts import Facts, Use
from migrate.estate.inventory import Bootstrap
from migrate.estate.placed import namespace_of
from migrate.estate.profiles import Profiles
from migrate.model.json import reach, text

_STORES = {"SecretStore", "ClusterSecretStore"}
_TAILNET = ip_network("100.64.0.0/10")
_FETCHING = {"GitRepository", "OCIRepository", "Bucket"}
_ROLES = {
    "eso": "External Secrets Operator reads it",
    "injector": "the Vault Agent Injector reads it",
    "tailnet": "the tailnet operator reads it, and Vault is reached over the tailnet",
    "resolver": "the cluster's resolver reads it",
    "flux": "Flux reads it",
}


def reaching(facts: Iterable[Facts], profiles: Profiles) -> Iterator[tuple[Facts, str]]:
    """What has a part in bringing values of Vault to pods of one cluster, and which: ESO, the injector, the tailnet."""
    facts = list(facts)
    _, tailnet = _vaults(facts)
    yield from ((fact, role) for fact in facts if (role := _role(fact, profiles, tailnet=tailnet)))


def _vaults(facts: list[Facts]) -> tuple[bool, bool]:
    """Whether there is a store that is Vault, and whether one is reached over a tailnet."""
    vaults = [fact for fact in facts if fact.kind in _STORES and reach(fact.spec, "provider") == "vault"]
    return bool(vaults), any(_outside_cluster(text(reach(fact.spec, "server"))) for fact in vaults)


def bootstrap(facts: Iterable[Facts], profiles: Profiles) -> list[Bootstrap]:
    """The bootstrap Secrets that one cluster's objects show, each once, in order of namespace and name."""
    facts = list(facts)
    with_vault, tailnet = _vaults(facts)
    found: dict[tuple[str, str], Bootstrap] = {}
    for fact in facts:
        for use, reason in _on_path(fact, profiles, with_vault=with_vault, tailnet=tailnet):
            namespace = namespace_of(fact, use) or "default"
            found.setdefault((namespace, use.secret), Bootstrap(namespace, use.secret, reason, fact.file))
    return [found[key] for key in sorted(found)]


def _on_path(fact: Facts, profiles: Profiles, *, with_vault: bool, tailnet: bool) -> Iterator[tuple[Use, str]]:
    if fact.kind in _STORES:
        is_vault = reach(fact.spec, "provider") == "vault"
        if is_vault or not with_vault:
            yield from ((use, f"{fact.kind} {fact.name} reaches its provider with it") for use in fact.uses)
    elif fact.kind in _FETCHING:
        yield from ((use, f"Flux fetches {fact.name} with it") for use in fact.uses)
    elif fact.kind == "Kustomization":
        yield from ((use, "Flux decrypts with it") for use in fact.uses if use.how == "decryption")
    elif role := _role(fact, profiles, tailnet=tailnet):
        yield from ((use, _ROLES[role]) for use in fact.uses if use.how != "text")


def _role(fact: Facts, profiles: Profiles, *, tailnet: bool) -> str:
    role = profiles.chart(chart_of(fact)).path_role
    if not role and fact.workload:
        roles = (profiles.image(container.image).path_role for container in fact.containers if container.image)
        role = next((found for found in roles if found), "")
    return "" if role == "tailnet" and not tailnet else role


def _outside_cluster(server: str) -> bool:
    """Whether Vault's address is one a tailnet could carry: anything but a Service of the cluster itself."""
    host = urlsplit(server).hostname or ""
    try:
        return ip_address(host) in _TAILNET
    except ValueError:
        return bool(host) and not host.endswith((".svc", ".svc.cluster.local", ".svc.cluster.local."))
