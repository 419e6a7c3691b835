"""Every gate that a shipped phase or a plan names is answered by a check that gets the names it needs."""

from __future__ import annotations

from pathlib import Path
from string import Template

import pytest

from migrate.checks.catalogue import CHECKS, check_of
from migrate.model.plan import END
from migrate.planning.phases import Credential, all_phases
from tests.planning.estates import DATABASE, estate, planned


def test_every_gate_of_a_shipped_phase_has_a_check() -> None:
    rules = [(phase.name, rule.id) for phase in all_phases() for rule in phase.gates]
    assert rules
    missing = [(phase, gate) for phase, gate in rules if check_of(Template(gate).safe_substitute(account="x")) is None]
    assert missing == []


@pytest.mark.parametrize("credential", ["static", "dynamic"])
def test_a_gate_carries_exactly_the_names_its_check_needs(tmp_path: Path, credential: Credential) -> None:
    for gate in planned(estate(tmp_path / "e"), credential).gates:
        check = check_of(gate.id)
        assert check is not None
        assert {name for name, _ in gate.about} == set(check.needs), gate.id


def test_a_name_is_a_prefix_only_where_the_check_says_so() -> None:
    assert check_of("auth.login.some-account") is CHECKS["auth.login"]
    assert check_of("db.login.other") is None
    assert check_of("auth.loginx") is None


def test_what_protects_data_or_the_way_back_guards() -> None:
    guarding = {name for name, check in CHECKS.items() if check.guards}
    assert guarding >= {"eso.owner", "kv.value-equal", "eso.serves", "db.static-takeover", "secret.consumers"}
    assert guarding >= {"db.sessions-gone", "db.agent-ttl", "gitops.owner", "db.leases-gone", "secret.copies"}


def test_after_every_commit_the_plan_waits_until_flux_has_applied_it(tmp_path: Path) -> None:
    plan = planned(estate(tmp_path / "e"))
    commits = [step for step in plan.steps if step.change.target.store == "git"]
    gates = {gate.id: gate for gate in plan.gates}
    for step in commits:
        gate = gates[f"gitops.applied.{step.operation}"]
        assert dict(gate.about)["step"] == step.id
        after = [one.id for one in plan.steps[plan.steps.index(step) + 1 :]]
        assert gate.before in {after[0], plan.step(after[0]).stage}  # type: ignore[union-attr]


def test_a_commit_at_the_end_is_waited_for_before_the_run_is_closed(tmp_path: Path) -> None:
    # The operator looks after the old login, so the plan does not close it, and its last step is a commit.
    plan = planned(estate(tmp_path / "e", database=DATABASE.replace("someone", "boards")))
    (gate,) = [one for one in plan.gates if one.id == "gitops.applied.remove-external-secret"]
    assert gate.before == END


def test_on_the_way_back_what_a_commit_rested_on_waits_for_its_revert(tmp_path: Path) -> None:
    plan = planned(estate(tmp_path / "e"))
    back = {gate.id: gate.before for gate in plan.gates if gate.way == "back"}
    assert back["gitops.reverted.inject-release"] == "expand.jwt-role.mig-watch-grafana"
    assert back["gitops.reverted.orphan-external-secret"] == "soak.longer-rotation.mig-boards"
    assert back["db.agent-ttl"] == back["eso.serves"] == "cutover.inject-release.stack"


def test_what_a_stage_took_back_is_merged_before_an_earlier_stage_is_taken_back(tmp_path: Path) -> None:
    plan = planned(estate(tmp_path / "e"), "dynamic")
    back = {gate.id: gate.before for gate in plan.gates if gate.way == "back"}
    assert back["gitops.reverted.orphan-external-secret"] == "cutover.inject-release.stack"


def test_a_soak_of_nothing_makes_the_lived_rotation_wait_for_nothing(tmp_path: Path) -> None:
    settings = "database: {address: 'pg.example:5432'}\nsoak: {cutover: 0s}\n"
    plan = planned(estate(tmp_path / "e", settings=settings))
    assert {gate.soak for gate in plan.gates if gate.id in {"db.rotation-lived", "rollout.recreate-or-single"}} == {
        "0s"
    }
    plan = planned(estate(tmp_path / "f", settings=settings.replace("0s", "6h")))
    assert [gate.soak for gate in plan.gates if gate.id == "db.rotation-lived"] == ["2h"]


def test_a_gate_of_one_workload_among_several_asks_the_same_check() -> None:
    assert check_of("pod.dryrun@watch/stack") is CHECKS["pod.dryrun"]
    assert check_of("auth.login.some-account@watch/stack") is CHECKS["auth.login"]
