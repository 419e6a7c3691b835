"""What phase 1's plan holds, from an operator's chair."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from migrate.documents.reader import load_all
from migrate.model.change import Doc, Irreversible
from migrate.model.errors import Failed, Refused
from migrate.model.json import Json, mapping
from migrate.model.plan import Plan, Step
from migrate.planning.cases import NothingToDo
from migrate.planning.export import export
from migrate.planning.phases import Credential
from migrate.planning.prove import apply_diff
from tests.planning.estates import DATABASE, GRAFANA, INJECTOR, SECRETS, STORE, document, estate, outcome, planned

PREFIX = "vault.hashicorp.com/"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return estate(tmp_path / "estate")


def step(plan: Plan, operation: str) -> Step:
    return next(step for step in plan.steps if step.operation == operation)


def codes(plan: Plan) -> set[str]:
    return {remark.code for remark in plan.findings}


def release_after(plan: Plan, folder: Path) -> dict[str, Json]:
    """The Grafana values after the cutover, from the plan's own diff."""
    (edit,) = step(plan, "inject-release").change.files
    data = apply_diff((folder / edit.file).read_bytes(), edit.diff)
    value = load_all(data)[0].value
    for key in ("spec", "values", "grafana"):
        assert isinstance(value, dict)
        value = value[key]
    assert isinstance(value, dict)
    return value


def test_steps_stand_in_the_order_an_operator_expects(folder: Path) -> None:
    plan = planned(folder)
    assert [f"{one.stage}.{one.operation}" for one in plan.steps] == [
        "expand.vault-login",
        "expand.new-login",
        "expand.database-connection",
        "expand.static-role",
        "expand.vault-policy",
        "expand.jwt-role",
        "cutover.inject-release",
        "soak.longer-rotation",
        "contract.orphan-external-secret",
        "contract.disown-secret",
        "contract.remove-external-secret",
        "contract.close-login",
    ]
    assert step(plan, "vault-policy").id == "expand.vault-policy.mig-watch-grafana"


def test_nothing_stands_before_what_it_stands_on(folder: Path) -> None:
    seen = set[str]()
    for one in planned(folder).steps:
        assert seen.issuperset(one.depends)
        seen.add(one.id)


def test_name_and_hba_are_gates_before_the_first_write(folder: Path) -> None:
    plan = planned(folder)
    before_first = {gate.id for gate in plan.gates if gate.before in {"expand", plan.steps[0].id}}
    assert {"db.tls-name", "db.pg-hba"} <= before_first


def test_vaults_route_is_shown_before_anything_is_rotated_through_it(folder: Path) -> None:
    (gate,) = [one for one in planned(folder).gates if one.id == "db.reach-from-vault"]
    assert gate.before == "expand.static-role.mig-boards"


def test_a_private_ca_of_the_database_is_told_to_vault(tmp_path: Path) -> None:
    settings = "database: {address: 'pg.example:5432', ca: ca.crt}\n"
    folder = estate(tmp_path / "e", settings=settings)
    with pytest.raises(Refused, match=r"ca\.crt holds no certificate"):
        planned(folder)
    (folder / "ca.crt").write_text("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n")
    written = step(planned(folder), "database-connection").change.after
    assert isinstance(written, Doc)
    assert "BEGIN CERTIFICATE" in str(mapping(written.value)["tls_ca"])
    (folder / "migrate.yaml").write_text(settings.replace("ca:", "sslmode: require, ca:"))
    written = step(planned(folder), "database-connection").change.after
    assert isinstance(written, Doc)
    assert "tls_ca" not in mapping(written.value)


def test_the_old_password_variable_goes_and_is_never_set_to_null(folder: Path) -> None:
    values = release_after(planned(folder), folder)
    assert "envValueFrom" not in values
    assert values["env"] == {
        "GF_DATABASE_HOST": "main-primary.data.svc:5432",
        "GF_DATABASE_NAME": "boards",
        "GF_DATABASE_USER": "boards_vault",
        "GF_DATABASE_PASSWORD__FILE": "/vault/secrets/db-password",
    }
    assert values["grafana.ini"] == {"database": {"type": "postgres", "name": "boards", "user": "boards_vault"}}


