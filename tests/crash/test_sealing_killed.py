"""SIGKILL at boundaries of the commands that seal a column, drop its plaintext, or take it back."""

from __future__ import annotations

import pytest

from migrate.cli.demo import example
from tests.crash.test_killed_anywhere import chosen, understood
from tests.harness.boundaries import Deed
from tests.harness.fixtures import Seated
from tests.harness.journey import Journey, Leg, typed
from tests.harness.operator import SETTINGS, Operator
from tests.harness.truth import disagreements, standing
from tests.phases.test_there_and_back import TRANSIT

_WRITES = "postgres:writes/notes.public.entries.body.body_sealed"
_LEGS = ("expand", "seal", "drop", "back")


@pytest.fixture(scope="module")
def sealing(seated: Seated) -> Journey:
    """The example's column sealed to the end; and taken back from where the application wrote ciphertext alone."""
    one = seated()
    one.begin(example(), SETTINGS + TRANSIT["tazlab"])
    assert one.planned(phase="phase4").code == 0
    before, digest = standing(one), one.digest
    legs = [_gone(one, "expand", "apply", str(one.plan), "--approve", digest)]
    _deploy(one, "both")
    legs.append(_gone(one, "seal", "resume"))
    _deploy(one, "sealed")
    one.keep("sealed")
    legs.append(_gone(one, "drop", "resume", "--approve", digest))
    one.again("sealed")
    assert one.run("rollback").code == 7  # until the application writes the plaintext alone
    _deploy(one, "plain")
    legs.append(_gone(one, "back", "rollback"))
    assert standing(one) == before
    return Journey(one, before, tuple(legs))


def _deploy(one: Operator, writes: str) -> None:
    one.practice("edit", _WRITES, "--set", f"writes={writes}")


def _gone(one: Operator, name: str, *words: str) -> Leg:
    leg, said = typed(one, name, *words)
    assert said.code == (4 if name in {"expand", "seal"} else 0), said.out + said.err
    return leg


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", _LEGS)
def test_killed_at_any_boundary_a_column_is_never_half_sealed(sealing: Journey, name: str) -> None:
    leg = sealing.leg(name)
    for point in chosen(leg):
        sealing.operator.again(leg.kept)
        said = sealing.operator.run(*leg.words, deed=Deed(point))
        assert said.code == -9, said.out + said.err
        told = f"{name}, killed at boundary {point} of {len(leg.points)} ({leg.points[point - 1]})"
        understood(sealing, leg, told, back=name != "drop" and point % 2 == 1)


@pytest.mark.timeout(0)
def test_killed_in_the_drop_the_way_back_ends_and_leaves_the_estate_free(sealing: Journey) -> None:
    one, leg = sealing.operator, sealing.leg("drop")
    for point in chosen(leg):
        one.again(leg.kept)
        assert one.run(*leg.words, deed=Deed(point)).code == -9
        told = f"killed at boundary {point} of {len(leg.points)} ({leg.points[point - 1]})"
        said = one.back()
        if said.code == 0:
            assert standing(one) == sealing.before, told
            continue
        assert said.code == 3, told + said.out + said.err
        if one.status()["state"] == "open":
            assert one.run("resume").code == 0, told
        assert one.status()["state"] == "done", told
        assert disagreements(one) == [], told
