"""A journal that was torn, changed, lost or written by a later version: never a wrong belief, always a way forward."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.harness.boundaries import Deed
from tests.harness.journey import Journey, finished
from tests.harness.operator import Operator
from tests.harness.truth import disagreements, standing


def journal(one: Operator) -> Path:
    (found,) = one.state.glob("*/runs/*/journal.jsonl")
    return found


@pytest.fixture
def cut_over(journey: Journey) -> Operator:
    """An operator whose cutover is merged."""
    journey.operator.again("soak")
    return journey.operator


def test_a_torn_last_line_was_never_promised(cut_over: Operator) -> None:
    path = journal(cut_over)
    path.write_bytes(path.read_bytes()[:-20])
    assert disagreements(cut_over) == []
    assert finished(cut_over, back=False).code == 0


def test_every_flipped_byte_is_found_and_recover_goes_on(cut_over: Operator, journey: Journey) -> None:
    path = journal(cut_over)
    whole = path.read_bytes()
    for at in range(7, len(whole) - 2, len(whole) // 5):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        status = cut_over.status()
        assert (status["state"], status["held"]["by"]) == ("stopped", "a damaged journal"), at
        for verb in ("resume", "rollback", "log", "verify"):
            said = cut_over.run(verb)
            assert said.code in {3, 6}, verb
            assert "migrate recover" in said.err, verb
    said = cut_over.run("recover", str(cut_over.plan))
    assert said.code == 0, said.err
    assert disagreements(cut_over) == []
    assert cut_over.back().code == 0
    assert standing(cut_over) == journey.before


def test_a_journal_damaged_before_anything_was_written_does_not_stand_in_the_way_for_ever(journey: Journey) -> None:
    one, leg = journey.operator, journey.leg("apply")
    one.again(leg.kept)
    second = [number for number, name in enumerate(leg.points, start=1) if name == "write"][2]
    assert one.apply(deed=Deed(second)).code == -9
    path = journal(one)
    path.write_bytes(path.read_bytes().replace(b'"phase1"', b'"phase2"', 1))
    assert one.run("resume").code == 6
    said = one.run("recover", str(one.plan))
    assert said.code == 0, said.err
    assert finished(one, back=False).code == 0


def test_a_lost_journal_is_told_and_recover_rebuilds_it(cut_over: Operator, journey: Journey) -> None:
    journal(cut_over).unlink()
    status = cut_over.status()
    assert status["state"] == "stopped"
    assert "migrate recover" in status["held"]["next"]
    said = cut_over.apply()
    assert said.code in {3, 6}
    assert "migrate recover" in said.err
    assert cut_over.run("recover", str(cut_over.plan)).code == 0
    assert disagreements(cut_over) == []
    assert cut_over.back().code == 0
    assert standing(cut_over) == journey.before


def test_a_lost_laptop_is_recovered_from_the_plan_and_the_world(cut_over: Operator, journey: Journey) -> None:
    shutil.rmtree(cut_over.state)
    assert cut_over.run("recover", str(cut_over.plan)).code == 0
    assert disagreements(cut_over) == []
    said = cut_over.run("resume")
    assert said.code == 4, "gates of what is done already are not asked again: pods have sessions by now"
    assert cut_over.back().code == 0
    assert standing(cut_over) == journey.before


def test_a_lost_plan_beside_the_journal_is_told_and_recover_puts_it_back(cut_over: Operator, journey: Journey) -> None:
    (journal(cut_over).parent / "plan.json").unlink()
    assert cut_over.status()["state"] == "stopped"
    said = cut_over.run("resume")
    assert said.code == 6
    assert "migrate recover" in said.err
    assert cut_over.run("recover", str(cut_over.plan)).code == 0
    assert disagreements(cut_over) == []
    assert cut_over.back().code == 0
    assert standing(cut_over) == journey.before


def test_a_newer_journal_is_refused_and_left_as_it_is(cut_over: Operator) -> None:
    path = journal(cut_over)
    path.write_bytes(path.read_bytes().replace(b"migrate.journal/v1", b"migrate.journal/v9"))
    newer = path.read_bytes()
    assert cut_over.status()["state"] == "stopped"
    for words in (("resume",), ("rollback",), ("recover", str(cut_over.plan))):
        said = cut_over.run(*words)
        assert said.code == 3, words
        assert "newer" in said.err, words
    assert path.read_bytes() == newer


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_disk_that_fills_up_never_leaves_a_wrong_belief(journey: Journey, share: float) -> None:
    """Whatever finds no room first: the plan that is kept, a file of the world, or a record of the journal."""
    one = journey.operator
    one.again("soak")
    whole = len(journal(one).read_bytes())
    one.again("apply")
    said = one.apply(largest=max(2000, int(whole * share)))
    assert said.code in {1, 6}, said.out + said.err
    assert "next:" in said.err
    assert disagreements(one) == []
    back = finished(one, back=True)
    if back.code == 1:  # not even the plan was kept: nothing was begun
        assert "there is no run" in back.err
        assert standing(one) == journey.before
        assert one.apply().code == 4
        back = finished(one, back=True)
    assert back.code == 0
    assert json.loads(json.dumps(one.status()))["state"] == "rolled-back"
    assert standing(one) == journey.before
