"""A fault that is mistyped: said is whether the name or the setting is wrong, and what would be right."""

from __future__ import annotations

import pytest

from migrate.model.errors import Usage
from migrate.world.deeds import COUNTED, SWITCHES, fault
from migrate.world.state import Draft


@pytest.fixture
def draft() -> Draft:
    """A world in which nothing is."""
    return Draft({}, {}, {}, {}, "seed", 0)


@pytest.mark.parametrize("name", [*SWITCHES])
def test_a_setting_that_is_none_is_not_called_an_unknown_fault(name: str, draft: Draft) -> None:
    with pytest.raises(Usage, match=f"{name} cannot be maybe") as said:
        fault(draft, name, "maybe")
    assert f"{name} is on or off" in said.value.following


@pytest.mark.parametrize("name", [*COUNTED])
def test_what_is_counted_takes_a_number(name: str, draft: Draft) -> None:
    with pytest.raises(Usage, match=f"{name} cannot be on") as said:
        fault(draft, name, "on")
    assert "a number, or off" in said.value.following


def test_faults_are_listed_one_a_line(draft: Draft) -> None:
    with pytest.raises(Usage, match="there is no fault nope") as said:
        fault(draft, "nope", "on")
    lines = said.value.following.splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:]] == [*SWITCHES, *COUNTED]
