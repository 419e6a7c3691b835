"""What a token really did in Vault, by Vault's own audit, and which of its policy's rights that leaves unused."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from migrate.grants.access import capabilities
from migrate.grants.reading import read_policy

Deed = tuple[str, str]
"""A path, with a slash at its end where it was listed, and the operation that Vault asked a capability for."""


def used(log: Path, since: int, policy: str) -> set[Deed]:
    """What tokens with that policy were let do. `since`: the byte of the audit log that it begins at."""
    with log.open("rb") as file:
        file.seek(since)
        entries = [json.loads(line) for line in file]
    return {
        _deed(one["request"])
        for one in entries
        if one["type"] == "response"
        and policy in one.get("auth", {}).get("token_policies", [])
        and "permission denied" not in one.get("error", "")
    }


def _deed(request: dict[str, str]) -> Deed:
    path, operation = request["path"], request["operation"]
    return (f"{path.rstrip('/')}/" if operation == "list" else path), operation


def unused(policy: str, done: Iterable[Deed]) -> set[Deed]:
    """Each path and capability of a policy's text that none of these deeds needed. `sudo` is no operation."""
    deeds = set(done)
    return {
        (rule.path, capability)
        for rule in read_policy("p", policy).rules
        for capability in rule.capabilities - {"sudo"}
        if not any(capability == how and capability in capabilities([rule], path) for path, how in deeds)
    }
