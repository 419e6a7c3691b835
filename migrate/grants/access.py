"""What policies together let a token do on a path: the one rule that counts, by Vault's own order.

https://developer.hashicorp.com/vault/docs/concepts/policies#priority-matching, and `vault/acl.go` where that is
silent: an exact path goes before every pattern; among patterns the one whose first wildcard stands furthest to the
right, then one that is no prefix, with fewer `+`, longer, and last the greater text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from migrate.grants.policy import Rule

_NOTHING = frozenset[str]()


def capabilities(rules: Iterable[Rule], path: str) -> frozenset[str]:
    """What the rules of all policies of one token allow on the path; empty where nothing, or where it is denied.

    A path that is listed ends with a slash.
    """
    merged = _merged(rules)
    for exact in (path, path.removesuffix("/")):
        if exact in merged and not _pattern(exact):
            found = merged[exact]
            return _open(found) if exact == path else _open(found) & {"list"}
    matching = [(rank, rule) for rule in merged if (rank := _rank(rule, path)) is not None]
    return _open(merged[max(matching)[1]]) if matching else _NOTHING


def _merged(rules: Iterable[Rule]) -> dict[str, frozenset[str]]:
    """Rules of the same path add up."""
    found = dict[str, frozenset[str]]()
    for rule in rules:
        found[rule.path] = found.get(rule.path, _NOTHING) | rule.capabilities
    return found


def _open(found: frozenset[str]) -> frozenset[str]:
    return _NOTHING if "deny" in found else found


def _segmented(rule: str) -> bool:
    return rule == "+" or "/+" in rule or rule.startswith("+/")


def _pattern(rule: str) -> bool:
    return rule.endswith("*") or _segmented(rule)


@dataclass(frozen=True, slots=True, order=True)
class _Rank:
    """Greater goes first."""

    first: int
    whole: bool
    fewer: int
    length: int
    text: str


def _rank(rule: str, path: str) -> _Rank | None:
    """How a pattern stands among others; None where it does not cover the path, or is no pattern."""
    prefix, bare = rule.endswith("*"), rule.removesuffix("*")
    if not _segmented(rule):
        return _Rank(len(bare), False, 0, len(bare), bare) if prefix and path.startswith(bare) else None
    said, asked = bare.split("/"), path.split("/")
    if len(said) > len(asked) or (not prefix and len(said) != len(asked)):
        return None
    last = len(said) - 1
    for at, part in enumerate(said):
        begun = prefix and at == last and asked[at].startswith(part)
        if not (part in {"+", asked[at]} or begun):
            return None
    return _Rank(rule.index("+"), not prefix, -said.count("+"), len(bare), bare)
