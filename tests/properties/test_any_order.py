"""Plan, apply, crash, somebody else's edits, holds, waivers, merges and rollback in any order."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from migrate.cli.demo import example
from migrate.engine.fold import Pending
from tests.harness.boundaries import Deed
from tests.harness.fixtures import Seated
from tests.harness.journey import Journey
from tests.harness.operator import Operator, Said
from tests.harness.truth import disagreements, here, leaks, misdescribed, secrets, unsafe

CRASH = st.one_of(st.none(), st.integers(1, 200))
ENDINGS = {0, 1, 3, 4, 6, 7, -9}
"""A typed command ends in one of these here; 70 would be a fault in the tool."""

Edit = tuple[str, str, str]
"""Target, field and value of somebody else's edit."""


@dataclass(frozen=True)
class Scene:
    """What is moved tonight, and where somebody else works. `alone`: of several workloads the one taken back alone."""

    plan: tuple[str, ...]
    phase: str
    file: str
    theirs: tuple[Edit, ...]
    alone: str = ""


def _on(name: str) -> tuple[Edit, ...]:
    """What somebody may do to the policy and the role of a workload, and beside them."""
    return (
        ("vault:policy/theirs", "policy", 'path "x" { capabilities = ["read"] }'),
        (f"vault:policy/{name}", "policy", 'path "theirs" { capabilities = ["read"] }'),
        (f"vault:auth/jwt/role/{name}", "token_max_ttl", "7201"),
        ("postgres:role/theirs", "createrole", "true"),
    )


ONE, OTHER = "auth/oauth2-proxy", "dex/dex"
LOGIN = Scene(
    (),
    "phase1",
    "infrastructure/monitoring/prometheus-stack.yaml",
    (
        *_on("mig-monitoring-grafana"),
        ("postgres:role/grafana_vault", "createrole", "true"),
        ("postgres:role/grafana", "createrole", "true"),
    ),
)
TWO = Scene(
    ("--only", ONE, "--only", OTHER), "phase2", "infrastructure/instances/dex/deployment.yaml", _on("mig-dex-dex"), ONE
)


