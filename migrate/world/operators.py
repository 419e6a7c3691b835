"""Database operators: they make PostgreSQL's host-based rules what their object in Git lists."""

from __future__ import annotations

from typing import Any

from migrate.targets import hba
from migrate.world.state import Draft


def admit(draft: Draft) -> None:
    """Rules for certificates take effect as listed, above those that the world was born with.

    Of the other rules in a list nothing is practised: which addresses they are for means nothing in a world.
    """
    ours = [rule for name, one in draft.of("DatabaseOperator") for rule in _rules(name, one["spec"].get("hba") or [])]
    born = [rule for rule in draft.postgres["hba"] if "operator" not in rule]
    draft.postgres["hba"] = [*ours, *born]


def _rules(operator: str, texts: list[str]) -> list[dict[str, Any]]:
    listed = [hba.parsed(text) for text in texts]
    return [
        {
            "type": rule.type,
            "databases": [name.text for name in rule.databases],
            "users": [name.text for name in rule.users],
            "address": rule.address,
            "method": rule.method,
            "operator": operator,
        }
        for rule in listed
        if isinstance(rule, hba.Rule) and rule.method == "cert" and _counts(rule, listed)
    ]


def _counts(rule: hba.Rule, listed: list[hba.Line]) -> bool:
    """Whether no rule above it decides first."""
    user, database = rule.users[0].text, rule.databases[0].text
    return hba.decisive(listed, hba.Client(user, (), database)) is rule
