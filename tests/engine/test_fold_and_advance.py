"""What a journal means, and what comes next: pure, so every order of events can be tried."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.engine.advance import Ask, Consent, Course, Do, Finished, Replace, Settle, Undo, Wait, again
from migrate.engine.fold import Done, Kept, Run, Undone, fold
from migrate.engine.leaving import at_rest
from migrate.engine.route import back, there
from migrate.engine.standing import standing
from migrate.model.json import Json
from migrate.model.log import GENESIS, Event, sealed
from migrate.model.plan import Gate, Plan, Stage, Step
from migrate.model.target import parse_target
from tests.engine.plans import a_plan, a_step


def events(*records: tuple[str, dict[str, Json]]) -> list[Event]:
    answer, previous = list[Event](), GENESIS
    for number, (kind, data) in enumerate(records):
        answer.append(sealed(number, f"2026-01-01T00:00:{number % 60:02}+00:00", kind, data, previous))
        previous = answer[-1].hash
    return answer


OPENED: tuple[str, dict[str, Json]] = (
    "run.opened",
    {"run": "r", "plan": "p", "digest": "d", "phase": "phase1", "mode": "practice", "who": "ann", "world": "/w"},
)
APPROVED: tuple[str, dict[str, Json]] = ("run.approved", {"stages": ["expand", "cutover", "soak"]})
ABSENT: Json = {"state": "absent"}


def done(step: str, way: str = "forward") -> list[tuple[str, dict[str, Json]]]:
    intent = ("step.intent", dict[str, Json]({"step": step, "way": way, "guard": ""}))
    return [intent, ("step.applied", {"step": step, "way": way, "observed": {"state": "document", "value": {"x": 1}}})]


ONE = a_step("expand.one", "vault:policy/one", "expand")
TWO = replace(a_step("expand.two", "vault:policy/two", "expand"), depends=("expand.one",))
THREE = replace(a_step("contract.three", "postgres:role/three", "contract"), depends=("expand.two",))
PLAN = a_plan(ONE, TWO, THREE)


def following(plan: Plan, run: Run) -> object:
    return Course(plan, there(plan) if run.way == "forward" else back(plan)).next(run)


def test_nothing_is_done_before_somebody_agreed() -> None:
    assert following(PLAN, fold(events(OPENED))) == Consent("expand")


def test_steps_come_in_order_and_an_announced_one_is_settled_first() -> None:
    assert following(PLAN, fold(events(OPENED, APPROVED))) == Do(ONE)
    assert following(PLAN, fold(events(OPENED, APPROVED, *done("expand.one")))) == Do(TWO)
    announced = fold(events(OPENED, APPROVED, *done("expand.one")[:1]))
    assert following(PLAN, announced) == Settle(ONE)


def test_what_settles_as_not_applied_is_done_as_if_never_announced() -> None:
    settled: tuple[str, dict[str, Json]]
    settled = ("step.settled", {"step": "expand.one", "way": "forward", "finding": "not-applied"})
    run = fold(events(OPENED, APPROVED, *done("expand.one")[:1], settled))
    assert following(PLAN, run) == Do(ONE)
    assert not run.wrote


def test_the_contract_stage_needs_a_word_of_its_own() -> None:
    run = fold(events(OPENED, APPROVED, *done("expand.one"), *done("expand.two")))
    assert following(PLAN, run) == Consent("contract")
    again = fold(
        events(OPENED, APPROVED, *done("expand.one"), *done("expand.two"), ("run.approved", {"stages": ["contract"]}))
    )
    assert following(PLAN, again) == Do(THREE)


def test_a_hold_stops_everything_until_it_is_cleared() -> None:
    held: tuple[str, dict[str, Json]] = ("hold.set", {"key": "operator", "by": "bob", "reason": "lunch"})
    run = fold(events(OPENED, APPROVED, held))
    assert isinstance(following(PLAN, run), Wait)
    assert following(PLAN, fold(events(OPENED, APPROVED, held, ("hold.cleared", {})))) == Do(ONE)


def test_the_way_back_is_newest_first_and_only_what_was_done() -> None:
    turned: tuple[str, dict[str, Json]] = ("run.turned", {"way": "back"})
    run = fold(events(OPENED, APPROVED, *done("expand.one"), *done("expand.two"), turned))
    assert following(PLAN, run) == Undo(TWO)
    run = fold(events(OPENED, APPROVED, *done("expand.one"), *done("expand.two"), turned, *done("expand.two", "back")))
    assert following(PLAN, run) == Undo(ONE)


def test_what_could_not_be_taken_back_keeps_what_it_stands_on() -> None:
    turned: tuple[str, dict[str, Json]] = ("run.turned", {"way": "back"})
    kept: tuple[str, dict[str, Json]] = ("step.kept", {"step": "expand.two", "why": "somebody changed it"})
    run = fold(events(OPENED, APPROVED, *done("expand.one"), *done("expand.two"), turned, kept))
    assert following(PLAN, run) == Finished(("expand.two",))
    assert isinstance(run.steps["expand.one"], Done)
    again = fold(events(OPENED, APPROVED, *done("expand.one"), *done("expand.two"), turned, kept, turned))
    assert following(PLAN, again) == Undo(TWO)


@pytest.mark.parametrize(
    ("reason", "by", "following"),
    [
        ({"reason": "right", "following": "grant it: x"}, "a missing right", "grant it: x; then: migrate resume"),
        ({"reason": "refused", "following": "end them, then: migrate resume"}, "what a store refused",
         "end them, then: migrate resume"),
        ({"reason": "refused"}, "what a store refused", "migrate resume"),
        ({"reason": "final"}, "what nothing leads back from", "migrate resume"),
        ({"reason": "theirs"}, "somebody else's changes",
         "settle with whoever changed them what can be; then: migrate resume"),
        ({}, "somebody else's changes", "settle with whoever changed them what can be; then: migrate resume"),
    ],
)  # fmt: skip
def test_what_a_way_back_left_is_held_by_why_it_was_left(reason: dict[str, Json], by: str, following: str) -> None:
    turned: tuple[str, dict[str, Json]] = ("run.turned", {"way": "back"})
    kept: tuple[str, dict[str, Json]] = ("step.kept", {"step": "expand.two", "why": "so it is", **reason})
    run = fold(events(OPENED, APPROVED, *done("expand.one"), *done("expand.two"), turned, kept))
    held = standing(run, PLAN).held
    assert held is not None
    assert (held.by, held.reason, held.next) == (by, "expand.two: so it is", following)
    assert at_rest(PLAN, run)
    assert not at_rest(PLAN, fold(events(OPENED, APPROVED, *done("expand.one"), *done("expand.two"), turned)))


def test_of_several_reasons_a_missing_right_is_named_first() -> None:
    turned: tuple[str, dict[str, Json]] = ("run.turned", {"way": "back"})
    theirs: tuple[str, dict[str, Json]] = ("step.kept", {"step": "expand.two", "why": "a"})
    right: tuple[str, dict[str, Json]]
    right = ("step.kept", {"step": "expand.one", "why": "b", "reason": "right", "following": "grant it: x"})
    run = fold(events(OPENED, APPROVED, *done("expand.one"), *done("expand.two"), turned, theirs, right))
    held = standing(run, PLAN).held
    assert held is not None
    assert held.by == "a missing right and somebody else's changes"
    assert held.next == "grant it: x; settle with whoever changed them what can be; then: migrate resume"


def test_a_gate_on_the_way_back_is_asked_only_before_an_undo_that_is_due() -> None:
    gate = Gate("db.sessions-gone", "back", "expand.one", "no session", "30m", "0s")
    plan = replace(PLAN, gates=(gate,))
    turned: tuple[str, dict[str, Json]] = ("run.turned", {"way": "back"})
    assert following(plan, fold(events(OPENED, APPROVED, turned))) == Finished(())
    assert following(plan, fold(events(OPENED, APPROVED, *done("expand.one"), turned))) == Ask(gate)


def test_pods_are_replaced_after_an_undo_that_they_would_sleep_through() -> None:
    workload = parse_target("cluster:Deployment/apps/app")
    step = replace(ONE, change=replace(ONE.change, replaces=(workload,)))
    plan = a_plan(step)
    turned: tuple[str, dict[str, Json]] = ("run.turned", {"way": "back"})
    undone = [OPENED, APPROVED, *done("expand.one"), turned, *done("expand.one", "back")]
    found = following(plan, fold(events(*undone)))
    assert isinstance(found, Replace)
    assert found.restart.target == workload
    assert found.since == events(*undone)[-1].time
    announced = standing(fold(events(*undone, done(found.restart.id, "back")[0])), plan)
    assert announced.state == "stopped", "a write whose end is not known is not simply open"
    finished = [*undone, *done(found.restart.id, "back")]
    assert following(plan, fold(events(*finished))) == Finished(())


@given(
    st.lists(st.sampled_from([*done("expand.one"), *done("expand.two"), *done("expand.two", "back"), OPENED, APPROVED]))
)
def test_any_journal_can_be_read_and_asking_twice_gives_the_same(records: list[tuple[str, dict[str, Json]]]) -> None:
    run = fold(events(OPENED, *records))
    course = Course(PLAN, there(PLAN))
    assert course.next(run) == course.next(run) == Course(PLAN, there(PLAN)).next(run)
    assert all(not isinstance(one, Undone | Kept) or one.why for one in run.steps.values())


def test_a_long_plan_is_walked_once() -> None:
    steps = tuple(a_step(f"expand.s{number}", f"vault:policy/s{number}", "expand") for number in range(2000))
    plan, run, asked = a_plan(*steps), fold(events(OPENED, APPROVED)), 0
    course = Course(plan, there(plan))
    while isinstance(action := course.next(run), Do):
        asked += 1
        for event in events(*done(action.step.id)):
            run.take(event)
    assert asked == 2000
    assert action == Finished(())


def test_stages_are_entered_in_their_order() -> None:
    stages: tuple[Stage, ...] = ("contract", "expand")
    steps: tuple[Step, ...] = tuple(a_step(f"{stage}.x", f"vault:policy/{stage}", stage) for stage in stages)
    assert [type(stop).__name__ for stop in there(a_plan(*steps))] == ["Enter", "Step", "Enter", "Step"]


def test_gates_of_what_is_done_are_not_asked_where_a_journal_was_rebuilt() -> None:
    gates = tuple(Gate(name, "forward", name, "c", "0s", "0s") for name in ("expand", "expand.two", "contract"))
    plan = a_plan(ONE, TWO, THREE, gates=gates)
    rebuilt = [*done("expand.one"), *done("expand.two")]
    assert following(plan, fold(events(OPENED, APPROVED))) == Ask(gates[0])
    assert following(plan, fold(events(OPENED, APPROVED, *rebuilt[:2]))) == Ask(gates[1])
    assert following(plan, fold(events(OPENED, APPROVED, *rebuilt))) == Ask(gates[2])


def test_a_rebuilt_journal_knows_that_a_step_is_done_and_not_since_when() -> None:
    announced, (kind, data) = done("expand.one")
    rebuilt = fold(events(OPENED, APPROVED, announced, (kind, data | {"found": True})))
    assert rebuilt.found == {"expand.one"}
    again = fold(events(OPENED, APPROVED, announced, (kind, data | {"found": True}), announced, (kind, data)))
    assert again.found == set()


UNTIL = Gate("kv.pinned", "forward", "expand", "as approved", "0s", "0s", until="contract.three")
WATCHED = a_plan(ONE, THREE, gates=(UNTIL,))
_GATE: dict[str, Json] = {"gate": "kv.pinned", "way": "forward"}
PASSED: tuple[str, dict[str, Json]] = ("gate.passed", {**_GATE, "reading": "3"})
WAITS: tuple[str, dict[str, Json]] = ("gate.waiting", {**_GATE, "reading": "4", "settles": "a word"})
WAIVED: tuple[str, dict[str, Json]] = ("gate.waived", {**_GATE, "who": "ann", "reason": "meant"})


def test_what_must_hold_until_a_step_is_asked_again_up_to_there_and_in_no_other_way() -> None:
    begun = (OPENED, APPROVED, PASSED, *done("expand.one"))
    assert again(WATCHED, fold(events(*begun))) == [UNTIL]
    assert again(WATCHED, fold(events(*begun, *done("contract.three")))) == []
    assert again(WATCHED, fold(events(*begun, ("run.turned", {"way": "back"})))) == []
    assert again(WATCHED, fold(events(*begun, ("run.closed", {"state": "done"})))) == []
    assert following(WATCHED, fold(events(*begun, WAITS))) == Ask(UNTIL)
    assert standing(fold(events(*begun, WAITS)), WATCHED).stage == "contract"
    of_another = a_plan(ONE, replace(TWO, unit="apps/other"), THREE, gates=(UNTIL,))
    alone: tuple[str, dict[str, Json]] = ("run.turned", {"way": "forward", "without": ["apps/other"]})
    assert standing(fold(events(*begun, alone)), of_another).stage == "contract"


def test_a_word_covers_what_was_read_when_it_was_given() -> None:
    run = fold(events(OPENED, APPROVED, WAITS, WAIVED))
    assert run.accepted == {("forward", "kv.pinned"): {"4": "meant"}}
    assert again(WATCHED, run) == [UNTIL]
    alone: tuple[str, dict[str, Json]] = ("run.turned", {"way": "forward", "without": ["apps/other"]})
    assert fold(events(OPENED, APPROVED, WAITS, WAIVED, alone)).accepted == run.accepted
    unasked = fold(events(OPENED, APPROVED, WAIVED))
    assert unasked.accepted == {}
    assert again(WATCHED, unasked) == []
