"""One rule of a Vault policy, and a policy as its rules in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from migrate.model.json import Json

CAPABILITIES = frozenset(
    ("create", "read", "update", "delete", "list", "patch", "sudo", "deny", "subscribe", "recover")
)
"""https://developer.hashicorp.com/vault/docs/concepts/policies#capabilities"""
WRITES = frozenset(("create", "update", "patch", "delete"))


@dataclass(frozen=True, slots=True)
class Rule:
    """What is allowed on one path. `path` as Vault takes it, without a leading slash; `line` from 1, 0 in JSON.

    `allowed`: parameters and the values they may have (empty: any value); none where every parameter is allowed.
    """

    path: str
    capabilities: frozenset[str]
    line: int = 0
    allowed: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    shorthand: str = ""
    """The word of the old form `policy = "write"`, from which the capabilities were taken."""
    accepted: Mapping[str, str] = field(default_factory=dict)
    """Findings that whoever wrote the rule meant, by code, with the reason they gave."""

    @property
    def denies(self) -> bool:
        """Deny goes before whatever else is said of the same path."""
        return "deny" in self.capabilities

    def fixes(self, parameter: str) -> bool:
        """Whether only stated values of a parameter are allowed, none of them a pattern."""
        values = self.allowed.get(parameter, ())
        exact = all(not isinstance(one, str) or not (one.startswith("*") or one.endswith("*")) for one in values)
        return bool(values) and exact and "*" not in self.allowed


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy by its name."""

    name: str
    rules: tuple[Rule, ...]
    template: bool = False
    """It has `${placeholders}` still: its names are nobody's yet."""