def test_another_reference_of_the_chart_survives(tmp_path: Path) -> None:
    other = "        GF_SMTP_PASSWORD:\n          secretKeyRef: {name: mail, key: password}\n"
    folder = estate(tmp_path / "e", grafana=GRAFANA + other)
    assert release_after(planned(folder), folder)["envValueFrom"] == {
        "GF_SMTP_PASSWORD": {"secretKeyRef": {"name": "mail", "key": "password"}}
    }


def test_every_default_that_bites_is_overridden(folder: Path) -> None:
    annotations = release_after(planned(folder), folder)["podAnnotations"]
    assert isinstance(annotations, dict)
    got = {name.removeprefix(PREFIX): value for name, value in annotations.items()}
    assert got["auth-path"] == "auth/jwt-lab"
    assert got["auth-config-path"].endswith("/token")  # type: ignore[union-attr]
    assert got["auth-config-remove-jwt-after-reading"] == "false"
    assert got["template-config-exit-on-retry-failure"] == "false"
    assert got["agent-revoke-on-shutdown"] == "false"
    assert got["error-on-missing-key-db-password"] == "true"
    assert got["agent-inject-perms-db-password"] == "0400"
    assert got["agent-run-as-user"] == "472"
    assert got["auth-max-backoff"] == "30s"
    assert got["agent-limits-cpu"] == ""
    assert str(got["agent-inject-command-db-password"]).endswith("|| true'")
    assert all(isinstance(value, str) and "${" not in value for value in got.values())


def test_the_token_volume_and_the_role_agree_on_the_audience(folder: Path) -> None:
    plan = planned(folder)
    after = step(plan, "jwt-role").change.after
    assert isinstance(after, Doc)
    assert isinstance(after.value, dict)
    assert after.value["bound_audiences"] == ["https://vault.example:8200"]
    assert after.value["bound_subject"] == "system:serviceaccount:watch:stack-grafana"
    assert "https://vault.example:8200" in json.dumps(release_after(plan, folder)["extraContainerVolumes"])


def test_only_the_intended_lines_change(folder: Path) -> None:
    (edit,) = step(planned(folder), "inject-release").change.files
    removed = [line[1:].strip() for line in edit.diff.split("\n")[2:] if line.startswith("-")]
    assert removed == [
        "user: boards",
        "GF_DATABASE_USER: boards",
        "envValueFrom:",
        "GF_DATABASE_PASSWORD:",
        "secretKeyRef:",
        "name: boards-login",
        "key: password",
    ]


def test_rotation_is_short_first_and_made_longer_by_an_update(folder: Path) -> None:
    plan = planned(folder)
    first, later = step(plan, "static-role").change, step(plan, "longer-rotation").change
    assert isinstance(first.after, Doc)
    assert first.after == later.before
    assert isinstance(first.after.value, dict)
    assert first.after.value["rotation_period"] == 7200
    assert isinstance(later.after, Doc)
    assert isinstance(later.after.value, dict)
    assert later.after.value["rotation_period"] == 2592000


def test_taking_the_longer_period_back_replaces_the_pods(folder: Path) -> None:
    (target,) = step(planned(folder), "longer-rotation").change.replaces
    assert str(target) == "cluster:Deployment/watch/stack-grafana"


def test_a_rotated_password_is_no_exact_inverse(folder: Path) -> None:
    plan = planned(folder)
    undo = step(plan, "static-role").change.undo
    assert isinstance(undo, Irreversible)
    assert undo.compensates == step(plan, "new-login").id
    written = next(one for one in _steps(plan) if one["operation"] == "static-role")
    assert written["reversible"] is False
    assert written["remains"]
    assert written["compensates"]


def _steps(plan: Plan) -> list[dict[str, Json]]:
    steps = document(plan)["steps"]
    assert isinstance(steps, list)
    return [one for one in steps if isinstance(one, dict)]


def test_retirement_takes_two_commits(folder: Path) -> None:
    plan = planned(folder)
    first, second = step(plan, "orphan-external-secret"), step(plan, "remove-external-secret")
    assert first.id in second.depends
    assert {file for file, blob in second.change.after.files if blob is None} == {"secrets.yaml"}  # type: ignore[union-attr]
    assert "kustomization.yaml" in {edit.file for edit in second.change.files}
    assert any(gate.id == "eso.owner" and gate.before == second.id for gate in plan.gates)


