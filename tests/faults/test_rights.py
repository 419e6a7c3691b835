"""Of the tool's own policies nothing is superfluous: whatever they grant, a way there and back was seen to use.

By Vault's own audit: the lab's, which is gone with it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.cases import CASES, PHASE3, Case
from tests.faults.conftest import TOLD
from tests.faults.used import Deed, unused, used
from tests.faults.walk import Walk, walking
from tests.labworld import Lab

pytestmark = [pytest.mark.lab(level="control"), pytest.mark.timeout(1800), pytest.mark.proof]

LOOKS = (
    ("doctor", "--live", "--phase"),
    ("policies", "check", "--live"),
    ("verify",),
    ("plan", "phase1", "--credential", "dynamic", "--live", "-o"),
)
"""What is done with the token for planning besides the plan: the phase, or a file, comes at the end."""


def test_every_right_of_the_two_policies_is_used(
    world: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log, planned, counted = world.world.data("vault-audit.log"), set[Deed](), 0
    for case in (*CASES, PHASE3):
        folder, since = tmp_path / case.phase, log.stat().st_size
        folder.mkdir()
        walk = walking(world, case, folder, capsys, monkeypatch)
        walk.begin()
        may_run, may_plan = (_text(world, f"migrate-{name}") for name in ("apply", "plan"))
        walk.forward(case.far[0])
        _look(walk, case)
        walk.back()
        assert unused(may_run, used(log, since, "migrate-apply")) == set(), case
        planned |= used(log, since, "migrate-plan")
        counted += may_run.count("capabilities = ")
    left = unused(may_plan, planned)
    assert {one for one in left if not _shows_versions(one)} == set()
    assert any(_shows_versions(one) for one in planned), "one of the estate's secrets stands for them all"
    TOLD.append(f"rights: {counted} rules for runs and {may_plan.count('capabilities = ')} for plans, each used")


def _text(world: Lab, policy: str) -> str:
    return str(world.vault.ask("GET", f"/v1/sys/policies/acl/{policy}")["data"]["policy"])


def _look(walk: Walk, case: Case) -> None:
    """With the token for planning again, and then with that of the run."""
    runs = walk.operator.token.read_text()
    walk.bear("migrate-plan", "policies", "show", "plan")
    last: dict[str, Callable[[], str]] = {"--phase": lambda: case.phase, "-o": lambda: str(walk.folder / "dynamic")}
    for words in LOOKS:
        more = (last[words[-1]](),) if words[-1] in last else ()
        assert walk.operator.type(*words, *more) in {0, 1, 3}, walk.operator.said()
    walk.operator.token.write_text(runs)


def _shows_versions(deed: Deed) -> bool:
    return "/metadata/" in deed[0]
