"""Every phase that finds its work by itself, on both estates: there, back to the same bytes, and there again.

A phase that is told its work in `migrate.yaml` is walked in tests/phases.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.cli.demo import example
from migrate.planning.phases import ColumnSelect, LoginSelect, RotationSelect, all_phases
from tests.estate.trees import FIRST_USER
from tests.harness.practising import Operator, content, operator
from tests.stores.practice.test_planning_in_a_world import values

_ABSENT = pytest.mark.skipif(not FIRST_USER.is_dir(), reason="the estates that lie beside the project are absent")
ESTATES = [
    pytest.param(example(), "main", id="example"),
    pytest.param(FIRST_USER, "master", id="first-user", marks=[pytest.mark.estate, _ABSENT]),
]
CASES = [
    (phase.name, credential)
    for phase in all_phases()
    if not isinstance(phase.select, ColumnSelect | RotationSelect)
    for credential in (("static", "dynamic") if isinstance(phase.select, LoginSelect) else ("static",))
]


@pytest.mark.parametrize(("phase", "credential"), CASES)
@pytest.mark.parametrize(("source", "branch"), ESTATES)
def test_there_and_back_and_there_again(
    tmp_path: Path, source: Path, branch: str, phase: str, credential: str, capfd: pytest.CaptureFixture[str]
) -> None:
    who = operator(tmp_path, source, branch)
    before, digest = content(who.estate), who.plan(phase, credential)
    servers = _servers(who)
    who.forward(digest)
    assert content(who.estate) != before
    who.back()
    assert content(who.estate) == before
    assert _servers(who) == servers
    who.forward(who.plan(phase, credential))
    assert who.type("verify") == 0
    _nothing_leaked(who, capfd)


def _servers(who: Operator) -> Any:
    """What stands on the servers but for what moves: no values, no pods, no times."""
    vault = json.loads((who.world / "vault.json").read_bytes())
    roles = json.loads((who.world / "postgres.json").read_bytes())["roles"]
    return vault["paths"], vault["leases"], {name: role["state"] for name, role in roles.items()}


def _nothing_leaked(who: Operator, capfd: pytest.CaptureFixture[str]) -> None:
    """No value of the world is in any plan, journal, script or screen."""
    shown = capfd.readouterr()
    texts = [shown.out, shown.err, who.plan_file.read_text()]
    texts += [path.read_text("utf-8", "replace") for path in (who.folder / "state").rglob("*") if path.is_file()]
    found = list(values(who.world))
    assert len(found) > 10
    assert len(texts) > 5
    assert not [text[:80] for text in texts for value in found if value in text]
