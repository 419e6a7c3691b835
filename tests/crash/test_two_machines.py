"""The same plan at two machines, neither of which sees the other's lock: one is at work, and stands at a boundary while
the other types its commands. Whoever comes second is told, nothing is unsafe, and each finds its way back.
"""

from __future__ import annotations

import shlex

import pytest

from tests.harness.boundaries import Deed
from tests.harness.journey import Journey
from tests.harness.operator import Operator
from tests.harness.truth import disagreements, misdescribed, standing, unsafe

APPLY, TAKE_OVER = "apply", "recover, and rollback"
_TOLD = ("is stale", "bears the mark of another run")
CASES = [
    pytest.param(APPLY, 0.02, id="before the first write"),
    pytest.param(APPLY, 0.1, id="after the first write", marks=pytest.mark.proof),
    pytest.param(APPLY, 0.5, id="in the midst", marks=pytest.mark.proof),
    pytest.param(TAKE_OVER, 0.02, id="taken over before the first write", marks=pytest.mark.proof),
    pytest.param(TAKE_OVER, 0.1, id="taken over after the first write", marks=pytest.mark.proof),
    pytest.param(TAKE_OVER, 0.5, id="taken over in the midst"),
]


@pytest.mark.parametrize(("does", "share"), CASES)
def test_two_machines_neither_write_over_each_other_nor_leave_anything(
    journey: Journey, does: str, share: float
) -> None:
    one, leg = journey.operator, journey.leg("apply")
    one.again(leg.kept)
    other, script, said = one.beside(), one.root / "other.sh", one.root / "said"
    typed = [leg.words] if does == APPLY else [("recover", str(one.plan)), ("rollback",)]
    script.write_text("\n".join(shlex.join(other.elsewhere(*words)) for words in typed))
    at = next(
        number for number, name in enumerate(leg.points, 1) if number >= share * len(leg.points) and name == "write"
    )

    done = one.run(*leg.words, deed=Deed(at, meanwhile=("sh", str(script)), said=str(said)))

    assert done.code in {4, 6}, done.out + done.err
    told = done.out + done.err + said.read_text()
    if does == APPLY:
        assert any(words in told for words in _TOLD), told
    for machine in (one, other):
        assert unsafe(machine) == [], told
        assert misdescribed(machine) == [], told
    _back(one)
    _back(other)
    assert disagreements(one) == disagreements(other) == []
    assert standing(one) == journey.before


def _back(machine: Operator) -> None:
    """To the end of its way back, where it has begun anything."""
    if machine.status():
        said = machine.back()
        assert said.code == 0, said.out + said.err