class Night(RuleBasedStateMachine):
    """One estate, one operator, and somebody else."""

    def __init__(self, one: Operator, scene: Scene) -> None:
        super().__init__()
        one.again("apply")
        self.one, self.scene, self.edits, self.lines = one, scene, dict[tuple[str, str], str](), 0

    # --- the operator ---

    @rule(crash=CRASH)
    def apply(self, crash: int | None) -> None:
        self._ended(self.one.apply(deed=Deed(crash) if crash else None))

    @rule(crash=CRASH)
    def resume(self, crash: int | None) -> None:
        words = ("resume", "--approve", self.one.digest)
        self._ended(self.one.run(*words, deed=Deed(crash) if crash else None))

    @rule(crash=CRASH)
    def rollback(self, crash: int | None) -> None:
        self._ended(self.one.run("rollback", deed=Deed(crash) if crash else None))

    @precondition(lambda self: self.scene.alone)
    @rule(crash=CRASH)
    def rollback_alone(self, crash: int | None) -> None:
        words = ("rollback", "--only", self.scene.alone)
        self._ended(self.one.run(*words, deed=Deed(crash) if crash else None))

    @rule()
    def merge(self) -> None:
        self.one.merge()

    @rule()
    def plan_again(self) -> None:
        _, known = here(self.one)
        if known is None or known.run.ended is not None:
            self._ended(self.one.planned(*self.scene.plan, phase=self.scene.phase))

    @rule()
    def hold(self) -> None:
        self._ended(self.one.run("hold", "set", "lunch"))

    @rule()
    def let_go(self) -> None:
        self._ended(self.one.run("hold", "clear"))

    @rule()
    def waive(self) -> None:
        _, known = here(self.one)
        if known is None:
            return
        waits = [
            gate for (way, gate), one in known.run.gates.items() if way == known.run.way and isinstance(one, Pending)
        ]
        for gate in waits[-1:]:
            self._ended(self.one.run("resume", "--waive", gate, "--reason", "hurry"))

    # --- somebody else ---

    @rule(number=st.integers(0, 11))
    def edit(self, number: int) -> None:
        target, field, value = self.scene.theirs[number % len(self.scene.theirs)]
        if target.endswith("theirs") or _field(self.one, target) is not None:
            self.one.practice("edit", target, "--set", f"{field}={value}")
            self.edits[target, field] = value

    @precondition(lambda self: self.lines < 3)
    @rule()
    def edit_the_values(self) -> None:
        self.lines += 1
        path = self.one.estate / self.scene.file
        path.write_text(path.read_text() + f"# theirs {self.lines}\n")
        self.one.git("commit", "--quiet", "--message", "theirs", "--", self.scene.file)

    # --- what always holds ---

    @invariant()
    def what_it_believes_is_so(self) -> None:
        touched = {target for target, _ in self.edits}
        wrong = [text for text in disagreements(self.one) if not _about(self.one, text, touched)]
        assert wrong == []
        assert misdescribed(self.one) == []

    @invariant()
    def somebody_elses_work_is_there(self) -> None:
        for (target, field), value in self.edits.items():
            found = _field(self.one, target)
            assert found is not None, f"{target} is gone, with somebody's {field}"
            assert str(found.get(field)).lower() == value.lower(), f"{target}: {field}"
        text = self.one.git("show", f"main:{self.scene.file}")
        assert all(f"# theirs {number}" in text for number in range(1, self.lines + 1))

    @invariant()
    def it_serves_and_the_old_way_is_open(self) -> None:
        assert unsafe(self.one) == []

    def teardown(self) -> None:
        """Whatever happened: back as far as it is still ours, and no secret anywhere."""
        self.one.run("hold", "clear")
        if self.one.status():
            said = self.one.back_as_far_as_it_goes()
            assert said.code == 0 or self.edits, said.out + said.err
            assert said.code in {0, 7}, said.out + said.err
            self.what_it_believes_is_so()
            self.somebody_elses_work_is_there()
        assert leaks(self.one, secrets(self.one)) == []

    def _ended(self, said: Said) -> None:
        assert said.code in ENDINGS, f"{said.arguments}: {said.code} {said.out}{said.err}"


def _field(one: Operator, target: str) -> dict[str, Any] | None:
    """What the world holds of a target."""
    store, _, rest = target.partition(":")
    vault, postgres = (json.loads((one.world / f"{name}.json").read_bytes()) for name in ("vault", "postgres"))
    if store == "postgres":
        found = postgres["roles"].get(rest.partition("/")[2])
    else:
        found = next((vault["paths"][path] for path in vault["paths"] if path.endswith(rest)), None)
    return found["state"] if found else None


def _about(one: Operator, text: str, targets: set[str]) -> bool:
    """Whether a disagreement is about something that somebody else edited."""
    _, known = here(one)
    assert known is not None
    step = known.loaded.plan.step(text.partition(":")[0])
    return step is not None and (str(step.change.target) in targets or bool(step.change.files))


@pytest.mark.timeout(0)
def test_any_order_of_commands_crashes_and_other_peoples_edits(journey: Journey) -> None:
    a_night_of(journey.operator, LOGIN, examples=3)


@pytest.mark.timeout(0)
def test_any_order_with_two_workloads_of_which_one_may_go_back_alone(seated: Seated) -> None:
    one = seated()
    one.begin(example())
    assert one.planned(*TWO.plan, phase=TWO.phase).code == 0
    one.keep("apply")
    a_night_of(one, TWO, examples=1)


def a_night_of(one: Operator, scene: Scene, *, examples: int) -> None:
    class Tonight(Night):
        def __init__(self) -> None:
            super().__init__(one, scene)

    asked = os.environ.get("MIGRATE_PROOF", str(examples))
    run_state_machine_as_test(
        Tonight,
        settings=settings(
            max_examples=60 if asked == "all" else int(asked),
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
