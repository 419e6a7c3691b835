"""What a plan believed is read again before anything is written, and what is told of it is where to look."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from migrate.engine.admission import moved_facts
from migrate.model.change import Absent
from migrate.planning.configuration import FILE
from tests.planning.estates import estate, planned


def test_a_file_that_git_does_not_hold_is_not_said_to_have_changed(tmp_path: Path) -> None:
    plan = planned(estate(tmp_path / "estate", migrate="vault: {kv: secret}\n"))
    settings = tuple(fact for fact in plan.facts if fact.file == FILE)
    assert settings
    alone = replace(plan, facts=settings)

    (uncommitted,) = moved_facts(alone, lambda _: None, lambda _: Absent())
    (edited,) = moved_facts(alone, lambda _: "0" * 40, lambda _: Absent())

    assert "Git does not hold it: commit it" in uncommitted
    assert "Git does not hold it" not in edited
    assert not [*moved_facts(alone, lambda _: settings[0].digest.removeprefix("blob:"), lambda _: Absent())]
