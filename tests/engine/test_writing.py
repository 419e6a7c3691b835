"""What the engine makes of a store that fails: it tries again, and then asks somebody to look."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from migrate.checks.catalogue import check_for
from migrate.engine.asking import Asker
from migrate.engine.ending import Completed, Ending, Partial, Waiting
from migrate.engine.fold import fold
from migrate.engine.inputs import Inputs
from migrate.engine.recorder import Recorder
from migrate.engine.run import Engine
from migrate.engine.writing import Writer
from migrate.model.change import Absent, Doc
from migrate.model.json import Json
from migrate.model.plan import Plan, Step
from migrate.model.ports import Denied, Move, Outcome, Secrets, Snapshot, Written
from migrate.model.target import parse_target
from migrate.stores.journal import Journal
from tests.engine.memory import Memory
from tests.engine.plans import a_plan, a_step

PLAN = a_plan(a_step("expand.one", "vault:policy/one", "expand"), a_step("expand.two", "vault:policy/two", "expand"))


def driven(store: Memory, folder: Path, *, opened: bool = True, plan: Plan = PLAN) -> Ending:
    journal = Journal(folder / "journal.jsonl", lambda: datetime.now(UTC))
    recorder = Recorder(fold(journal.events), journal.append, lambda _event: None)
    if opened:
        recorder.note("run.opened", run="r", plan="p", digest="d", phase="x", mode="live", who="t")
        recorder.note("run.approved", stages=["expand"])
    writer = Writer((plan, "p", "d"), {"vault": store, "git": store}, Inputs(lambda: "x"), recorder, lambda: None)
    asker = Asker(check_for, store, recorder, lambda: datetime.now(UTC))
    engine = Engine(
        plan, recorder, writer, asker, stopping=lambda: False, heed=lambda: None, consent=bool
    )  # fmt: skip
    try:
        return engine.drive()
    finally:
        journal.close()


@pytest.mark.parametrize("fails", [1, 2])
def test_a_write_that_was_not_done_is_tried_again(fails: int, tmp_path: Path) -> None:
    assert isinstance(driven(Memory(fails), tmp_path), Completed)


def test_a_server_that_fails_every_time_is_somebodys_to_look_at_and_the_run_goes_on_when_it_works(
    tmp_path: Path,
) -> None:
    store = Memory(1000)
    found = driven(store, tmp_path)
    assert isinstance(found, Waiting)
    assert "vault:policy/one was asked for 3 times and is still as before: the server failed" in str(found)
    assert store.fails == 997
    store.fails = 0
    assert isinstance(driven(store, tmp_path, opened=False), Completed)


class Refusing(Memory):
    """A store whose token may not delete."""

    def write(self, move: Move, seen: Snapshot, secrets: Secrets) -> Outcome:
        if self.fails and move.way == "back":
            return Denied("the token may not write it", "grant it: delete", right=True)
        self.states[move.change.target] = move.change.after
        return Written()


def test_a_right_that_the_way_back_lacks_is_named_with_what_was_left_and_once_granted_it_ends(tmp_path: Path) -> None:
    store = Refusing(1)
    assert isinstance(driven(store, tmp_path), Completed)
    _turn(tmp_path)

    found = driven(store, tmp_path, opened=False)

    why, following = "the token may not write it", "grant it: delete; then: migrate resume"
    assert found == Partial((("expand.one", why), ("expand.two", why)), "a missing right", following)
    store.fails = 0
    _turn(tmp_path)
    assert isinstance(driven(store, tmp_path, opened=False), Completed)
    assert set(store.states.values()) == {Absent()}


def _turn(folder: Path) -> None:
    _append(folder, "run.turned", {"way": "back"})


def _append(folder: Path, event: str, about: dict[str, Json]) -> None:
    journal = Journal(folder / "journal.jsonl", lambda: datetime.now(UTC))
    try:
        journal.append(event, about)
    finally:
        journal.close()


def test_what_another_run_made_is_never_taken_for_ours(tmp_path: Path) -> None:
    store = Memory(0, {PLAN.steps[0].change.target: PLAN.steps[0].change.after}, mark="another")
    assert "bears the mark of another run (another)" in str(driven(store, tmp_path))


def test_what_another_run_made_may_be_changed_as_long_as_it_is_as_the_plan_found_it(tmp_path: Path) -> None:
    found, wanted = Doc({"policy": "theirs"}), Doc({"policy": "ours"})
    (step,) = a_plan(a_step("expand.one", "vault:policy/one", "expand")).steps
    plan = a_plan(replace(step, change=replace(step.change, before=found, after=wanted)))
    target = step.change.target

    assert isinstance(driven(Memory(0, {target: found}, mark="another"), tmp_path, plan=plan), Completed)
    (tmp_path / "other").mkdir()
    edited = Memory(0, {target: Doc({"policy": "edited"})}, mark="another")
    assert "neither as the plan found it" in str(driven(edited, tmp_path / "other", plan=plan))


COMMITTED = a_plan(
    a_step("expand.one", "vault:policy/one", "expand"),
    replace(a_step("expand.two", "vault:policy/two", "expand"), depends=("expand.one",)),
    a_step("expand.beside", "vault:policy/beside", "expand"),
    replace(a_step("cutover.commit", "git:commit/cutover", "cutover"), depends=("expand.two",)),
)


def committing(store: Memory, folder: Path, taken: str) -> Ending:
    """Somebody takes a thing away between the expand stage, whose gates saw it, and the word for the cutover."""
    assert "the cutover stage" in str(driven(store, folder, plan=COMMITTED))
    del store.states[parse_target(taken)]
    _append(folder, "run.approved", {"stages": ["cutover"]})
    return driven(store, folder, opened=False, plan=COMMITTED)


@pytest.mark.parametrize("taken", COMMITTED.steps[:2])
def test_nothing_is_committed_once_somebody_took_away_what_it_stands_on(taken: Step, tmp_path: Path) -> None:
    store, away, commit = Memory(), taken.change.target, COMMITTED.steps[-1].change.target

    found = committing(store, tmp_path, str(away))

    assert isinstance(found, Waiting)
    assert f"what step {taken.id} made is not there any more: {away}" in found.reason
    assert commit not in store.states
    store.states[away] = taken.change.after
    _append(tmp_path, "hold.cleared", {"key": found.by})
    assert isinstance(driven(store, tmp_path, opened=False, plan=COMMITTED), Completed)
    assert commit in store.states


def test_what_a_commit_does_not_stand_on_is_not_looked_at_for_it(tmp_path: Path) -> None:
    assert isinstance(committing(Memory(), tmp_path, "vault:policy/beside"), Completed)