@pytest.mark.parametrize("first", [True, False])
def test_an_external_secret_that_shares_its_file_goes_alone(folder: Path, *, first: bool) -> None:
    other = SECRETS.replace("boards-login", "other")
    (folder / "secrets.yaml").write_text("---\n".join((SECRETS, other) if first else (other, SECRETS)))
    plan = planned(folder)
    assert not [one for one in plan.patches if one.target.short == "other"]
    assert not [one for one in plan.patches if one.step == step(plan, "remove-external-secret").id]


def test_between_the_two_commits_the_secret_is_disowned(folder: Path) -> None:
    plan = planned(folder)
    (removal,) = [one for one in _steps(plan) if one["operation"] == "disown-secret"]
    assert removal["target"] == "cluster:SecretOwners/watch/boards-login"
    assert removal["change"] == {
        "object": "Secret watch/boards-login",
        "patch": [
            {"op": "test", "path": "/metadata/ownerReferences/0/name", "value": "boards-login"},
            {"op": "remove", "path": "/metadata/ownerReferences/0"},
        ],
    }
    assert str(removal["id"]) in step(plan, "remove-external-secret").depends
    assert any(gate.id == "eso.orphaned" and gate.before == removal["id"] for gate in plan.gates)


def test_a_secret_that_belongs_to_nobody_needs_no_disowning(tmp_path: Path) -> None:
    merge = SECRETS.replace("  target:\n", "  target:\n    creationPolicy: Merge\n")
    assert merge != SECRETS
    plan = planned(estate(tmp_path / "e", secrets=merge))
    assert not any(one.operation == "disown-secret" for one in plan.steps)


def test_one_document_of_a_shared_file_goes_and_the_rest_stays(tmp_path: Path) -> None:
    other = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\n  namespace: watch\ndata: {}\n"
    plan = planned(estate(tmp_path / "e", secrets=SECRETS + other))
    edits = step(plan, "remove-external-secret").change.files
    assert [edit.file for edit in edits] == ["secrets.yaml"]
    assert edits[0].after is not None


def test_an_external_secret_that_never_refreshes_gets_an_interval(tmp_path: Path) -> None:
    plan = planned(estate(tmp_path / "e", secrets=SECRETS.replace("1h", '"0"')))
    (edit,) = step(plan, "orphan-external-secret").change.files
    assert '+  refreshInterval: "1h"' in edit.diff
    assert "eso.refresh-zero" in codes(plan)


def test_an_operators_login_is_never_closed(tmp_path: Path) -> None:
    plan = planned(estate(tmp_path / "e", database=DATABASE.replace("someone", "boards")))
    assert not any(one.operation == "close-login" for one in plan.steps)
    assert "db.operator-managed" in codes(plan)


def test_an_operators_login_is_never_taken_over(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="boards_vault"):
        planned(estate(tmp_path / "e", database=DATABASE.replace("someone", "boards_vault")))


def test_another_reader_of_the_secret_keeps_it(tmp_path: Path) -> None:
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: backup\n  namespace: watch\nspec:\n  containers:\n"
        "    - name: dump\n      image: x\n      envFrom:\n        - secretRef: {name: boards-login}\n"
    )
    plan = planned(estate(tmp_path / "e", backup=pod))
    assert not any(one.stage == "contract" for one in plan.steps)
    assert any("Pod watch/backup" in remark.text for remark in plan.findings)


def test_a_second_copy_of_the_vault_key_is_said(tmp_path: Path) -> None:
    copy = SECRETS.replace("boards-login", "copy").replace("watch", "flux-system")
    plan = planned(estate(tmp_path / "e", copy=copy))
    assert any(remark.code == "secret.copies" and "flux-system/copy" in remark.text for remark in plan.findings)


def test_a_password_in_init_sql_is_said_by_place_only(tmp_path: Path) -> None:
    sql = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: init, namespace: data}\ndata:\n  init.sql: |\n"
    sql += "    CREATE USER boards WITH PASSWORD 'hunter2-canary';\n"
    plan = planned(estate(tmp_path / "e", init=sql))
    assert any(remark.code == "db.literal" and "init.yaml:6" in remark.text for remark in plan.findings)
    assert "hunter2-canary" not in json.dumps(document(plan))


@pytest.mark.parametrize("filled", ["${BOARDS_PASSWORD}", "{{ .password }}", "$(PASSWORD)"])
def test_a_password_that_is_filled_in_later_is_no_literal(tmp_path: Path, filled: str) -> None:
    sql = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: init, namespace: data}\ndata:\n  init.sql: |\n"
    sql += f"    ALTER USER boards WITH PASSWORD '{filled}';\n"
    assert "db.literal" not in codes(planned(estate(tmp_path / "e", init=sql)))


