"""What a plan makes of servers that it can see."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.cli.plan import read_estate
from migrate.model.change import Absent, Doc, State
from migrate.model.errors import Refused
from migrate.model.json import Json
from migrate.model.plan import Plan
from migrate.model.target import Target, parse_target
from migrate.planning.make import make_plan
from migrate.planning.phases import phase_named
from migrate.planning.servers import Servers
from migrate.targets.compare import fingerprint
from tests.planning.estates import estate

POLICY = "vault:policy/mig-watch-grafana"
OWNERS = Target("cluster", "SecretOwners", "watch/boards-login")


def seen(folder: Path, there: dict[str, Json] | None = None) -> Plan:
    """A plan of the estate on servers where `there` is what stands (by target)."""
    states = {parse_target(name): Doc(value) for name, value in (there or {}).items()}
    states.setdefault(Target("postgres", "role", "boards"), Doc({"login": True, "createrole": False}))
    states.setdefault(OWNERS, Doc({"ExternalSecret/boards-login": True}))
    servers = Servers(
        "live", lambda target: states.get(target, Absent()), (("vault", "cluster-id"),), "as a test has it"
    )
    plan = make_plan(read_estate(folder), phase_named("phase1"), servers=servers)
    assert isinstance(plan, Plan)
    return plan


def _state(plan: Plan, target: str) -> Json:
    (step,) = [one for one in plan.steps if str(one.change.target) == target and isinstance(one.change.before, Absent)]
    assert isinstance(step.change.after, Doc)
    return step.change.after.value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return estate(tmp_path / "e")


def test_what_is_there_as_wished_makes_no_step(folder: Path) -> None:
    fresh = seen(folder)
    again = seen(folder, {POLICY: _state(fresh, POLICY)})
    gone = {one.id for one in fresh.steps} - {one.id for one in again.steps}
    assert gone == {"expand.vault-policy.mig-watch-grafana"}
    assert not any(gone.intersection(one.depends) for one in again.steps)


def test_what_is_there_otherwise_is_never_written_over(folder: Path) -> None:
    with pytest.raises(Refused) as caught:
        seen(folder, {POLICY: {"policy": 'path "*" { capabilities = ["read"] }'}})
    assert POLICY in caught.value.happened
    assert "migrate baseline" in caught.value.following
    assert "prefix" in caught.value.following


def test_a_password_that_nobody_knows_is_not_planned_with(folder: Path) -> None:
    login = "postgres:role/boards_vault_admin"
    state = _state(seen(folder), login)
    with pytest.raises(Refused, match="which nobody knows"):
        seen(folder, {login: state})


def test_a_login_that_is_not_there_is_not_closed(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e")
    servers = Servers("live", lambda target: Doc({}) if target == OWNERS else Absent(), (), "")
    with pytest.raises(Refused, match="postgres:role/boards is not there"):
        make_plan(read_estate(folder), phase_named("phase1"), servers=servers)


def test_a_secret_that_is_not_there_is_not_planned_with(folder: Path) -> None:
    servers = Servers("live", lambda _: Absent(), (), "")
    with pytest.raises(Refused, match="SecretOwners/watch/boards-login is not there"):
        make_plan(read_estate(folder), phase_named("phase1"), servers=servers)


def test_a_secret_that_belongs_to_nobody_in_the_cluster_is_not_disowned(folder: Path) -> None:
    assert any(one.operation == "disown-secret" for one in seen(folder).steps)
    assert not any(one.operation == "disown-secret" for one in seen(folder, {str(OWNERS): {}}).steps)


def test_a_login_that_is_closed_already_makes_no_step(folder: Path) -> None:
    plan = seen(folder, {"postgres:role/boards": {"login": False}})
    assert not any(one.operation == "close-login" for one in plan.steps)


def test_before_of_an_update_is_what_it_changes_and_no_more(folder: Path) -> None:
    (step,) = [one for one in seen(folder).steps if one.operation == "close-login"]
    assert (step.change.before, step.change.after) == (Doc({"login": True}), Doc({"login": False}))


def test_facts_say_what_was_seen_and_how(folder: Path) -> None:
    plan = seen(folder)
    facts = {str(fact.target): fact for fact in plan.facts}
    assert facts[POLICY].digest == "absent"
    assert facts[POLICY].read == "as a test has it"
    state: State = Doc({"login": True, "createrole": False})
    assert facts["postgres:role/boards"].digest == fingerprint(Target("postgres", "role", "boards"), state)
    assert "cluster:Secret/watch/boards-login" in facts
    assert plan.places == (("vault", "cluster-id"),)


def test_a_secret_that_gets_a_new_value_is_the_same_fact_and_one_that_gets_an_owner_is_not() -> None:
    target = Target("cluster", "Secret", "a/b")
    secret: dict[str, Json] = {"uid": "1", "owners": [], "keys": ["k"], "synced": True}
    assert fingerprint(target, Doc(secret)) == fingerprint(target, Doc(secret | {"synced": False}))
    owned = secret | {"owners": [{"kind": "ExternalSecret", "name": "b", "uid": "2"}]}
    assert fingerprint(target, Doc(secret)) != fingerprint(target, Doc(owned))


def test_a_workload_that_the_cluster_does_not_have_holds_its_plan_up(folder: Path) -> None:
    def absent(plan: Plan) -> list[tuple[str, str]]:
        return [
            (one.severity, one.text.split(" is in Git")[0]) for one in plan.findings if one.code == "plan.not-there"
        ]

    workload, secret = "cluster:Deployment/watch/stack-grafana", "cluster:Secret/watch/boards-login"
    assert absent(seen(folder)) == [("blocks", workload), ("blocks", secret)]
    assert absent(seen(folder, {secret: {}})) == [("blocks", workload)]
    assert absent(seen(folder, {secret: {}, workload: {}})) == []
