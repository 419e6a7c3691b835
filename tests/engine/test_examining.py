"""Looking without a run: nobody is kept waiting by it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from migrate.checks.catalogue import check_for
from migrate.engine.examining import examined
from migrate.model.change import State
from migrate.model.plan import Gate
from migrate.model.target import Target
from tests.engine.plans import a_plan, a_step


class Locked:
    """An observer that must not be asked."""

    def observe(self, target: Target) -> State:
        pytest.fail(f"{target} was looked at")


def test_a_check_that_keeps_others_from_writing_is_left_to_the_run() -> None:
    about = (("columns", "a.b.c.d.e"), ("key", "k"), ("key_column", "id"), ("table", "b.c"))
    gate = Gate("column.compared", "forward", "contract", "compared", "1m", "0s", about)
    drop = a_step("contract.drop", "postgres:plaintext/a.b.c.d.e", "contract")
    found = examined(a_plan(drop, gates=(gate,)), Locked(), check_for, lambda: datetime.now(UTC))
    assert [(one.gate, one.finding) for one in found] == [("column.compared", "later")]