def test_an_unknown_database_address_blocks_and_the_charts_host_is_not_taken(tmp_path: Path) -> None:
    plan = planned(estate(tmp_path / "e", settings=None))
    assert any(unknown.subject == "database.address" and unknown.blocks for unknown in plan.unknowns)
    assert any(remark.code == "db.reach-from-vault" and remark.severity == "blocks" for remark in plan.findings)
    url = json.dumps([one for one in _steps(plan) if one["operation"] == "database-connection"])
    assert "main-primary" not in url


def test_unpinned_charts_block(tmp_path: Path) -> None:
    plan = planned(estate(tmp_path / "e", injector=INJECTOR.replace("      version: 0.34.1\n", "")))
    assert "webhook.chart-unpinned" in codes(plan)
    plan = planned(estate(tmp_path / "f", grafana=GRAFANA.replace('"61.3.1"', '"61.x"')))
    assert "gitops.chart-unpinned" in codes(plan)


def test_a_private_ca_that_no_agent_gets_blocks(tmp_path: Path) -> None:
    store = STORE + "      caProvider: {type: Secret, name: ca, key: ca.crt, namespace: eso}\n"
    assert "vault.ca" in codes(planned(estate(tmp_path / "e", store=store)))
    trusting = "injector: {tlsSecret: ca}\ndatabase: {address: 'pg.example:5432'}\n"
    folder = estate(tmp_path / "f", store=store, settings=trusting)
    plan = planned(folder)
    assert "vault.ca" not in codes(plan)
    annotations = release_after(plan, folder)["podAnnotations"]
    assert isinstance(annotations, dict)
    assert annotations[f"{PREFIX}tls-secret"] == "ca"


NO_SERVER = STORE.replace("      server: https://vault.example:8200\n", "")


def test_an_unknown_audience_stops_the_plan_and_migrate_yaml_settles_it(tmp_path: Path) -> None:
    plan = planned(estate(tmp_path / "one", store=NO_SERVER))
    (finding,) = [remark for remark in plan.findings if remark.code == "auth.audience"]
    assert finding.severity == "blocks"
    assert "vault.auth.audience" in finding.fix
    settings = "database: {address: 'pg:5432'}\nvault: {auth: {audience: vault}}\n"
    settled = planned(estate(tmp_path / "other", store=NO_SERVER, settings=settings))
    assert "auth.audience" not in codes(settled)
    after = step(settled, "jwt-role").change.after
    assert isinstance(after, Doc)
    assert mapping(after.value)["bound_audiences"] == ["vault"]


def test_a_rebuild_from_a_backup_is_described_with_the_command(folder: Path) -> None:
    (note,) = [note for note in planned(folder).notes if note.startswith("Rebuild")]
    assert "vault write -force database/rotate-role/mig-boards" in note
    assert "rollout restart deployment/stack-grafana" in note


@pytest.mark.parametrize("credential", ["static", "dynamic"])
def test_a_rebuild_runs_what_makes_the_logins_and_nothing_that_takes_them_away(
    folder: Path, credential: Credential
) -> None:
    plan = planned(folder, credential)
    (note,) = [note for note in plan.notes if note.startswith("Rebuild")]
    files = export(plan, "n", "d")
    named = re.findall(r"sql/[\w.*-]+", note)
    made = [step for step in plan.steps if step.change.target.store == "postgres" and step.stage == "expand"]
    assert len(named) == len(made)
    for file, step in zip(named, made, strict=True):
        assert f'CREATE ROLE "{step.change.target.name}"'.encode() in files[file]
    assert "*" not in note


def test_the_charts_own_service_account_stays(folder: Path) -> None:
    assert "serviceAccount" not in release_after(planned(folder), folder)


