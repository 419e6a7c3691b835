"""Phase 3 as it is planned: whose rules are edited and how, what is refused, and what the agent is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrate.catalog import shelf
from migrate.cli.plan import read_estate
from migrate.model.change import Doc, Irreversible
from migrate.model.errors import Failed, Refused
from migrate.model.json import mapping, sequence
from migrate.model.plan import Plan, Step
from migrate.planning.cases import NothingToDo
from migrate.planning.make import make_plan
from migrate.planning.phases import parse_phase, phase_named
from migrate.planning.prove import apply_diff
from migrate.targets.pki import certificate_name
from tests.planning.estates import DATABASE, GRAFANA, SETTINGS, estate

OURS = "hostssl boards boards-cert all cert"
CNPG = """\
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: main, namespace: data}
spec:
  postgresql:
    pg_hba:
      - host all someone 10.0.0.0/8 md5
      # everybody else
      - host boards +boards 10.0.0.0/8 scram-sha-256
"""
ZALANDO = """\
apiVersion: acid.zalan.do/v1
kind: postgresql
metadata: {name: main, namespace: data}
spec:
  postgresql: {version: "16"}
"""
LISTED = """\
  patroni:
    dynamicConfiguration:
      postgresql:
        pg_hba: ["host other all 0.0.0.0/0 md5", "host all all 10.0.0.0/8 md5"]
