"""SIGKILL at boundaries of phase 2 with two workloads in one plan, of one of them taken back alone, and of phase 3, on
its own and where phase 1 came before."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from migrate.cli.demo import example
from tests.crash.conftest import counted, wanted
from tests.crash.test_killed_anywhere import KILLED, as_believed, understood
from tests.harness.boundaries import Deed
from tests.harness.fixtures import Seated
from tests.harness.journey import Journey, Leg, back, finished, there
from tests.harness.truth import standing

ONE, OTHER = "auth/oauth2-proxy", "dex/dex"
PHASES = {"phase2": ("--only", ONE, "--only", OTHER), "phase3": (), "phase3 after phase1": ()}
LATER = pytest.param("phase3 after phase1", marks=pytest.mark.proof)
END = "the end"
BEGINS = [
    pytest.param("there 2", id="merged"),
    pytest.param("there 3", id="cut over", marks=pytest.mark.proof),
    pytest.param(END, id="done", marks=pytest.mark.proof),
]
"""Where the two stand when one of them is taken back: a leg of the whole way, before it is typed."""

Walks = Callable[[str], Journey]


@pytest.fixture(scope="module")
def walks(seated: Seated) -> Walks:
    """A phase to its end, walked once; what came before it was done undisturbed."""

    @cache
    def walked(phase: str) -> Journey:
        one = seated()
        one.begin(example())
        for name in reversed(phase.split(" after ")):
            said = one.planned(*PHASES[phase], phase=name)
            assert said.code == 0, said.err
            if not phase.startswith(name):
                assert one.apply().code == 4
                assert one.forward().code == 0
        walk = Journey(one, standing(one), tuple(there(one)))
        one.keep(END)
        return walk

    return walked


def boundaries(legs: tuple[Leg, ...], otherwise: int) -> Iterator[tuple[Leg, int, str]]:
    """Every boundary of some legs, or a few of all of them, each with its name."""
    every = [(leg, number) for leg in legs for number in range(1, len(leg.points) + 1)]
    for leg, number in random.Random(legs[0].name).sample(every, wanted(len(every), otherwise)):
        yield leg, number, f"{leg.name}, killed at boundary {number} of {len(leg.points)} ({leg.points[number - 1]})"


@pytest.mark.timeout(0)
@pytest.mark.parametrize("backwards", [False, pytest.param(True, marks=pytest.mark.proof)], ids=["there", "back"])
@pytest.mark.parametrize("phase", ["phase2", "phase3", LATER])
def test_killed_anywhere_both_ways_lead_to_an_end(walks: Walks, phase: str, *, backwards: bool) -> None:
    whole = walks(phase)
    whole.operator.again(END)
    legs = tuple(back(whole.operator)) if backwards else whole.legs
    for leg, point, told in boundaries(legs, otherwise=1):
        whole.operator.again(leg.kept)
        assert whole.operator.run(*leg.words, deed=Deed(point)).code == KILLED, told
        understood(whole, leg, told, back=point % 2 == 1, name=f"{phase} {'back' if leg.back else 'there'}")


@pytest.mark.timeout(0)
@pytest.mark.parametrize("begins", BEGINS)
def test_killed_while_one_workload_goes_back_alone_the_other_goes_on(walks: Walks, begins: str) -> None:
    whole = walks("phase2")
    one = whole.operator
    one.again(begins)
    alone = tuple(back(one, "--only", ONE, names=[f"alone {number}" for number in range(1, 9)]))
    for leg, point, told in boundaries(alone, otherwise=1):
        one.again(leg.kept)
        assert one.run(*leg.words, deed=Deed(point)).code == KILLED, told
        counted("rollback --only")
        as_believed(one, told)
        if point % 2 == 1:
            assert finished(one, back=True).code == 0, told
            assert standing(one) == whole.before, told
            continue
        assert list(back(one, "--only", ONE))[-1].code == 0, told
        as_believed(one, told)
        assert finished(one, back=False).code == 0, told
        as_believed(one, told)
        made = json.dumps(standing(one).vault)
        assert "mig-auth-oauth2-proxy" not in made, told
        assert "mig-dex-dex" in made, told
