"""Somebody else at the same time: another operator, a hold, a broken lock, a signal. No test waits for a moment:
the other command runs, from start to end, while the first stands at a chosen boundary.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.harness.boundaries import Deed
from tests.harness.journey import Journey, Leg, finished
from tests.harness.operator import Said
from tests.harness.truth import disagreements, standing


def middle(leg: Leg, share: float = 0.5) -> int:
    """A record of the journal in the midst of a command: there no other file is held against other processes."""
    least = int(len(leg.points) * share)
    return next(number for number, name in enumerate(leg.points, start=1) if number >= least and name == "write")


def meanwhile(journey: Journey, leg: Leg, *words: str, share: float = 0.5) -> tuple[Said, int, str]:
    """The leg, and a command typed in another terminal while it is at work: how both ended."""
    one = journey.operator
    one.again(leg.kept)
    said = one.root / "said"
    done = one.run(*leg.words, deed=Deed(middle(leg, share), meanwhile=one.elsewhere(*words), said=str(said)))
    text, _, code = said.read_text().rpartition("\n")
    return done, int(code), text


@pytest.mark.parametrize("words", [("resume",), ("rollback",), ("apply", "PLAN", "--approve", "DIGEST")])
def test_of_two_operators_one_wins_and_the_other_is_told_who(journey: Journey, words: tuple[str, ...]) -> None:
    one, leg = journey.operator, journey.leg("orphan")
    one.again(leg.kept)
    typed = [{"PLAN": str(one.plan), "DIGEST": one.digest}.get(word, word) for word in words]
    done, code, text = meanwhile(journey, leg, *typed)
    assert done.code == 4
    assert code == (3 if words[0] == "apply" else 5), text
    assert "is open" in text if words[0] == "apply" else "locked by" in text and "migrate resume" in text
    assert disagreements(one) == []


def test_looking_is_free_while_somebody_is_at_work(journey: Journey) -> None:
    done, code, text = meanwhile(journey, journey.leg("apply"), "status", share=0.6)
    assert (done.code, code) == (4, 0)
    assert "at work now" in text


def test_a_hold_from_another_terminal_stops_the_run_before_its_next_step(journey: Journey) -> None:
    one, leg = journey.operator, journey.leg("apply")
    done, code, _ = meanwhile(journey, leg, "hold", "set", "lunch", share=0.4)
    assert code == 0
    assert done.code == 4
    assert "lunch" in done.out
    held = one.status()
    assert (held["state"], held["held"]["reason"]) == ("held", "lunch")
    assert 0 < held["steps"]["done"] < held["steps"]["total"]
    assert one.run("resume").code == 4, "only a person lets go of what a person holds"
    assert one.run("hold", "clear").code == 0
    assert finished(one, back=False).code == 0


def test_whoever_lost_the_lock_writes_nothing_more(journey: Journey) -> None:
    one, leg = journey.operator, journey.leg("apply")
    one.again(leg.kept)
    script = one.root / "break.sh"
    show, broken = one.elsewhere("lock", "show"), one.elsewhere("lock", "break", "ID", "--reason", "hangs")
    script.write_text(
        f"id=$({_shell(show)} | sed 's/:.*//')\n"
        f"{_shell(broken).replace('ID', '$id', 1)}\n{_shell(one.elsewhere('rollback'))}\n"
    )
    said = one.root / "said"
    deed = Deed(middle(leg, 0.4), meanwhile=("sh", str(script)), said=str(said))
    done = one.run(*leg.words, deed=deed)
    assert "is broken" in said.read_text(), said.read_text()
    assert done.code == 6, done.out + done.err
    assert "lock" in done.err
    assert disagreements(one) == []
    assert finished(one, back=True).code == 0
    assert standing(one) == journey.before


def _shell(words: tuple[str, ...]) -> str:
    import shlex

    return " ".join(word if word == "ID" else shlex.quote(word) for word in words)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("leg", ["apply", "back-expand"])
def test_a_signal_finishes_the_step_and_the_next_command_goes_on(
    journey: Journey, leg: str, number: signal.Signals
) -> None:
    one, chosen = journey.operator, journey.leg(leg)
    one.again(chosen.kept)
    done = one.run(*chosen.words, deed=Deed(middle(chosen), signal=number))
    assert done.code == 130, done.out + done.err
    assert "migrate resume" in done.out
    assert disagreements(one) == []
    assert one.status()["state"] != "stopped", "no write is left open"
    assert finished(one, back=chosen.back).code == 0


def test_a_lock_whose_owner_was_killed_is_free(journey: Journey) -> None:
    one, leg = journey.operator, journey.leg("apply")
    one.again(leg.kept)
    one.run(*leg.words, deed=Deed(middle(leg)))
    said = one.run("lock", "show")
    assert (said.code, said.out) == (0, "nobody holds the lock\n")
    assert Path(one.state).exists()
