"""SIGKILL at boundaries of the commands that rotate a key, rewrap its rows, retire older versions, or take that back.

Kills between and within the batches of a real table: tests/contract/test_sealed_columns.py.
"""

from __future__ import annotations

import json

import pytest

from tests.crash.conftest import counted
from tests.crash.test_killed_anywhere import KILLED, chosen
from tests.harness.boundaries import Deed
from tests.harness.fixtures import Seated
from tests.harness.journey import Journey, Leg, finished
from tests.harness.operator import Operator
from tests.harness.truth import disagreements, leaks, misdescribed, secrets, standing, unsafe
from tests.phases.test_rotated_key import ciphertexts, key, rotated, sealed


@pytest.fixture(scope="module")
def rotation(seated: Seated) -> Journey:
    """A key rotated to version 2 and its older version retired; and that taken back."""
    one = rotated(sealed(seated))
    before, legs = standing(one), list[Leg]()
    for name, words in {
        "rotate": ("apply", str(one.plan), "--approve", one.digest),
        "retire": ("resume", "--approve", one.digest),
        "lower": ("rollback",),
    }.items():
        one.keep(name)
        said = one.run(*words)
        assert said.code == (4 if name == "rotate" else 0), said.out + said.err
        legs.append(Leg(name, words, name, said.points, back=name == "lower", code=said.code))
    return Journey(one, before, tuple(legs))


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", ["rotate", "retire", "lower"])
def test_killed_at_any_boundary_a_key_is_rotated_once_and_every_row_opens(rotation: Journey, name: str) -> None:
    one, leg = rotation.operator, rotation.leg(name)
    for point in chosen(leg):
        one.again(leg.kept)
        assert one.run(*leg.words, deed=Deed(point)).code == KILLED
        counted(name)
        told = f"{name}, killed at boundary {point} of {len(leg.points)} ({leg.points[point - 1]})"
        _understood(one, told)
        back = leg.back or point % 2 == 1
        said = finished(one, back=back)
        assert said.code == 0, f"{told}: {said.out}{said.err}"
        _understood(one, told)
        _opens(one, told)
        assert key(one)["latest_version"] <= 2, told
        assert key(one)["min_decryption_version"] == (1 if back else 2), told
        assert one.status()["state"] == ("rolled-back" if back else "done"), told


def _understood(one: Operator, told: str) -> None:
    assert misdescribed(one) == [], told
    assert disagreements(one) == [], told
    assert unsafe(one) == [], told
    assert leaks(one, secrets(one)) == [], told


def _opens(one: Operator, told: str) -> None:
    """No row bears a version below the least one that decrypts."""
    least = key(one)["min_decryption_version"]
    assert all(int(text.split(":")[1][1:]) >= least for text in ciphertexts(one)), json.dumps([told, least])
