"""Which host-based rule decides for a client from an address: the first that fits, whatever stands below it.

Words that only the server can weigh (`samenet`, host names) are weighed by assumption: whoever asks tries both, with
the same assumption for every client that is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import chain, combinations

from migrate.targets.hba import Client, Rule, meets

Address = IPv4Address | IPv6Address
_EVERYWHERE = frozenset({"all", "0.0.0.0", "::"})
_OWN = frozenset({"samehost", "samenet"})
_TLS = frozenset({"host", "hostssl", "hostnogssenc"})
_PLAIN = frozenset({"host", "hostnossl", "hostnogssenc"})
BY_PASSWORD = frozenset({"scram-sha-256", "md5", "password", "trust"})
"""Methods by which a login with a password of PostgreSQL's own gets in."""
_WORDS = 5
"""More words that nobody here can weigh are not tried in every combination."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection comes from. `assumed`: the words that count as fitting it."""

    address: Address
    tls: bool
    assumed: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.address} {'with' if self.tls else 'without'} TLS"


def deciding(rules: Iterable[Rule], client: Client, origin: Origin) -> Rule | None:
    """The first rule that fits; None where none does, which turns the client away."""
    kinds = _TLS if origin.tls else _PLAIN
    return next(
        (
            rule
            for rule in rules
            if rule.type in kinds and _covers(rule.address, origin) and meets(replace(rule, type="host"), client)
        ),
        None,
    )


def admitted(rules: Iterable[Rule], client: Client, origin: Origin) -> bool:
    """Whether the client gets in by its password."""
    rule = deciding(rules, client, origin)
    return rule is not None and rule.method in BY_PASSWORD


def _covers(written: str, origin: Origin) -> bool:
    if written in _EVERYWHERE:
        return written == "all" or (written == "::") == (origin.address.version == 6)
    network = _network(written)
    if network is None:
        return written in origin.assumed
    return origin.address.version == network.version and origin.address in network


def _network(written: str) -> IPv6Network | None:
    try:
        # The two kinds of network have the same questions to answer; their type has no common name.
        return ip_network(written.replace(" ", "/"), strict=False)  # type: ignore[return-value]
    except ValueError:
        return None


def origins(rules: Sequence[Rule]) -> Iterator[Origin]:
    """One origin of every kind that the rules tell apart: by range, by TLS, and by words nobody here can weigh."""
    words = sorted({rule.address for rule in rules if rule.address and _opaque(rule.address)})[:_WORDS]
    assumptions = list(chain.from_iterable(combinations(words, size) for size in range(len(words) + 1)))
    for address in _addresses(rules):
        for tls in (True, False):
            yield from (Origin(address, tls, frozenset(assumed)) for assumed in assumptions)


def _opaque(written: str) -> bool:
    return written not in _EVERYWHERE and _network(written) is None


def _addresses(rules: Sequence[Rule]) -> Iterator[Address]:
    """The first address of every stretch between two borders of ranges."""
    borders: set[Address] = {ip_address("0.0.0.0"), ip_address("::")}
    for rule in rules:
        if (network := _network(rule.address)) is not None:
            borders.add(network.network_address)
            if int(network.broadcast_address) + 1 < 2**network.max_prefixlen:
                borders.add(network.broadcast_address + 1)
    yield from sorted(borders, key=lambda one: (one.version, int(one)))


def assumptions_at(address: Address, server: str) -> frozenset[str]:
    """The words that certainly fit: who comes from the server's own address is of its host and of its network."""
    own = str(address) == server or address.is_loopback
    return _OWN if own else frozenset()
