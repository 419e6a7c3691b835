"""What the linter says. Every code is in docs/policies.md with what it means and what to do (a test compares them)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Code = Literal[
    "policy.unreadable",
    "policy.everything",
    "policy.glob",
    "policy.segment-wildcard",
    "policy.star-inside",
    "policy.sudo",
    "policy.shorthand",
    "policy.empty",
    "policy.name",
    "policy.outside-prefix",
    "policy.kv-no-data",
    "policy.kv-list-on-data",
    "policy.kv-metadata",
    "policy.kv-destroys",
    "policy.writes-policies",
    "policy.writes-roles",
    "policy.writes-connections",
    "policy.makes-tokens",
    "policy.reaches-system",
    "policy.transit-creates",
    "policy.transit-exports",
    "policy.pki-signs-anything",
    "role.unbound",
    "role.wildcard",
    "role.no-audience",
    "role.policies",
    "role.for-ever",
]
CODES: tuple[str, ...] = get_args(Code)


@dataclass(frozen=True, slots=True)
class Finding:
    """One over-grant or mistake. `line` from 1; 0 where there is no file to look into. `fix` is what to write."""

    code: Code
    line: int
    path: str
    text: str
    fix: str
