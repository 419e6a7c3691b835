"""The practice store behaves like the servers it stands for: guards, refusals, lost answers, crashes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from migrate.cli.main import run
from migrate.model.change import Absent, Change, Doc, Exact, Input, inverted
from migrate.model.errors import Refused
from migrate.model.json import Json, mapping
from migrate.model.plan import Plan, Step
from migrate.model.ports import Conflict, Denied, Move, OutcomeUnknown, Secrets, Unreachable, Written
from migrate.model.target import Target, parse_target
from migrate.stores.practice import practice
from migrate.stores.practice.folder import Folder
from migrate.targets.compare import covers
from migrate.world.deeds import COUNTED, SWITCHES
from tests.stores.practice.worlds import GRAFANA, Scene, git, scene


@pytest.fixture
def place(tmp_path: Path) -> Scene:
    return scene(tmp_path)


def step_of(plan: Plan, operation: str) -> Step:
    return next(step for step in plan.steps if step.operation == operation)


def expanded(place: Scene, *operations: str) -> Plan:
    plan = place.plan()
    for step in plan.steps:
        if step.stage == "expand" and (not operations or step.operation in operations):
            assert place.write(step) == Written(), step.id
    return plan


def test_what_was_written_reads_back_as_it_was_wanted(place: Scene) -> None:
    for step in expanded(place).steps:
        if step.stage == "expand":
            seen = place.world.on(step.change.target.store).read(step.change)
            assert covers(step.change.target, seen.state, step.change.after), step.id
            assert seen.mark == "run-1"


def test_the_inverse_leads_back_to_nothing_in_the_other_order(place: Scene) -> None:
    plan = expanded(place)
    for step in reversed([one for one in plan.steps if one.stage == "expand"]):
        assert place.write(step, way="back") == Written(), step.id
        assert place.world.on(step.change.target.store).read(step.change).state == Absent()


def test_a_write_on_what_was_not_seen_is_a_conflict_and_writes_nothing(place: Scene) -> None:
    step = step_of(place.plan(), "vault-policy")
    store = place.world.on("vault")
    seen = store.read(step.change)
    assert place.write(step) == Written()
    before = store.read(step.change)
    move = Move("run-2", "p", "d", step.id, "forward", "", step.change)
    assert isinstance(store.write(move, seen, Secrets()), Conflict)
    assert store.read(step.change) == before


def test_vault_refuses_what_it_refuses(place: Scene) -> None:
    plan = place.plan()
    refused = place.write(step_of(plan, "static-role"))
    assert isinstance(refused, Denied)
    assert "failed to find entry for connection" in refused.why
    refused = place.write(step_of(plan, "database-connection"))
    assert isinstance(refused, Denied)
    assert "password authentication failed" in refused.why
    bare = Change(Target("vault", "auth/nowhere/role", "x"), Absent(), Doc({"bound_subject": "s"}), Exact())
    refused = place.send(bare)
    assert isinstance(refused, Denied)
    assert "no handler for route" in refused.why


def test_postgres_refuses_what_it_refuses(place: Scene) -> None:
    plan = place.plan()
    refused = place.write(step_of(plan, "new-login"))
    assert isinstance(refused, Denied)
    assert 'role "grafana_vault_admin" does not exist' in refused.why
    owner = Target("postgres", "role", "grafana")
    gone = Change(owner, Doc({"login": True}), Absent(), Exact())
    refused = place.send(gone)
    assert isinstance(refused, Denied)
    assert "cannot be dropped because some objects depend on it" in refused.why
    refused = place.send(replace(gone, after=Doc({"login": False})))
    assert isinstance(refused, Denied)
    assert "open sessions" in refused.why


def test_a_connection_to_an_address_that_is_not_there_is_refused(tmp_path: Path) -> None:
    place = scene(tmp_path)
    (place.estate / "migrate.yaml").write_text("database: {address: 'typo.example.test:5432'}\n")
    plan = expanded(place, "vault-login")
    refused = place.write(step_of(plan, "database-connection"))
    assert isinstance(refused, Denied)
    assert "no such host" in refused.why
    assert "migrate practice show" in refused.following


def test_writing_a_static_role_rotates_and_updating_it_does_not(place: Scene) -> None:
    plan = expanded(place)
    target = "vault:database/static-roles/mig-grafana"
    first = place.seen(target)["last_vault_rotation"]
    passwords = {one["password"] for one in _roles(place).values()}
    assert "canary-written-password" not in {_roles(place)["grafana_vault"]["password"]}
    assert place.write(step_of(plan, "longer-rotation")) == Written()
    assert place.seen(target)["last_vault_rotation"] == first
    assert {one["password"] for one in _roles(place).values()} == passwords


def _roles(place: Scene) -> dict[str, dict[str, str]]:
    found = json.loads((place.world.folder.path / "postgres.json").read_bytes())["roles"]
    return dict(found)


def test_deleting_a_static_role_leaves_the_password_that_it_set(place: Scene) -> None:
    plan = expanded(place)
    before = _roles(place)["grafana_vault"]["password"]
    assert place.write(step_of(plan, "static-role"), way="back") == Written()
    assert _roles(place)["grafana_vault"]["password"] == before


def test_a_new_password_for_a_login_of_ours_makes_the_connection_possible(place: Scene) -> None:
    plan = expanded(place, "vault-login")
    login = step_of(plan, "vault-login").change
    again = replace(login, before=login.after, inputs=(Input("password", "again"),))
    assert place.send(again, password="second-password") == Written()
    assert isinstance(place.write(step_of(plan, "database-connection")), Denied)
    assert place.write(step_of(plan, "database-connection"), password="second-password") == Written()


# --- faults ----------------------------------------------------------------------------------------------------------


def practise(place: Scene, *words: str) -> None:
    assert run(["practice", words[0], str(place.world.folder.path), *words[1:]]) == 0


@pytest.mark.parametrize(("fault", "done"), [("lost-answer", True), ("lost-request", False)])
def test_a_lost_answer_leaves_the_outcome_open(place: Scene, fault: str, done: bool) -> None:
    practise(place, "fault", fault, "1")
    step = step_of(place.plan(), "vault-policy")
    assert isinstance(place.write(step), OutcomeUnknown)
    state = place.world.on("vault").read(step.change).state
    assert isinstance(state, Doc) is done
    if not done:
        assert place.write(step) == Written()  # it was one answer only


@pytest.mark.parametrize(
    ("fault", "target"),
    [
        ("vault", "vault:sys/health"),
        ("sealed", "vault:policy/x"),
        ("database", "postgres:server/settings"),
        ("cluster", GRAFANA),
    ],
)
def test_a_server_that_is_down_shows_nothing(place: Scene, fault: str, target: str) -> None:
    practise(place, "fault", fault, "on")
    with pytest.raises(Unreachable):
        place.seen(target)
    practise(place, "fault", fault, "off")
    place.there(target)


def test_a_suspended_flux_leaves_what_is_merged_alone(place: Scene) -> None:
    plan = expanded(place)
    practise(place, "fault", "flux", "on")
    place.merge(step_of(plan, "inject-release"))
    assert not _agents(place)
    practise(place, "fault", "flux", "off")
    place.world.world()
    assert _agents(place)


def _agents(place: Scene) -> list[Json]:
    pods = place.seen(GRAFANA)["pods"]
    assert isinstance(pods, list)
    return [pod for pod in pods if mapping(pod)["agent"]]


def test_pods_hang_in_init_until_somebody_repairs_the_policy(place: Scene) -> None:
    plan = expanded(place)
    practise(
        place, "edit", "vault:policy/mig-monitoring-grafana", "--set", 'policy=path "other" { capabilities = ["read"] }'
    )
    place.merge(step_of(plan, "inject-release"))
    (waiting,) = _agents(place)
    assert "403 permission denied" in str(mapping(waiting)["waiting"])
    assert place.seen(GRAFANA)["ready"] == 1  # the old pod serves on
    after = step_of(plan, "vault-policy").change.after
    assert isinstance(after, Doc)
    practise(place, "edit", "vault:policy/mig-monitoring-grafana", "--set", f"policy={mapping(after.value)['policy']}")
    (pod,) = [mapping(pod) for pod in _agents(place)]
    assert pod["ready"]


def test_the_other_operators_session_keeps_the_old_login_open(place: Scene) -> None:
    plan = expanded(place)
    place.merge(step_of(plan, "inject-release"))
    practise(place, "edit", "postgres:sessions/grafana", "--set", "client=backup-job", "--set", "database=grafana")
    assert place.seen("postgres:sessions/grafana")["clients"] == ["backup-job"]
    assert isinstance(place.write(step_of(plan, "close-login")), Denied)
    practise(place, "edit", "postgres:sessions/grafana", "--remove")
    assert place.write(step_of(plan, "close-login")) == Written()


def test_a_world_that_nobody_looked_at_for_months_is_at_rest_again_at_once(place: Scene) -> None:
    expanded(place)
    place.clock.at = place.clock.at.replace(month=9)
    role = place.seen("vault:database/static-roles/mig-grafana")
    assert str(role["last_vault_rotation"]).startswith("2026-09")


def test_an_agent_that_sleeps_out_a_long_period_serves_a_dead_password_until_its_pod_is_replaced(place: Scene) -> None:
    plan = expanded(place)
    place.merge(step_of(plan, "inject-release"))
    place.world.world()
    assert place.write(step_of(plan, "longer-rotation")) == Written()
    place.world.world()
    shorter = inverted(step_of(plan, "longer-rotation").change)
    assert place.send(shorter, way="back") == Written()
    place.clock.at = place.clock.at.replace(day=9)
    place.world.world()
    (pod,) = [mapping(one) for one in _agents(place)]
    assert not pod["ready"]
    assert "password authentication failed" in str(pod["waiting"])
    practise_restart(place)
    assert [mapping(one)["ready"] for one in _agents(place)] == [True]


def practise_restart(place: Scene) -> None:
    name = parse_target(GRAFANA)
    at = Doc({"restartedAt": place.clock.now().isoformat()})
    assert place.send(Change(name, Absent(), at, Exact())) == Written()


# --- the folder ------------------------------------------------------------------------------------------------------


def test_an_interrupted_save_is_finished_by_whoever_comes_next(place: Scene, tmp_path: Path) -> None:
    folder = Folder(place.world.folder.path)
    with folder.locked():
        world, about = folder.load()
        changed = replace(world, faults={"eso": True})
        parts = {"vault": world.vault, "postgres": world.postgres, "cluster": world.cluster}
        head = {"schema": "migrate.world/v1"} | about
        parts["world"] = head | {"faults": changed.faults, "seed": world.seed, "drawn": world.drawn}
        (folder.path / ".pending.json").write_text(json.dumps(parts))
    with folder.locked():
        again, _ = folder.load()
    assert again.faults == {"eso": True}
    assert not (folder.path / ".pending.json").exists()


def test_two_processes_do_not_lose_each_others_writes(place: Scene) -> None:
    folder = str(place.world.folder.path)
    code = (
        "import sys\nfrom migrate.cli.main import run\n"
        "for number in range(8):\n"
        "    name = f'vault:kv/secret/{sys.argv[2]}-{number}'\n"
        "    assert run(['practice', 'edit', sys.argv[1], name, '--set', 'value=x']) == 0\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, folder, name], stdout=subprocess.DEVNULL) for name in "ab"]
    assert [one.wait() for one in both] == [0, 0]
    kv = json.loads((place.world.folder.path / "vault.json").read_bytes())["kv"]
    assert {f"secret/{name}-{number}" for name in "ab" for number in range(8)} <= kv.keys()


def test_a_branch_that_is_not_here_is_said_with_what_to_do(place: Scene, tmp_path: Path) -> None:
    git(place.estate, "branch", "--move", "main", "other")
    with pytest.raises(Refused) as caught:
        practice(tmp_path / "second", place.estate, "main")
    assert "main" in caught.value.happened
    assert "git" in caught.value.following
    assert not (tmp_path / "second").exists()


def test_a_folder_with_something_else_in_it_is_left_alone(place: Scene, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    with pytest.raises(Refused, match="something else"):
        practice(other, place.estate, "main")
    assert [path.name for path in other.iterdir()] == ["notes.txt"]


def test_a_world_of_another_repository_is_refused(place: Scene, tmp_path: Path) -> None:
    other = scene(tmp_path / "other")
    git(other.estate, "commit", "--quiet", "--allow-empty", "-m", "unlike the first")
    second = practice(tmp_path / "second", other.estate, "main", other.clock.now)
    with pytest.raises(Refused, match="another repository"):
        practice(second.folder.path, place.estate, "main")


def test_another_world_is_another_place(place: Scene, tmp_path: Path) -> None:
    second = practice(tmp_path / "second", place.estate, "main", place.clock.now)
    mine, theirs = place.world.places(), second.places()
    assert all(mine[name] != theirs[name] for name in ("vault", "postgres", "cluster", "world"))
    assert place.world.on("vault").identity() == mine["vault"]


def test_the_documentation_names_every_fault() -> None:
    text = (Path(__file__).parents[3] / "docs/practice.md").read_text()
    assert not [name for name in SWITCHES | COUNTED if f"`{name}" not in text]
