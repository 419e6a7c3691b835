"""What a rehearsal watches, what it proves and what not: rules over a plan and over what was seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migrate.cli.rehearsed import Rehearsal
from migrate.cli.rehearsing.admitting import Admitting
from migrate.cli.rehearsing.cast import cast
from migrate.cli.rehearsing.drill import OUTAGE
from migrate.cli.rehearsing.ground import Ground
from migrate.cli.rehearsing.pods import Workload, selected, workload
from migrate.cli.rehearsing.renewal import Renewal
from migrate.cli.rehearsing.subject import Subject, Watched, expected, subject
from migrate.cli.rehearsing.verdict import Witnessed, verdict
from migrate.lab.levels import Level
from migrate.lab.world import World
from migrate.model.errors import Refused
from migrate.model.json import Json, mapping
from migrate.model.plan import Gate, Plan
from tests.engine.plans import a_plan, a_step

SEEN = Witnessed(({"mark": "done", "wrong": []},), "", 16, 16, (), "v0.16.2", 0, (), 0.0)


def about(**names: str) -> Plan:
    gate = Gate("db.login", "forward", "cutover", "", "1m", "0s", tuple(sorted(names.items())))
    return a_plan(a_step("cutover.one", "vault:policy/one", "cutover"), gates=(gate,))


@pytest.mark.parametrize(
    ("gate", "awaited"),
    [
        ("transit.backups@apps/memo", "backups"),
        ("vault.serves.cutover", "phase 1"),
        ("db.leases-gone", "an hour"),
    ],
)
def test_a_plan_that_waits_for_what_no_lab_has_is_not_rehearsed(gate: str, awaited: str) -> None:
    waiting = Gate(gate, "forward", "cutover", "", "1m", "0s")
    with pytest.raises(Refused, match=awaited) as refused:
        subject(a_plan(a_step("cutover.one", "vault:policy/one", "cutover"), gates=(waiting,)))
    assert "practice has those waits" in refused.value.following


def test_a_database_without_a_name_is_refused_before_anything_is_started() -> None:
    with pytest.raises(Refused, match="number"):
        subject(about(address="10.0.0.5:5432"))
    assert subject(about(address="db.example.test:5432")).address == "db.example.test:5432"


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (replace(SEEN, wanted=17), "other major: PostgreSQL 16 here, 17 in the estate"),
        (replace(SEEN, stopped="the run does not go on"), "the run does not go on"),
        (replace(SEEN, marks=({"mark": "back", "wrong": ["a query failed"]},)), "observer, at back: a query failed"),
    ],
)
def test_it_is_no_pass(seen: Witnessed, why: str) -> None:
    found = verdict(seen)
    assert not found.passed
    assert why in found.wrong


def test_a_pass_names_what_it_does_not_show() -> None:
    found = verdict(replace(SEEN, waived=("gitops.drift",), facts=3, played=("Vault was told 62 seconds",)))
    assert found.passed
    text = "\n".join(found.unproven)
    for part in ("gitops.drift", "3 facts", "62 seconds", "charts", "permissions", "v0.16.2"):
        assert part in text


def test_a_pass_names_what_was_lived_through_and_how_long_an_outage_it_shows() -> None:
    cold: dict[str, Json] = {"absent": {"apps/a": [2.0, 15.5]}, "upAgain": {"apps/a": 1004.5}}
    marks: tuple[dict[str, Json], ...] = tuple(
        {"mark": name, "wrong": [], "pods": 3, **cold} for name in ("outage", "cold start")
    )
    found = verdict(replace(SEEN, marks=marks, answered=1000.0))
    assert [text.partition(":")[0] for text in found.lived] == [
        f"Vault sealed for {OUTAGE} seconds",
        f"every moved pod deleted at once, with Vault sealed for {OUTAGE} seconds",
    ]
    started = "apps/a was out for 15.5 s, no pod of it started before Vault answered, one was up 4.5 s after that"
    assert started in found.lived[1]
    early = verdict(replace(SEEN, marks=marks, answered=1006.0)).lived[1]
    assert "a pod of it was up 1.5 s before Vault answered: it does not wait for its agent" in early
    assert "apps/a" not in verdict(replace(SEEN, marks=marks, answered=2000.0)).lived[1]
    assert f"an outage of Vault of more than {OUTAGE} seconds" in found.unproven
    shaken = verdict(replace(SEEN, marks=({"mark": "outage", "wrong": ["a pod went"]},)))
    assert (shaken.passed, shaken.lived) == (False, ())


def test_a_plan_whose_workloads_get_no_agent_shows_no_outage() -> None:
    found = verdict(SEEN)
    assert (found.passed, found.lived) == (True, ())
    assert any(text.startswith("an outage of Vault and a cold start") for text in found.unproven)


def test_a_job_has_no_pod_that_an_outage_could_take() -> None:
    assert workload("CronJob/apps/nightly") == Workload("CronJob", "apps", "nightly")
    assert not workload("CronJob/apps/nightly").stands
    assert workload("apps/shop") == Workload("Deployment", "apps", "shop")
    assert workload("apps/shop").stands


def test_all_pods_that_are_sent_away_are_those_that_the_workload_selects() -> None:
    assert selected({"matchLabels": {"app": "a", "part": "b"}}) == "app=a,part=b"
    terms = [
        {"key": "tier", "operator": "In", "values": ["x", "y"]},
        {"key": "tier", "operator": "NotIn", "values": ["z"]},
        {"key": "kept", "operator": "Exists"},
        {"key": "gone", "operator": "DoesNotExist"},
    ]
    assert selected({"matchExpressions": terms}) == "tier in (x,y),tier notin (z),kept,!gone"


def test_a_step_that_no_commit_makes_brings_no_agent() -> None:
    (sealed,) = subject(a_plan(replace(a_step("seal", "postgres:column/one", "cutover"), unit="apps/a"))).workloads
    assert not sealed.moves


def test_the_old_login_is_expected_closed_only_where_the_plan_closes_it() -> None:
    one = Subject((Watched("apps/app", "app", ("apps/secret",), (), moves=True),), "new", "old", "", 16, "", "", "", {})
    assert expected(about(), one, "done")["apps/app"] == {
        "agent": True,
        "logins": {"old": True, "new": True},
        "sessions": {"new": True, "old": False},
        "secret": True,
    }
    assert expected(about(), one, "outage")["apps/app"] == {
        **mapping(expected(about(), one, "there")["apps/app"]),
        "pods": "stayed",
        "allGo": True,
    }
    assert mapping(expected(about(), one, "back")["apps/app"])["logins"] == {"old": True, "new": None}
    assert mapping(expected(about(), one, "before")["apps/app"])["sessions"] == {"new": False, "old": True}


def test_where_pods_show_a_certificate_a_client_that_is_nobodys_shows_it_too() -> None:
    names = {"server_name": "db.apps.svc", "database": "shop", "owner": "shop", "new_login": "shop-cert"}
    gate = Gate("db.tls-client", "forward", "cutover", "", "1m", "0s", tuple({**names, "old_login": "shop"}.items()))
    one = subject(a_plan(replace(a_step("cutover.one", "git:file/one.yaml", "cutover"), unit="apps/a"), gates=(gate,)))
    assert (one.host, one.database, one.role) == ("db.apps.svc", "shop", "shop")
    wanted = {mark: mapping(expected(a_plan(), one, mark)["apps/a"])["certificate"] for mark in ("before", "done")}
    assert wanted == {"before": False, "done": True}
    assert "certificate" not in mapping(expected(about(), replace(one, host=""), "there")["apps/a"])


def test_whoever_a_plan_waits_for_has_a_part_and_nobody_else(tmp_path: Path) -> None:
    world = World("r", tmp_path, Level.FULL, "", "10.0.0.1", "10.0.0.2", "", "v0.16.2")
    ground = Ground(world, {}, ())
    step = replace(a_step("expand.role", "vault:pki/roles/one", "expand"), operation="pki-role")
    names = (("database", "shop"), ("new_login", "shop-cert"), ("pki_mount", "pki"))
    gates = tuple(Gate(one, "forward", "contract", "", "1m", "0s", names) for one in ("cert.renewed", "db.hba-cert"))
    by_hand = cast(a_plan(step, gates=gates), ground)
    assert by_hand == (
        Renewal(ground, "pki/roles/one", "shop-cert"),
        Admitting(world, "hostssl shop shop-cert all cert"),
    )
    listed = replace(a_step("expand.hba", "git:Cluster/apps/db", "expand"), operation="admit-certificate")
    assert cast(a_plan(step, listed, gates=gates), ground)[1] == Admitting(world, "")
    assert cast(a_plan(step), ground) == ()


def test_a_column_is_expected_sealed_beside_its_plaintext_and_alone_only_at_the_end() -> None:
    names = {"columns": "notes.public.entries.body.body_sealed", "key": "transit/keys/one", "key_column": "id"}
    gates = [
        Gate(name, "forward", "contract", "", "1m", "0s", tuple(names.items()))
        for name in ("column.writes", "column.compared")
    ]
    plan = a_plan(replace(a_step("seal", "postgres:sealing/one", "cutover"), unit="apps/a"), gates=tuple(gates))
    one = subject(plan)
    assert one.column == names
    seen = [mapping(expected(plan, one, mark)["apps/a"])["column"] for mark in ("before", "there", "back", "done")]
    assert seen == ["plain", "sealed", "plain", "dropped"]
    assert subject(a_plan(gates=tuple(gates[1:]))).column == {}


def test_silences_that_a_plan_waits_for_are_as_short_as_soaks() -> None:
    names = (("quiet", "86400"), ("settled", "604800"), ("table", "public.entries"))
    rehearsal = Rehearsal({}, "", "", "", "", 5)
    (gate,) = rehearsal.played(
        a_plan(gates=(Gate("column.moved", "forward", "contract", "", "1m", "0s", names),))
    ).gates
    assert gate.about == (("quiet", "5"), ("settled", "5"), ("table", "public.entries"))


def test_of_several_workloads_each_is_watched_with_its_own_secrets_and_values() -> None:
    def gates(unit: str, **names: str) -> tuple[Gate, ...]:
        about = tuple(sorted({"deployment": unit, **names}.items()))
        return tuple(
            Gate(f"{name}@{unit}", "forward", "cutover", "", "1m", "0s", about, unit.removeprefix("StatefulSet/"))
            for name in ("policy.capability", "kv.value-equal")
        )

    steps = [replace(a_step(f"cutover.{one}", f"git:file/{one}.yaml", "cutover"), unit=f"apps/{one}") for one in "ab"]
    shop = gates("apps/a", path="secret/data/a\nsecret/data/b", secret="apps/one")
    till = gates("StatefulSet/apps/b", path="secret/data/c", secret="apps/two")
    assert subject(a_plan(*steps, gates=(*shop, *till))).workloads == (
        Watched("apps/a", "", ("apps/one",), ("secret/data/a", "secret/data/b"), moves=True),
        Watched("StatefulSet/apps/b", "", ("apps/two",), ("secret/data/c",), moves=True),
    )
