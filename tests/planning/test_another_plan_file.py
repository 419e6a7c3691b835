"""A file that is no plan of this version: what it is instead is said, and what to do."""

from __future__ import annotations

import pytest

from migrate.model.errors import Failed
from migrate.planning.loading import load_plan


@pytest.mark.parametrize(
    ("schema", "truth"),
    [
        ("migrate.plan/v2", "another version of migrate wrote it"),
        ("migrate.plan/v0", "another version of migrate wrote it"),
        ("migrate.scan/v1", "it is no plan"),
    ],
)
def test_a_plan_of_another_version_names_both(schema: str, truth: str) -> None:
    with pytest.raises(Failed, match=f"p.json: its schema is {schema}, and this migrate reads migrate.plan/v1") as said:
        load_plan(f'{{"schema": "{schema}", "steps": 5}}'.encode(), "p.json")
    assert said.value.truth == truth
    assert "the version that wrote it" in said.value.following


def test_a_plan_that_was_cut_off_says_where_it_ends() -> None:
    with pytest.raises(Failed, match=r"p.json is no JSON from line 2 on \(13 of 13 characters read\)"):
        load_plan(b'{"schema": \n ', "p.json")