"""


def planned(folder: Path, **changed: str | None) -> Plan:
    found = make_plan(read_estate(estate(folder, **changed)), phase_named("phase3"))
    assert isinstance(found, Plan)
    return found


def step(plan: Plan, operation: str) -> Step:
    return next(one for one in plan.steps if one.operation == operation)


def added(plan: Plan) -> list[str]:
    """The lines that the rules gain, and those right after them."""
    (edit,) = step(plan, "admit-certificate").change.files
    return [line for line in edit.diff.splitlines()[3:] if line.strip("+ ")]


def test_a_list_that_was_empty_also_gets_what_the_operator_added_while_it_was(tmp_path: Path) -> None:
    lines = added(planned(tmp_path / "e"))

    assert [line.strip("+ -") for line in lines if line.startswith("+")][-2:] == [OURS, "hostssl all all all md5"]


def test_the_rule_stands_right_above_the_first_that_would_decide(tmp_path: Path) -> None:
    lines = added(planned(tmp_path / "e", database=DATABASE + LISTED))
    assert f'+        pg_hba: ["host other all 0.0.0.0/0 md5", "{OURS}", "host all all 10.0.0.0/8 md5"]' in lines


def test_a_comment_stays_with_the_rule_it_is_about(tmp_path: Path) -> None:
    lines = [line[1:].strip() for line in added(planned(tmp_path / "e", database=CNPG))]
    at = lines.index(f"- {OURS}")
    assert lines[at + 1 : at + 3] == ["# everybody else", "- host boards +boards 10.0.0.0/8 scram-sha-256"]


def test_a_rule_that_is_there_already_makes_no_commit(tmp_path: Path) -> None:
    there = CNPG.replace("- host all someone", f"- {OURS}\n      - host all someone")
    assert not [one for one in planned(tmp_path / "e", database=there).steps if one.operation == "admit-certificate"]


@pytest.mark.parametrize(
    ("database", "why"),
    [
        (ZALANDO, "an only one would replace them all"),
        (DATABASE + "  authentication: {rules: []}\n", "spec.authentication"),
        (DATABASE + LISTED.replace('"host other', '{a: b}, "host other'), "no list of lines"),
        (None, "no database operator's object"),
    ],
)
def test_rules_that_cannot_be_edited_safely_are_left_alone(tmp_path: Path, database: str | None, why: str) -> None:
    with pytest.raises(Refused, match=why) as caught:
        planned(tmp_path / "e", database=database)
    assert "by-hand" in caught.value.following

    settings = SETTINGS + "  hba: by-hand\n"
    plan = planned(tmp_path / "by-hand", database=database, settings=settings)
    assert not [one for one in plan.steps if one.operation == "admit-certificate"]
    (remark,) = (one for one in plan.findings if one.code == "db.hba-cert")
    assert OURS in remark.fix


def test_the_login_has_no_password_and_its_certificate_no_other_name(tmp_path: Path) -> None:
    plan = planned(tmp_path / "e")
    assert step(plan, "certificate-login").change.inputs == ()
    role = step(plan, "pki-role").change
    assert isinstance(role.after, Doc)
    assert mapping(role.after.value)["allowed_domains"] == ["boards-cert"]
    assert isinstance(role.undo, Irreversible)
    assert role.undo.compensates == step(plan, "certificate-login").id
    assert "loaded the list" in role.undo.remains


def test_key_and_certificate_are_of_one_issue_and_read_by_their_owner_only(tmp_path: Path) -> None:
    about = next(dict(gate.about) for gate in planned(tmp_path / "e").gates if gate.id == "pod.dryrun")
    notes = mapping(mapping(json.loads(about["pod"])).get("annotations"))
    issuing = [key for key, text in notes.items() if "pkiCert" in str(text)]
    assert [key.rpartition("-template-")[2] for key in issuing] == ["db-client.pem"]
    assert notes["vault.hashicorp.com/agent-inject-perms-db-client.pem"] == "0400"
    assert not [one for one in planned(tmp_path / "e").findings if one.code == "lease.twice"]
    assert notes["vault.hashicorp.com/template-lease-renewal-threshold"] == "0.6"


def test_the_estate_may_name_another_mount(tmp_path: Path) -> None:
    plan = planned(tmp_path / "e", settings=SETTINGS + "vault: {pki: pki/lab/}\n")
    role = step(plan, "pki-role").change.target
    assert role.path == f"pki/lab/roles/{role.name}"
    assert {value for gate in plan.gates for key, value in gate.about if key == "pki_mount"} == {"pki/lab"}


def test_what_was_moved_is_not_moved_again(tmp_path: Path) -> None:
    shown = GRAFANA.partition("      envValueFrom:\n")[0] + (
        "        GF_DATABASE_CLIENT_CERT_PATH: /vault/secrets/db-client.pem\n"
        "      podAnnotations:\n        vault.hashicorp.com/agent-inject: 'true'\n"
    )
    for phase in ("phase1", "phase3"):
        folder = estate(tmp_path / phase, grafana=shown)
        assert isinstance(make_plan(read_estate(folder), phase_named(phase)), NothingToDo)
    both = estate(tmp_path / "both", grafana=shown + "      envValueFrom:" + GRAFANA.partition("envValueFrom:")[2])
    with pytest.raises(Refused, match="half-migrated"):
        make_plan(read_estate(both), phase_named("phase3"))


def after_phase_1(folder: Path) -> str:
    """The release as phase 1 leaves it."""
    before = make_plan(read_estate(estate(folder)), phase_named("phase1"))
    assert isinstance(before, Plan)
    (edit,) = step(before, "inject-release").change.files
    return apply_diff(GRAFANA.encode(), edit.diff).decode()


def gates(plan: Plan, name: str) -> dict[str, str]:
    """The names that a gate of the plan asks about."""
    return next(dict(gate.about) for gate in plan.gates if gate.id == name)


def test_after_phase_1_the_login_that_vault_rotates_is_the_one_that_is_left(tmp_path: Path) -> None:
    served = after_phase_1(tmp_path / "before")
    plan = planned(tmp_path / "e", grafana=served, secrets=None)

    assert step(plan, "close-login").change.target.name == "boards_vault"
    assert {one.operation for one in plan.steps if one.stage == "contract"} == {"close-login"}
    assert gates(plan, "db.object-owner")["owner"] == "boards"
    assert gates(plan, "rollout.recreate-or-single")["old_login"] == "boards_vault"
    assert gates(plan, "vault.serves.cutover") == gates(plan, "vault.serves.back")
    assert gates(plan, "vault.serves.back")["served_path"] == "database/static-creds/mig-boards"
    assert gates(plan, "vault.serves.back")["served_role"] == "mig-watch-grafana"
    assert not {"kv.value-equal", "eso.serves", "eso.owner", "secret.consumers"} & {gate.id for gate in plan.gates}


def test_after_phase_1_the_pod_keeps_nothing_that_is_about_its_password(tmp_path: Path) -> None:
    served = after_phase_1(tmp_path / "before")
    plan = planned(tmp_path / "e", grafana=served, secrets=None)

    pod = mapping(json.loads(gates(plan, "pod.dryrun")["pod"]))
    assert "db-password" in served
    assert not [name for name in mapping(pod["annotations"]) if name.endswith("db-password")]
    assert mapping(pod["annotations"])["vault.hashicorp.com/role"] == "mig-watch-grafana-cert"
    (pair,) = (one for one in plan.patches if one.step == step(plan, "present-certificate").id)
    assert not [one for one in pair.forward if "extraContainerVolumes" in str(one["path"])]
    assert [str(one).rpartition("/")[2] for one in sequence(pod["unannotate"])] == [
        "agent-inject-command-db-password",
        "agent-inject-perms-db-password",
        "agent-inject-template-db-password",
        "error-on-missing-key-db-password",
    ]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("static-creds", "creds", "not the password of a static role"),
        (
            "      podAnnotations:\n",
            "      podAnnotations:\n        {}agent-inject-secret-more: kv/data/x\n",
            "also writes more",
        ),
        ("      podAnnotations:\n", "      podAnnotations:\n        {}agent-inject-template-x: y\n", "also writes x"),
    ],
)
def test_an_agent_that_does_more_than_phase_1_had_it_do_is_left_alone(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    served = after_phase_1(tmp_path / "before")
    assert old in served
    changed = served.replace(old, new.format("vault.hashicorp.com/"))
    with pytest.raises(Refused, match=why) as caught:
        planned(tmp_path / "e", grafana=changed, secrets=None)
    assert "migrate rollback" in caught.value.following


def test_a_server_without_a_name_is_refused(tmp_path: Path) -> None:
    nameless = GRAFANA.replace("main-primary.data.svc:5432", "${DB_HOST}")
    with pytest.raises(Refused, match="which name"):
        planned(tmp_path / "e", grafana=nameless, settings=SETTINGS + "  hba: by-hand\n")


@pytest.mark.parametrize(("old", "new"), [("outage: 48h", "outage: 72h"), ("life: 168h", "life: 10m")])
def test_a_life_that_an_outage_would_outlast_is_no_phase(old: str, new: str) -> None:
    text = (shelf("phases") / "phase3.yaml").read_text()
    assert old in text
    with pytest.raises(Failed, match=r"outlasts|shorter"):
        parse_phase("phase3", text.replace(old, new).encode())


def test_names_are_what_both_a_host_and_a_login_may_be() -> None:
    assert [certificate_name(one) for one in ("grafana", "My_App.x", "__a__")] == [
        "grafana-cert",
        "my-app-x-cert",
        "a-cert",
    ]
