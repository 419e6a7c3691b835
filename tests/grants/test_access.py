"""Which rule counts for a path: Vault's own order (compared with a real one in tests/contract/test_grants.py)."""

from __future__ import annotations

import pytest

from migrate.grants.access import capabilities
from migrate.grants.policy import Rule


def rules(**paths: str) -> list[Rule]:
    return [Rule(path, frozenset(words.split())) for path, words in paths.items()]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("secret/data/a", {"read"}),
        ("secret/data/ab", {"list"}),
        ("secret/data/x/y", {"update"}),
        ("secret/data/x/y/z", {"list"}),
        ("other", set()),
        ("secret/data/no", set()),
    ],
)
def test_the_most_exact_rule_counts_and_deny_goes_before_all(path: str, wanted: set[str]) -> None:
    given = rules(**{"secret/data/a": "read", "secret/data/*": "list", "secret/data/+/y": "update"})
    given += rules(**{"secret/data/no": "read deny"})
    assert capabilities(given, path) == wanted


def test_rules_of_several_policies_for_one_path_add_up() -> None:
    assert capabilities([*rules(a="read"), *rules(a="list")], "a") == {"read", "list"}
    assert capabilities([*rules(a="read"), *rules(a="deny")], "a") == set()


def test_a_name_that_begins_the_same_is_covered_by_a_glob_alone() -> None:
    assert capabilities(rules(**{"secret/data/app*": "read"}), "secret/data/app-admin") == {"read"}
    assert capabilities(rules(**{"secret/data/app": "read"}), "secret/data/app-admin") == set()
    assert capabilities(rules(**{"secret/data/+": "read"}), "secret/data/a/b") == set()