def test_a_shared_service_account_is_left_and_helm_keeps_it_until_contract(tmp_path: Path) -> None:
    shared = GRAFANA.replace("    grafana:\n", "    grafana:\n      serviceAccount: {create: true, name: both}\n", 1)
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: watch}\nspec:\n  serviceAccountName: both\n"
    pod += "  containers: [{name: c, image: x}]\n"
    folder = estate(tmp_path / "e", grafana=shared, pod=pod)
    plan = planned(folder)
    kept, moved = step(plan, "keep-service-account"), step(plan, "inject-release")
    assert "helm.sh/resource-policy" in kept.change.files[0].diff
    assert kept.id in moved.depends
    assert kept.change.files[0].after == moved.change.files[0].before
    after = step(plan, "jwt-role").change.after
    assert isinstance(after, Doc)
    assert "system:serviceaccount:watch:stack-grafana" in json.dumps(after.value)


def test_dynamic_credentials_have_a_cache_a_periodic_token_and_say_what_remains(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e")
    plan = planned(folder, "dynamic")
    values = release_after(plan, folder)
    annotations = values["podAnnotations"]
    assert isinstance(annotations, dict)
    assert annotations[f"{PREFIX}agent-cache-enable"] == "true"
    assert values["env"] == {
        "GF_DATABASE_HOST": "main-primary.data.svc:5432",
        "GF_DATABASE_NAME": "boards",
        "GF_DATABASE_USER__FILE": "/vault/secrets/db-user",
        "GF_DATABASE_PASSWORD__FILE": "/vault/secrets/db-password",
    }
    assert isinstance(step(plan, "dynamic-role").change.undo, Irreversible)
    assert '"token_period": 3600' in json.dumps(document(plan))
    assert not any(one.operation in {"static-role", "new-login", "longer-rotation"} for one in plan.steps)


def test_issued_logins_are_seen_rolled_out_and_soak_although_no_step_of_theirs_is_in_that_stage(tmp_path: Path) -> None:
    plan = planned(estate(tmp_path / "e"), "dynamic")
    assert not any(one.stage == "soak" for one in plan.steps)
    before = [gate for gate in plan.gates if gate.before == "contract"]
    assert [gate.id for gate in before] == [
        *("gitops.applied.inject-release", "rollout.recreate-or-single", "db.old-login.soak"),
        *("secret.consumers", "db.old-login.contract"),
    ]
    assert before[1].soak == "24h"


def test_a_mounted_copy_is_moved_too(tmp_path: Path) -> None:
    start, _, _ = GRAFANA.partition("      envValueFrom:")
    mounted = (
        start + "        GF_DATABASE_PASSWORD__FILE: /etc/creds/password\n"
        "      extraSecretMounts:\n"
        "        - {name: creds, secretName: boards-login, mountPath: /etc/creds}\n"
    )
    folder = estate(tmp_path / "e", grafana=mounted)
    values = release_after(planned(folder), folder)
    assert "extraSecretMounts" not in values
    env = values["env"]
    assert isinstance(env, dict)
    assert env["GF_DATABASE_PASSWORD__FILE"] == "/vault/secrets/db-password"


@pytest.mark.parametrize("credential", ["static", "dynamic"])
def test_the_injectors_own_rules_accept_the_pod_and_an_expert_finds_no_trap(tmp_path: Path, credential: Any) -> None:
    plan = planned(estate(tmp_path / "e"), credential)
    (predicted,) = [remark for remark in plan.findings if remark.code == "pod.predicted"]
    assert "/vault/secrets/db-password (0400, 472:472)" in predicted.text
    assert {remark.code for remark in plan.findings} <= {
        "pod.predicted", "gitops.scope", "gitops.dirty", "db.revoke-cycle",
    }  # fmt: skip


def test_a_pod_that_the_injector_would_refuse_is_no_plan(tmp_path: Path) -> None:
    system = GRAFANA.replace("  interval: 1h\n", "  interval: 1h\n  targetNamespace: kube-system\n", 1)
    folder = estate(
        tmp_path / "e", grafana=system, secrets=SECRETS.replace("namespace: watch", "namespace: kube-system")
    )
    with pytest.raises(Refused, match="cannot inject into system namespaces"):
        planned(folder)


# --- estates that do not fit --------------------------------------------------------------------------------


def test_no_grafana_names_what_was_looked_at(tmp_path: Path) -> None:
    with pytest.raises(Failed) as caught:
        planned(estate(tmp_path / "e", grafana=None))
    assert "vault/injector (vault)" in caught.value.truth


BARE = GRAFANA.partition("  values:\n")[0]


def _answer(folder: Path, workload: str | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        outcome(folder, workload=workload)
    return caught.value


def test_a_release_whose_file_is_no_yaml_is_named_with_the_line(tmp_path: Path) -> None:
    said = _answer(estate(tmp_path / "e", grafana=GRAFANA + "\t- broken\n"))
    assert "grafana.yaml:" in said.happened
    assert "kube-prometheus-stack" in said.happened
    assert "mend that file" in said.following


def test_a_release_that_takes_all_values_from_elsewhere_is_told_what_to_write_where(tmp_path: Path) -> None:
    said = _answer(
        estate(tmp_path / "e", grafana=BARE + "  valuesFrom:\n    - {kind: ConfigMap, name: stack-values}\n")
    )
    assert "HelmRelease watch/stack is there" in said.happened
    assert "ConfigMap stack-values (valuesFrom)" in said.happened
    assert "spec.values of grafana.yaml" in said.following


def test_a_release_without_any_values_is_there_and_says_so(tmp_path: Path) -> None:
    assert "set no GF_DATABASE_PASSWORD" in _answer(estate(tmp_path / "e", grafana=BARE)).happened


def test_a_release_that_nothing_applies_is_not_called_absent(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e", grafana=None)
    (folder / "forgotten.yaml").write_text(GRAFANA)
    said = _answer(folder)
    assert "forgotten.yaml" in said.happened
    assert "nothing applies" in said.happened


def test_a_plain_deployment_is_named_as_what_it_is(tmp_path: Path) -> None:
    pod = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: boards, namespace: watch}\nspec:\n  template:\n"
    pod += "    spec:\n      containers: [{name: c, image: 'docker.io/grafana/grafana:11.1.0'}]\n"
    assert "runs as Deployment watch/boards" in _answer(estate(tmp_path / "e", grafana=None, pod=pod)).happened


def test_a_name_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    said = _answer(estate(tmp_path / "e"), workload="watch/other")
    assert "there is no watch/other" in said.happened
    assert "watch/stack" in said.happened


def test_several_candidates_are_named_and_one_can_be_chosen(tmp_path: Path) -> None:
    second = GRAFANA.replace("name: stack\n", "name: second\n")
    folder = estate(tmp_path / "e", second=second)
    with pytest.raises(Refused) as caught:
        planned(folder)
    assert "watch/second" in caught.value.happened
    assert "--workload" in caught.value.following
    assert planned(folder, workload="watch/second").unit == "watch/second-grafana"


def _migrated(tmp_path: Path) -> str:
    folder = estate(tmp_path / "source")
    (edit,) = step(planned(folder), "inject-release").change.files
    return apply_diff((folder / edit.file).read_bytes(), edit.diff).decode()


def test_a_migrated_release_has_nothing_to_do(tmp_path: Path) -> None:
    assert isinstance(outcome(estate(tmp_path / "e", grafana=_migrated(tmp_path))), NothingToDo)


def test_a_release_migrated_by_half_is_refused_with_what_is_there(tmp_path: Path) -> None:
    text = _migrated(tmp_path) + "      envValueFrom:\n        GF_DATABASE_PASSWORD:\n"
    text += "          secretKeyRef: {name: boards-login, key: password}\n"
    with pytest.raises(Refused) as caught:
        planned(estate(tmp_path / "e", grafana=text))
    assert "still there" in caught.value.happened
    assert "agent-inject" in caught.value.truth


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("      envValueFrom:\n", "      unused:\n", "is there .* but its values set no GF_DATABASE_PASSWORD"),
        ("    grafana:\n", "    grafana:\n      enabled: false\n", "switches it off"),
        (
            "    grafana:\n",
            "    grafana:\n      podAnnotations: []\n",
            "of grafana.yaml: it holds a list",
        ),
        ("    grafana:\n", "    grafana:\n      extraContainerVolumes: {}\n", "where a list is wanted"),
        ("    grafana:\n", "    grafana:\n      b: &b {X: y}\n      podAnnotations: *b\n", "of grafana.yaml: .* alias"),
        ("  values:\n", "  values: [a\n", "could not be read"),
        ("          type: postgres\n", "          type: mysql\n", "mysql"),
        ("          type: postgres\n", "          url: postgres://x\n", "URL"),
        ("name: boards-login", "name: nobody-makes-it", "no ExternalSecret"),
    ],
)
def test_other_shapes_get_an_answer(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises((Failed, Refused), match=says):
        planned(estate(tmp_path / "e", grafana=GRAFANA.replace(old, new)))
