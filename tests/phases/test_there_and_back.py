"""plan -> apply -> rollback (every byte as before) -> plan -> apply -> complete -> rollback, for every phase there is.

But for a rotation, which needs a column that is sealed: tests/phases/test_rotated_key.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from migrate.planning.phases import LoginSelect, RotationSelect, all_phases
from tests.harness.fixtures import Seated
from tests.harness.operator import SETTINGS, Operator
from tests.harness.truth import disagreements, leaks, misdescribed, secrets, standing, unsafe

ROOT = Path(__file__).parents[2]
ESTATES = [ROOT / "examples/tazlab", *sorted((ROOT / "examples/more").iterdir()), ROOT / "../shared/estates/tazlab-k8s"]
_COLUMN = "{{database: notes, table: public.entries, column: body, workload: {}}}"
TRANSIT = {"tazlab": f"transit: {{columns: [{_COLUMN.format('apps/memo')}]}}\n"}
CASES = [
    (phase.name, credential)
    for phase in all_phases()
    if not isinstance(phase.select, RotationSelect)
    for credential in (("static", "dynamic") if isinstance(phase.select, LoginSelect) else ("static",))
]
_SEVERAL = re.compile(r"releases fit this phase: (.+)")


@pytest.mark.parametrize(("phase", "credential"), CASES)
@pytest.mark.parametrize("estate", [path for path in ESTATES if path.name != "README.md"], ids=lambda path: path.name)
@pytest.mark.timeout(900)
def test_a_phase_goes_there_and_back_and_there(seated: Seated, estate: Path, phase: str, credential: str) -> None:
    if not estate.exists():
        pytest.skip(f"{estate.name} is not beside the project")
    one = seated()
    one.begin(estate, SETTINGS + TRANSIT.get(estate.name, ""))
    words = ("--credential", credential)
    said = one.planned(*words, phase=phase)
    several = _SEVERAL.search(said.err)
    if said.code != 0 and several is None:
        assert "not done:" in said.err
        assert estate.name != "tazlab", said.err
        pytest.skip(said.err.splitlines()[0])
    if "nothing to do" in said.out:
        pytest.skip(said.out.splitlines()[0])
    if several is None and phase == "phase2" and "no release of the injector" in one.plan.read_text():
        pytest.skip(f"{estate.name} has no injector: gate webhook.present stops the plan there")
    if several is None:
        _there_and_back(one, phase, words)
        return
    for workload in several[1].split(", "):
        another = seated()
        another.begin(estate, SETTINGS + TRANSIT.get(estate.name, ""))
        named = (*words, "--workload", workload)
        if (said := another.planned(*named, phase=phase)).code != 0:
            pytest.skip(said.err.splitlines()[0])
        _there_and_back(another, phase, named)


def _there_and_back(one: Operator, phase: str, words: tuple[str, ...]) -> None:
    _plan(one, phase, words)
    before = standing(one)
    _applied(one)
    _healthy(one)
    said = one.back()
    assert said.code == 0, said.out + said.err
    _healthy(one)
    assert standing(one) == before
    _plan(one, phase, words)
    _applied(one)
    one.merge()
    said = one.forward()
    assert said.code == 0, said.out + said.err
    _healthy(one)
    assert one.run("verify").code == 0
    said = one.run("rollback")
    if said.code == 3:
        assert "ciphertext only" in said.err
    else:
        one.merge()
        assert one.back().code == 0
        _healthy(one)
        assert standing(one) == before
    assert leaks(one, secrets(one)) == []


def _applied(one: Operator) -> None:
    """Up to the commit that must be merged."""
    said = one.apply()
    if "held by db.login" in said.out:  # reading a dynamic path makes a login, so nobody looks: the gate says so
        said = one.run("resume", "--waive", "db.login", "--reason", "db.revoke-cycle has shown a login that works")
    assert said.code == 4
    assert "is not merged yet" in said.out or "deploy the version" in said.out


def _plan(one: Operator, phase: str, words: tuple[str, ...]) -> None:
    said = one.planned(*words, phase=phase)
    assert said.code == 0, said.err


def _healthy(one: Operator) -> None:
    assert disagreements(one) == []
    assert misdescribed(one) == []
    assert unsafe(one) == []
