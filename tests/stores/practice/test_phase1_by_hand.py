"""Phase 1 in a practice world, step by step, forward and back, with every gate asked where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.checks.answer import Fail, Inconclusive, Pass
from migrate.model.change import Absent, Change, Doc, Irreversible
from migrate.model.json import mapping, sequence
from migrate.model.plan import END, STAGES, Gate, Plan, Step
from migrate.model.ports import Written
from migrate.model.target import Target
from migrate.planning.phases import Credential
from migrate.stores.practice.hands import set_fault
from tests.estate.trees import FIRST_USER
from tests.stores.practice.worlds import GRAFANA, Scene, scene


def walk(place: Scene, plan: Plan) -> list[str]:
    """Everything forward. Returns the gates that did not pass."""
    held = []
    for stage in STAGES:
        held += _gates(place, plan, stage)
        for step in (one for one in plan.steps if one.stage == stage):
            held += _gates(place, plan, step.id)
            take(place, step)
    return held + _gates(place, plan, END)


def take(place: Scene, step: Step) -> None:
    if step.change.target.store == "git":
        place.merge(step)
    else:
        assert place.write(step) == Written()


def _gates(place: Scene, plan: Plan, before: str) -> list[str]:
    return [
        f"{gate.id}: {answer}"
        for gate in plan.gates
        if gate.before == before and gate.way == "forward"
        if not isinstance(answer := _asked(place, gate), Pass)
    ]


def _asked(place: Scene, gate: Gate) -> Pass | Fail | Inconclusive:
    place.world.world()  # somebody looked before: rollouts and rotations had their time
    return place.ask(gate)


def test_every_gate_of_the_static_plan_passes_where_it_stands(tmp_path: Path) -> None:
    place = scene(tmp_path)
    assert walk(place, place.plan()) == []
    assert not place.there("cluster:ExternalSecret/monitoring/lab-db-pguser-grafana")
    assert place.seen("cluster:Secret/monitoring/lab-db-pguser-grafana")["owners"] == []
    assert place.seen("postgres:role/grafana")["login"] is False
    (pod,) = sequence(place.seen(GRAFANA)["pods"])
    assert mapping(pod)["ready"] is True
    assert mapping(pod)["agent"] is True


def test_with_an_old_eso_the_plan_takes_the_owner_off_itself_and_the_secret_stays(tmp_path: Path) -> None:
    place = scene(tmp_path)
    plan = place.plan()
    set_fault(place.world.folder.path, "old-eso", "on")
    assert walk(place, plan) == []
    assert not place.there("cluster:ExternalSecret/monitoring/lab-db-pguser-grafana")
    assert place.seen("cluster:Secret/monitoring/lab-db-pguser-grafana")["owners"] == []


def test_the_owner_is_put_back_only_where_it_lives(tmp_path: Path) -> None:
    place = scene(tmp_path)
    plan = place.plan()
    walk(place, plan)
    disown, removal = (next(one for one in plan.steps if one.operation == name) for name in _RETIRING)
    assert place.write(disown, way="back") == Written()
    assert place.seen("cluster:Secret/monitoring/lab-db-pguser-grafana")["owners"] == []
    place.merge(removal, way="back")
    assert place.write(disown, way="back") == Written()
    (owner,) = sequence(place.seen("cluster:Secret/monitoring/lab-db-pguser-grafana")["owners"])
    assert mapping(owner)["name"] == "lab-db-pguser-grafana"


_RETIRING = ("disown-secret", "remove-external-secret")


def test_every_gate_of_the_dynamic_plan_passes_where_it_stands(tmp_path: Path) -> None:
    place = scene(tmp_path)
    assert walk(place, place.plan("dynamic")) == []


@pytest.mark.parametrize("credential", ["static", "dynamic"])
def test_taken_back_the_workload_is_on_its_old_login_and_nothing_of_ours_is_left(
    tmp_path: Path, credential: Credential
) -> None:
    place = scene(tmp_path)
    plan = place.plan(credential)
    walk(place, plan)
    back = {
        gate.before: [one for one in plan.gates if one.before == gate.before and one.way == "back"]
        for gate in plan.gates
    }
    for step in reversed(plan.steps):
        for gate in back.get(step.id, []):
            assert isinstance(_asked(place, gate), Pass), gate.id
        if step.change.target.store == "git":
            place.merge(step, way="back")
        else:
            assert place.write(step, way="back") == Written(), step.id
        for target in step.change.replaces:
            restart(place, target.name)
    assert not any(place.there(str(step.change.target)) for step in plan.steps if step.stage == "expand")
    assert place.seen("postgres:sessions/grafana")["count"] == 1
    assert place.seen("postgres:role/grafana")["login"] is True
    secret = place.seen("cluster:Secret/monitoring/lab-db-pguser-grafana")
    assert [mapping(one)["kind"] for one in sequence(secret["owners"])] == ["ExternalSecret"]


def restart(place: Scene, name: str) -> None:
    at = place.clock.now().isoformat()
    target = Target("cluster", "Deployment", name)
    assert place.send(Change(target, Absent(), Doc({"restartedAt": at}), Irreversible("restarted", None))) == Written()


@pytest.mark.estate
@pytest.mark.skipif(not FIRST_USER.is_dir(), reason="the estates that lie beside the project are absent")
def test_the_first_users_estate_can_be_practised_too(tmp_path: Path) -> None:
    place = scene(tmp_path, source=FIRST_USER, branch="master")
    assert walk(place, place.plan()) == []
    assert place.seen("cluster:Secret/monitoring/tazlab-db-pguser-grafana")["owners"] == []


def test_a_shared_account_that_the_chart_made_survives_the_cutover(tmp_path: Path) -> None:
    place = scene(tmp_path)
    release = place.estate / "infrastructure/monitoring/prometheus-stack.yaml"
    release.write_text(
        release.read_text().replace("    grafana:\n", "    grafana:\n      serviceAccount: {name: shared}\n", 1)
    )
    (place.estate / "infrastructure/monitoring/job.yaml").write_text(_NEIGHBOUR)
    listing = place.estate / "infrastructure/monitoring/kustomization.yaml"
    listing.write_text(listing.read_text() + "  - job.yaml\n")
    place.commit("a neighbour with the same account")
    plan = place.plan()
    assert [step.stage for step in plan.steps if step.operation == "keep-service-account"] == ["expand"]
    assert walk(place, plan) == []
    assert place.there("cluster:ServiceAccount/monitoring/shared")
    assert place.seen("cluster:Deployment/monitoring/neighbour")["ready"] == 1


_NEIGHBOUR = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: neighbour, namespace: monitoring}
spec:
  template:
    spec:
      serviceAccountName: shared
      containers: [{name: app, image: registry.example.test/app:1}]
"""
