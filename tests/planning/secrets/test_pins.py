"""Which versions of KV a plan is made with, and what it says where it cannot see them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from migrate.checks.catalogue import CHECKS
from migrate.cli.plan import read_estate
from migrate.grants.reading import read_policy
from migrate.model.change import Absent, Doc, State
from migrate.model.json import Json
from migrate.model.plan import END, Gate, Plan
from migrate.model.target import Target
from migrate.planning.document import plan_json
from migrate.planning.loading import load_plan
from migrate.planning.make import make_plan
from migrate.planning.phases import phase_named
from migrate.planning.rights import apply_policy
from migrate.planning.servers import Servers
from migrate.targets.kv import versions_of
from tests.planning.estates import CREATED
from tests.planning.secrets.estates import KNOWN, container, estate, external, planned, variable, workload

PATH = "kv/data/apps/login/token"
SEEN: Json = {"version": 7, "written": "2026-03-04T10:00:00+00:00"}
TOKEN = variable("CLOUDFLARE_API_TOKEN", "login", "token")


def on_servers(folder: Path, shown: Json) -> Plan:
    """A plan of the estate for servers that show this of the one path's versions."""

    def read(target: Target) -> State:
        if target == versions_of(PATH):
            return Absent() if shown is None else Doc(shown)
        return Doc({"ExternalSecret/login": True}) if target.kind == "SecretOwners" else Absent()

    servers = Servers("live", read, (("vault", "cluster-id"),), "as a test has it")
    plan = make_plan(read_estate(folder), phase_named("phase2"), servers=servers)
    assert isinstance(plan, Plan)
    return plan


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return estate(tmp_path / "e", external("login", "token"), workload(container(KNOWN, env=[TOKEN])))


def gate(plan: Plan) -> Gate | None:
    return next((one for one in plan.gates if one.id == "kv.pinned"), None)


def said(plan: Plan) -> list[str]:
    return [one.text for one in plan.findings if one.code == "kv.pinned"]


def test_a_plan_for_servers_remembers_each_version_up_to_the_contract_stage(folder: Path) -> None:
    plan = on_servers(folder, SEEN)
    pinned = gate(plan)
    assert pinned is not None
    assert json.loads(dict(pinned.about)["pins"]) == {PATH: SEEN}
    assert (pinned.before, pinned.until) == ("expand", "contract.orphan-external-secret.login")
    assert not CHECKS["kv.pinned"].guards
    assert said(plan) == []


def test_a_version_that_came_later_makes_no_plan_stale(folder: Path) -> None:
    assert versions_of(PATH) not in {fact.target for fact in on_servers(folder, SEEN).facts}


def test_a_plan_is_read_back_with_its_pins_and_one_that_has_none_is_too(folder: Path) -> None:
    for plan in (on_servers(folder, SEEN), planned(folder)):
        written = json.dumps(plan_json(plan, "migrate test", CREATED)).encode()
        assert load_plan(written, "p.json").plan.gates == plan.gates


def test_a_plan_from_git_alone_pins_nothing_and_says_so(folder: Path) -> None:
    plan = planned(folder)
    assert gate(plan) is None
    assert [one.settles for one in plan.unknowns if "none is pinned" in one.lacks] == ["a plan made with --live"]


@pytest.mark.parametrize(("shown", "words"), [(None, "there is nothing at"), ({}, "may not see which version")])
def test_what_the_servers_do_not_show_is_not_pinned_and_named(folder: Path, shown: Json, words: str) -> None:
    plan = on_servers(folder, shown)
    assert gate(plan) is None
    (text,) = said(plan)
    assert words in text
    assert PATH in text


def test_a_mount_without_versions_is_named_once(tmp_path: Path) -> None:
    held = container(command=["app"], env=[variable("ONE", "login", "one"), variable("TWO", "login", "two")])
    folder = estate(tmp_path / "e", external("login", "one", "two"), workload(held))
    store = next(path for path in folder.rglob("*.yaml") if "version: v2" in path.read_text())
    store.write_text(store.read_text().replace("version: v2", "version: v1"))
    plan = on_servers(folder, SEEN)
    assert gate(plan) is None
    assert said(plan) == ["kv is KV version 1, which keeps no versions: nothing is pinned there"]


def test_a_version_that_the_tree_names_needs_no_other_pin(tmp_path: Path) -> None:
    named = external("login", "token")
    named["spec"]["data"][0]["remoteRef"]["version"] = "3"
    plan = on_servers(estate(tmp_path / "e", named, workload(container(KNOWN, env=[TOKEN]))), SEEN)
    assert gate(plan) is None
    assert said(plan) == []


def test_a_secret_that_stays_is_pinned_to_the_end(folder: Path) -> None:
    other = workload(container(KNOWN, command=["x"], env=[TOKEN]), name="other")
    (folder / "other.yaml").write_text(json.dumps(other))
    listed = folder / "kustomization.yaml"
    listed.write_text(listed.read_text().rstrip("\n") + "\n  - other.yaml\n")
    plan = on_servers(folder, SEEN)
    pinned = gate(plan)
    assert pinned is not None
    assert pinned.until == END


def test_a_run_may_see_the_versions_that_its_plan_pins_and_no_value_by_that(folder: Path) -> None:
    plan = on_servers(folder, SEEN)
    assert rights(plan)["kv/metadata/apps/login/token"] == {"read"}
    assert PATH not in rights(plan)
    unpinned = replace(plan, gates=tuple(one for one in plan.gates if one.id != "kv.pinned"))
    assert "kv/metadata/apps/login/token" not in rights(unpinned)


def rights(plan: Plan) -> dict[str, frozenset[str]]:
    rules = read_policy("migrate-apply-x", apply_policy(plan, "phase2-0000")).rules
    return {rule.path: frozenset(rule.capabilities) for rule in rules}
