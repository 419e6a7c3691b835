"""SIGKILL at every boundary of every command, and at random instants: belief is reality, and both ways end well."""

from __future__ import annotations

import random
import time

import pytest

from tests.crash.conftest import counted, wanted
from tests.harness.boundaries import Deed
from tests.harness.journey import NAMES, Journey, Leg, finished
from tests.harness.operator import Operator, Said
from tests.harness.truth import disagreements, leaks, misdescribed, secrets, standing, unsafe

_INSTANTS = 40
KILLED = -9


def chosen(leg: Leg) -> list[int]:
    """Every boundary, or some of them spread over the command."""
    total = len(leg.points)
    return sorted(random.Random(leg.name).sample(range(1, total + 1), wanted(total, otherwise=1)))


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", NAMES)
def test_a_process_killed_at_any_boundary_leaves_what_the_next_one_understands(journey: Journey, name: str) -> None:
    leg = journey.leg(name)
    for point in chosen(leg):
        journey.operator.again(leg.kept)
        said = journey.operator.run(*leg.words, deed=Deed(point))
        assert said.code == KILLED, f"{said.out}{said.err}"
        told = f"{name}, killed at boundary {point} of {len(leg.points)} ({leg.points[point - 1]})"
        understood(journey, leg, told, back=point % 2 == 1)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", ["apply", "orphan", "back"])
def test_a_power_cut_at_any_instant_leaves_what_the_next_one_understands(journey: Journey, name: str) -> None:
    leg, seed = journey.leg(name), random.randrange(2**32)
    journey.operator.again(leg.kept)
    began = time.monotonic()
    journey.operator.run(*leg.words)
    lasts = time.monotonic() - began
    for number in range(wanted(_INSTANTS, otherwise=1)):
        journey.operator.again(leg.kept)
        instant = random.Random(f"{seed}/{number}").uniform(0, lasts)
        journey.operator.run(*leg.words, after=instant, everything=True)
        understood(journey, leg, f"{name}, cut after {instant:.4f} s (seed {seed})", back=number % 2 == 1)


def understood(journey: Journey, leg: Leg, told: str, *, back: bool, name: str = "") -> None:
    """Belief is reality, status says it, nothing is unsafe; then on to the end, and there all is as it must be."""
    one, back = journey.operator, back or leg.back
    counted(name or leg.name)
    as_believed(one, told)
    known = secrets(one)
    said = finished(one, back=back)
    assert said.code == 0, f"{told}: {_shown(said)}"
    assert disagreements(one) == [], told
    assert misdescribed(one) == [], told
    assert one.status()["state"] == ("rolled-back" if back else "done"), told
    if back:
        assert standing(one) == journey.before, told
    assert leaks(one, known | secrets(one)) == [], told


def as_believed(one: Operator, told: str) -> None:
    """What is there is what the journal says, status says the same, and the workloads can live."""
    assert misdescribed(one) == [], told
    assert disagreements(one) == [], told
    assert unsafe(one) == [], told


def _shown(said: Said) -> str:
    return f"{' '.join(said.arguments)} ended with {said.code}: {said.out}{said.err}"
