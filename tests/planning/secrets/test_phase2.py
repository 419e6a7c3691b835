"""Phase 2: each way in which a pod reads a Secret becomes a file of the agent, or a reason why it cannot."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from migrate.cli.plan import read_estate
from migrate.documents.reader import load_all
from migrate.injector.prediction import Mutated, agent_configs, predict
from migrate.injector.settings import Settings
from migrate.model.errors import Refused
from migrate.model.plan import Begin, NotYet, Nowhere, Plan
from migrate.planning.beginning import beginning
from migrate.planning.cases import NothingToDo
from migrate.planning.implied import applied_by
from migrate.planning.phases import all_phases
from tests.planning.secrets.estates import (
    KNOWN,
    UNKNOWN,
    container,
    estate,
    external,
    notes_of,
    outcome,
    planned,
    pod_after,
    variable,
    workload,
)

TOKEN = variable("CLOUDFLARE_API_TOKEN", "login", "token")


def app_of(template: dict[str, Any]) -> dict[str, Any]:
    return dict(template["spec"]["containers"][0])


def test_a_documented_variable_gives_way_to_its_file(tmp_path: Path) -> None:
    held = container(KNOWN, env=[{"name": "A", "value": "1"}, TOKEN])
    folder = estate(tmp_path / "e", external("login", "token"), workload(held))
    template = pod_after(folder, planned(folder))
    path = "/vault/secrets/cloudflare-api-token"
    assert app_of(template)["env"] == [
        {"name": "A", "value": "1"},
        {"name": "CLOUDFLARE_API_TOKEN_FILE", "value": path},
    ]
    notes = notes_of(template)
    assert notes["agent-inject-template-cloudflare-api-token"] == (
        '{{ with secret "kv/data/apps/login/token" }}{{ .Data.data.value }}{{ end }}'
    )
    assert notes["error-on-missing-key-cloudflare-api-token"] == "true"
    assert notes["agent-inject-containers"] == "app"


def test_the_policy_names_each_path_exactly_and_the_role_one_account(tmp_path: Path) -> None:
    held = container(command=["app"], env=[variable("ONE", "login", "one"), variable("TWO", "login", "two")])
    folder = estate(tmp_path / "e", external("login", "one", "two"), workload(held))
    policy, role = (step.change.after.value for step in planned(folder).steps[:2])  # type: ignore[union-attr]
    assert [line for line in policy["policy"].split("\n") if line.startswith("path")] == [  # type: ignore[index,call-overload,union-attr]
        'path "kv/data/apps/login/one" {',
        'path "kv/data/apps/login/two" {',
    ]
    assert role["bound_subject"] == "system:serviceaccount:apps:app"  # type: ignore[index,call-overload]


def test_a_workload_without_an_account_of_its_own_gets_one_in_the_same_commit(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e", external("login", "token"), workload(container(KNOWN, env=[TOKEN])))
    plan = planned(folder)
    (edit,) = next(step for step in plan.steps if step.stage == "cutover").change.files
    # Both: the API server keeps a name in the old field, and a revert of the new one alone would not take it away.
    assert [pod_after(folder, plan)["spec"][name] for name in ("serviceAccountName", "serviceAccount")] == ["app"] * 2
    assert "+kind: ServiceAccount\n" in edit.diff


def test_an_account_of_its_own_stays(tmp_path: Path) -> None:
    held = workload(container(KNOWN, env=[TOKEN]), serviceAccountName="mine")
    folder = estate(tmp_path / "e", external("login", "token"), held)
    plan = planned(folder)
    assert pod_after(folder, plan)["spec"]["serviceAccountName"] == "mine"
    assert not any("ServiceAccount\n" in edit.diff for step in plan.steps for edit in step.change.files)


def test_a_variable_that_only_the_images_own_start_reads_from_a_file_is_exported_to_another_command(
    tmp_path: Path,
) -> None:
    held = container("postgres:16", command=["pg_dump"], env=[variable("POSTGRES_PASSWORD", "login", "token")])
    folder = estate(tmp_path / "e", external("login", "token"), workload(held))
    app = app_of(pod_after(folder, planned(folder)))
    assert not app.get("env")
    assert "export POSTGRES_PASSWORD;" in app["command"][2]
    assert app["command"][-1] == "pg_dump"


def test_the_wrapped_command_gets_the_very_values(tmp_path: Path) -> None:
    values = {"ONE": "a b'c\"$x`\n", "TWO": "\n\n"}
    held = container(
        command=["printenv"], args=["-0", "ONE", "TWO"], env=[variable(name, "login", name.lower()) for name in values]
    )
    folder = estate(tmp_path / "e", external("login", "one", "two"), workload(held))
    app = app_of(pod_after(folder, planned(folder)))
    assert app["command"][-1] == "printenv"
    assert not any(sign in word for word in app["command"] for sign in ("${", "$("))  # Flux's, and Kubernetes'
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name, value in values.items():
        (secrets / name.lower()).write_text(value)
    words = [word.replace("/vault/secrets", str(secrets)) for word in (*app["command"], *app["args"])]
    done = subprocess.run(words, capture_output=True, check=True, env={"PATH": os.environ["PATH"]})
    assert done.stdout.decode() == "".join(f"{value}\0" for value in values.values())


def test_the_wrapped_command_does_not_begin_without_a_value(tmp_path: Path) -> None:
    held = container(command=["touch"], args=[str(tmp_path / "begun")], env=[variable("ONE", "login", "one")])
    folder = estate(tmp_path / "e", external("login", "one"), workload(held))
    app = app_of(pod_after(folder, planned(folder)))
    words = [word.replace("/vault/secrets", str(tmp_path / "nothing")) for word in (*app["command"], *app["args"])]
    assert subprocess.run(words, capture_output=True, check=False).returncode
    assert not (tmp_path / "begun").exists()


def test_a_whole_secret_as_variables_is_wrapped_key_by_key(tmp_path: Path) -> None:
    held = container(command=["app"], envFrom=[{"secretRef": {"name": "login"}, "prefix": "X_"}])
    folder = estate(tmp_path / "e", external("login", "one", "two"), workload(held))
    app = app_of(pod_after(folder, planned(folder)))
    assert "envFrom" not in app
    assert all(f"export X_{key};" in app["command"][2] for key in ("one", "two"))


def test_a_mounted_secret_is_written_where_it_was_mounted(tmp_path: Path) -> None:
    held = container(volumeMounts=[{"name": "v", "mountPath": "/etc/app"}, {"name": "w", "mountPath": "/tmp"}])
    volumes = [{"name": "v", "secret": {"secretName": "login", "defaultMode": 0o440}}, {"name": "w", "emptyDir": {}}]
    folder = estate(
        tmp_path / "e",
        external("login", "one", "two.conf"),
        workload(held, volumes=volumes, securityContext={"runAsUser": 33, "runAsGroup": 34}),
    )
    template = pod_after(folder, planned(folder))
    assert app_of(template)["volumeMounts"] == [{"name": "w", "mountPath": "/tmp"}]
    assert [volume["name"] for volume in template["spec"]["volumes"]] == ["w", "vault-token"]
    notes = notes_of(template)
    assert notes["secret-volume-path-two.conf"] == "/etc/app"
    assert notes["agent-inject-file-two.conf"] == "two.conf"
    assert notes["agent-inject-perms-one"] == "0440"
    assert (notes["agent-run-as-user"], notes["agent-run-as-group"]) == ("33", "34")


def test_a_single_file_moves_where_whoever_names_it_can_be_told(tmp_path: Path) -> None:
    mount = {"name": "v", "mountPath": "/app/config.yaml", "subPath": "config.yaml"}
    volumes = [{"name": "v", "secret": {"secretName": "login"}}]
    held = container(args=["--config=/app/config.yaml", "--was=/app/config.yaml.old"], volumeMounts=[mount])
    folder = estate(tmp_path / "e", external("login", "config.yaml"), workload(held, volumes=volumes))
    template = pod_after(folder, planned(folder))
    assert app_of(template)["args"] == ["--config=/vault/secrets/config.yaml", "--was=/app/config.yaml.old"]
    assert "volumeMounts" not in app_of(template)


ALONE = {"name": "v", "mountPath": "/app/conf/users", "subPath": "users", "readOnly": True}


def test_a_single_file_that_nothing_names_stays_where_it_is_and_the_agent_writes_it_there(tmp_path: Path) -> None:
    volumes = [{"name": "v", "secret": {"secretName": "login", "defaultMode": 0o444}}, {"name": "w", "emptyDir": {}}]
    held = container(volumeMounts=[ALONE, {"name": "w", "mountPath": "/app/conf"}])
    folder = estate(tmp_path / "e", external("login", "users", "other"), workload(held, volumes=volumes))
    template = pod_after(folder, planned(folder))
    assert app_of(template)["volumeMounts"] == held["volumeMounts"]
    assert template["spec"]["volumes"][:2] == [{"name": "v", "emptyDir": {"medium": "Memory"}}, volumes[1]]
    notes = notes_of(template)
    assert "agent-inject-template-other" not in notes, "nobody mounts that one"
    assert notes["agent-inject-perms-users"] == "0444"
    assert "secret-volume-path-users" not in notes


def test_the_injector_lets_the_agent_write_into_a_volume_of_the_pod(tmp_path: Path) -> None:
    """As it mutates pods: both agents mount the volume, and the file's path leads into it."""
    volumes = [{"name": "v", "secret": {"secretName": "login"}}]
    folder = estate(
        tmp_path / "e", external("login", "users"), workload(container(volumeMounts=[ALONE]), volumes=volumes)
    )
    template = pod_after(folder, planned(folder))
    mutated = predict(template, "apps", Settings(address="https://vault.test"))
    assert isinstance(mutated, Mutated), mutated
    spec: Any = mutated.pod["spec"]
    mount, groups = {"name": "v", "mountPath": "/vault/files/v"}, ("initContainers", "containers")
    agents = [one["name"] for group in groups for one in spec[group] if mount in one["volumeMounts"]]
    assert sorted(agents) == ["vault-agent", "vault-agent-init"]
    configs: Any = agent_configs(mutated.pod)
    for config in configs.values():
        assert [one["destination"] for one in config["template"]] == ["/vault/files/v/users"]


def test_a_volume_that_one_mounts_whole_and_another_in_part_keeps_both(tmp_path: Path) -> None:
    whole = {"name": "v", "mountPath": "/all"}
    first = {"name": "first", "image": UNKNOWN, "volumeMounts": [whole]}
    volumes = [{"name": "v", "projected": {"sources": [{"secret": {"name": "login"}}]}}]
    pod = workload(container(volumeMounts=[ALONE]), volumes=volumes, initContainers=[first])
    folder = estate(tmp_path / "e", external("login", "users", "other"), pod)
    template = pod_after(folder, planned(folder))
    assert template["spec"]["volumes"][0] == {"name": "v", "emptyDir": {"medium": "Memory"}}
    assert template["spec"]["initContainers"][0]["volumeMounts"] == [whole]
    notes = notes_of(template)
    assert notes["agent-init-first"] == "true", "an init container reads what the agent writes"
    assert notes["agent-inject-file-other"] == "../files/v/other"


def test_a_part_of_a_secret_whose_keys_only_vault_knows_moves(tmp_path: Path) -> None:
    whole = external("login", dataFrom=[{"extract": {"key": "apps/login"}}])
    volumes = [{"name": "v", "secret": {"secretName": "login"}}]
    folder = estate(tmp_path / "e", whole, workload(container(volumeMounts=[ALONE]), volumes=volumes))
    notes = notes_of(pod_after(folder, planned(folder)))
    assert (
        notes["agent-inject-template-users"] == '{{ with secret "kv/data/apps/login" }}{{ .Data.data.users }}{{ end }}'
    )


def test_a_practice_world_has_what_a_template_asks_for_where_the_agent_reads(tmp_path: Path) -> None:
    template = {"name": "login", "template": {"data": {"users": "{{ .NAME }}:{{ .HASH }}"}}}
    whole = external("login", dataFrom=[{"extract": {"key": "kv/apps/login"}}], target=template)
    read = read_estate(estate(tmp_path / "e", whole))
    asked = applied_by("c0ffee", read.inventory, read.files, read.config, []).objects
    (datum,) = asked["ExternalSecret/apps/login"]["data"]
    assert (datum["path"], datum["fields"]) == ("apps/login", ["HASH", "NAME"])


def test_a_script_that_names_two_of_the_files_is_told_where_both_are(tmp_path: Path) -> None:
    script = "cp /config/one /data; cp /config/two /data"
    mounts = [{"name": "s", "mountPath": f"/config/{key}", "subPath": key} for key in ("one", "two")]
    held = container(command=["sh", "-c", script], volumeMounts=mounts)
    volume = {"name": "s", "secret": {"secretName": "login"}}
    folder = estate(tmp_path / "e", external("login", "one", "two"), workload(held, volumes=[volume]))
    app = app_of(pod_after(folder, planned(folder)))
    assert app["command"][-1] == "cp /vault/secrets/one /data; cp /vault/secrets/two /data"


def test_an_init_container_that_reads_finds_the_files(tmp_path: Path) -> None:
    first = {"name": "first", "image": UNKNOWN, "command": ["init"], "env": [variable("ONE", "login", "one")]}
    folder = estate(tmp_path / "e", external("login", "one"), workload(container(), initContainers=[first]))
    template = pod_after(folder, planned(folder))
    assert notes_of(template)["agent-init-first"] == "true"
    assert template["spec"]["initContainers"][0]["command"][-1] == "init"


def test_of_a_pod_that_ends_no_agent_stays(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e", external("login", "token"), workload(container(KNOWN, env=[TOKEN]), kind="CronJob"))
    plan = planned(folder)
    assert notes_of(pod_after(folder, plan))["agent-pre-populate-only"] == "true"
    about = next(dict(gate.about) for gate in plan.gates if gate.id == "rollout.recreate-or-single")
    assert about["deployment"] == "CronJob/apps/app"


def test_a_secret_that_two_read_goes_with_the_last_of_them(tmp_path: Path) -> None:
    one, two = (workload(container(KNOWN, env=[TOKEN]), name=name) for name in ("one", "two"))
    folder = estate(tmp_path / "e", external("login", "token"), one, two)
    assert {step.stage for step in planned(folder).steps} == {"expand", "cutover"}
    both = planned(folder, "apps/one", "apps/two")
    assert [step.unit for step in both.steps if step.stage == "contract"] == ["apps/two"] * 3


def test_several_workloads_have_gates_of_their_own(tmp_path: Path) -> None:
    one, two = (workload(container(KNOWN, env=[TOKEN]), name=name) for name in ("one", "two"))
    folder = estate(tmp_path / "e", external("login", "token"), one, two)
    plan = planned(folder, wave=1)
    assert plan.unit == "apps/one, apps/two"
    ids = [(gate.way, gate.id) for gate in plan.gates]
    assert len(ids) == len(set(ids))
    assert ("forward", "rollout.recreate-or-single@apps/one") in ids
    assert ("forward", "vault.reach") in ids
    order = [step.id for step in plan.steps]
    waits = next(gate for gate in plan.gates if gate.id == "rollout.recreate-or-single@apps/one")
    assert waits.before == order[order.index("cutover.inject-pod.apps.one") + 1]


def test_without_a_word_the_next_workload_is_planned_and_others_can_be_left_out(tmp_path: Path) -> None:
    one, two = (workload(container(KNOWN, env=[TOKEN]), name=name) for name in ("one", "two"))
    folder = estate(tmp_path / "e", external("login", "token"), one, two)
    assert planned(folder).unit == "apps/one"
    assert planned(folder, exclude=("apps/one",)).unit == "apps/two"


def test_nothing_is_left_when_everything_has_moved(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e", external("login", "token"), workload(container(KNOWN, env=[TOKEN])))
    for step in planned(folder).steps:
        _commit(folder, step)
    assert isinstance(outcome(folder), NothingToDo)


def test_the_first_plan_is_for_the_workload_that_changes_least(tmp_path: Path) -> None:
    wrapped = workload(container(command=["app"], env=[variable("ONE", "keys", "one")]), name="a")
    simple = workload(container(KNOWN, env=[TOKEN]), name="b")
    folder = estate(tmp_path / "e", external("keys", "one"), external("login", "token"), wrapped, simple)
    assert planned(folder).unit == "apps/b"
    assert beginning(read_estate(folder), all_phases()) == Begin("phase2", "apps/b")


def test_where_nothing_can_be_planned_the_beginning_is_the_phase_that_says_why(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e", external("keys", "one"), workload(container(env=[variable("ONE", "keys", "one")])))
    assert beginning(read_estate(folder), all_phases()) == Nowhere()
    generated = external("keys", "one", target={"name": "keys", "template": {"templateFrom": [{"literal": "x"}]}})
    read = workload(container(command=["app"], env=[variable("ONE", "keys", "one")]))
    folder = estate(tmp_path / "f", generated, read)
    assert beginning(read_estate(folder), all_phases()) == NotYet("phase2")


def test_an_empty_phase_says_what_is_there_instead(tmp_path: Path) -> None:
    nothing = outcome(estate(tmp_path / "e"))
    held = workload(container(env=[variable("ONE", "keys", "one")]))
    code = outcome(estate(tmp_path / "f", external("keys", "one"), held))
    assert isinstance(nothing, NothingToDo)
    assert isinstance(code, NothingToDo)
    assert nothing.why == "there is no ExternalSecret here"
    assert "(1 code)" in code.why


def test_a_chart_that_kustomize_renders_is_named_as_left_out(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e", external("login", "token"))
    values = {"controllers": {"app": {"containers": {"main": _image(KNOWN, env={"CLOUDFLARE_API_TOKEN": _ref()})}}}}
    (folder / "values.yaml").write_text(yaml.safe_dump(values))
    chart = {"name": "app-template", "version": "5.1.0", "releaseName": "app", "valuesFile": "values.yaml"}
    root = folder / "kustomization.yaml"
    root.write_text(root.read_text() + yaml.safe_dump({"helmCharts": [{**chart, "namespace": "apps"}]}))
    with pytest.raises(Refused) as refused:
        outcome(folder)
    assert "HelmChart apps/app: kustomize renders its chart" in str(refused.value)
    assert "or have a HelmRelease make it" in str(refused.value)


def _image(image: str, **held: Any) -> dict[str, Any]:
    repository, _, tag = image.rpartition(":")
    return {"image": {"repository": repository, "tag": tag}, **held}


def _ref() -> dict[str, Any]:
    return {"valueFrom": {"secretKeyRef": {"name": "login", "key": "token"}}}


def _commit(folder: Path, step: Any) -> None:
    from migrate.planning.commits import replayed

    for edit in step.change.files:
        after = replayed((folder / edit.file).read_bytes(), edit.edits)
        if after is None:
            (folder / edit.file).unlink()
        else:
            (folder / edit.file).write_bytes(after)


def test_the_last_secret_of_a_folder_takes_the_folder_along(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e", workload(container(KNOWN, env=[TOKEN])))
    other = estate(tmp_path / "e/secrets", external("login", "token"))
    for name in ("store.yaml", "injector.yaml", "migrate.yaml"):
        (other / name).unlink()
    (other / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [externalsecret-login.yaml]\n"
    )
    with (folder / "kustomization.yaml").open("a") as file:
        file.write("  - ./secrets\n")
    for step in planned(folder).steps:
        _commit(folder, step)
    assert list(other.iterdir()) == []
    assert "./secrets" not in load_all((folder / "kustomization.yaml").read_bytes())[0].value["resources"]  # type: ignore[index,operator,call-overload]


def in_one_file(folder: Path, *names: str) -> Path:
    """An estate whose ExternalSecrets all stand in `secrets.yaml`, each read by a workload of its name."""
    held = {name: container(KNOWN, env=[variable("CLOUDFLARE_API_TOKEN", name, "token")]) for name in names}
    estate(folder, *(workload(one, name=name) for name, one in held.items()))
    (folder / "secrets.yaml").write_text(yaml.safe_dump_all([external(name, "token") for name in names]))
    with (folder / "kustomization.yaml").open("a") as file:
        file.write("  - secrets.yaml\n")
    return folder


def test_a_plan_finds_each_secret_of_a_file_that_its_earlier_commits_made_shorter(tmp_path: Path) -> None:
    folder = in_one_file(tmp_path / "e", "a", "b", "c", "d")
    for step in planned(folder, "apps/a", "apps/c", "apps/d").steps:
        _commit(folder, step)
    (left,) = (found.value for found in load_all((folder / "secrets.yaml").read_bytes()))
    assert left == external("b", "token")


def test_a_stateful_set_has_the_volumes_that_it_claims(tmp_path: Path) -> None:
    mounted = container(KNOWN, env=[TOKEN], volumeMounts=[{"name": "data", "mountPath": "/data"}])
    held = workload(mounted, kind="StatefulSet")
    held["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]
    folder = estate(tmp_path / "e", external("login", "token"), held)
    assert planned(folder).unit == "apps/app"
    held["spec"]["volumeClaimTemplates"] = []
    with pytest.raises(Refused, match="Not found"):
        planned(estate(tmp_path / "none", external("login", "token"), held))


@pytest.mark.parametrize("head", ["apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n", ""])
def test_the_line_that_lists_an_external_secret_goes_with_it_in_components_and_where_no_kind_is_given(
    tmp_path: Path, head: str
) -> None:
    held = container(KNOWN, env=[TOKEN])
    folder = estate(tmp_path / "e", external("login", "token"), workload(held))
    part = folder / "part"
    part.mkdir()
    (folder / "externalsecret-login.yaml").rename(part / "externalsecret-login.yaml")
    (part / "kustomization.yaml").write_text(f"{head}resources:\n  - externalsecret-login.yaml\n  - more.yaml\n")
    (part / "more.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more, namespace: apps}\n")
    taken = "components:\n  - part\n" if head else "  - part\n"
    listed = (folder / "kustomization.yaml").read_text().replace("  - externalsecret-login.yaml\n", "")
    (folder / "kustomization.yaml").write_text(listed + taken)
    removal = planned(folder).steps[-1]
    assert [edit.file for edit in removal.change.files] == ["part/externalsecret-login.yaml", "part/kustomization.yaml"]


def test_no_plan_takes_away_a_file_that_a_kustomization_still_needs_for_something_else(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e", external("login", "token"), workload(container(KNOWN, env=[TOKEN])))
    with (folder / "kustomization.yaml").open("a") as file:
        file.write("configMapGenerator:\n  - name: shown\n    files: [externalsecret-login.yaml]\n")
    with pytest.raises(Refused, match="would still name externalsecret-login"):
        planned(folder)


def test_a_selection_that_holds_nobody_is_not_taken_for_work_that_is_done(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e", external("login", "token"), workload(container(KNOWN, env=[TOKEN])))
    with pytest.raises(Refused) as found:
        outcome(folder, wave=9)
    assert "apps/app (wave 1)" in found.value.truth


def _refused(tmp_path: Path, *objects: dict[str, Any]) -> str:
    with pytest.raises(Refused) as found:
        outcome(estate(tmp_path / "e", external("login", "token", "other"), *objects), "apps/app")
    return str(found.value)


@pytest.mark.parametrize(
    ("held", "spec", "why"),
    [
        ({"env": [TOKEN], "args": ["$(CLOUDFLARE_API_TOKEN)"], "image": KNOWN}, {}, r"expands \$\(CLOUDFLARE"),
        (
            {"env": [TOKEN, {"name": "URL", "value": "x://$(CLOUDFLARE_API_TOKEN)"}], "image": KNOWN},
            {},
            r"expands \$\(CLOUDFLARE",
        ),
        (
            {"volumeMounts": [{"name": "v", "mountPath": "/app/x", "subPathExpr": "$(POD)"}]},
            {"volumes": [{"name": "v", "secret": {"secretName": "login"}}]},
            "by an expression",
        ),
        (
            {"volumeMounts": [{"name": "v", "mountPath": "/app/x", "subPath": "absent"}]},
            {"volumes": [{"name": "v", "secret": {"secretName": "login"}}]},
            "nothing in it says where absent comes from",
        ),
        (
            {"volumeMounts": [{"name": "v", "mountPath": "/app"}]},
            {
                "volumes": [
                    {
                        "name": "v",
                        "projected": {"sources": [{"secret": {"name": "login"}}, {"configMap": {"name": "other"}}]},
                    }
                ]
            },
            "with other sources",
        ),
        (
            {"env": [TOKEN], "image": KNOWN, "volumeMounts": [{"name": "x", "mountPath": "/vault/secrets/"}]},
            {"volumes": [{"name": "x", "emptyDir": {}}]},
            "something else mounted at /vault/secrets",
        ),
    ],
)
def test_what_cannot_be_exact_is_refused(tmp_path: Path, held: dict[str, Any], spec: dict[str, Any], why: str) -> None:
    import re

    assert re.search(why, _refused(tmp_path, workload(container(**{"image": UNKNOWN, **held}), **spec)))


def test_what_somebody_began_by_hand_is_left_to_them(tmp_path: Path) -> None:
    held = workload(container(KNOWN, env=[TOKEN]))
    held["spec"]["template"]["metadata"]["annotations"] = {"vault.hashicorp.com/agent-inject": "true"}
    assert "annotations of the injector already" in _refused(tmp_path, held)


def test_a_job_that_cannot_change_is_refused_with_what_lets_it(tmp_path: Path) -> None:
    assert "kustomize.toolkit.fluxcd.io/force" in _refused(
        tmp_path, workload(container(KNOWN, env=[TOKEN]), kind="Job")
    )


def test_a_name_that_reads_nothing_is_answered_with_those_that_do(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e", external("login", "token"), workload(container(KNOWN, env=[TOKEN])))
    with pytest.raises(Refused, match="apps/nobody") as found:
        outcome(folder, "apps/nobody")
    assert "apps/app" in found.value.truth


def test_a_plan_holds_no_literal_that_stands_beside_what_moves(tmp_path: Path) -> None:
    canary = "canary-hunter2-literal"
    held = container(KNOWN, env=[{"name": "OTHER_PASSWORD", "value": canary}, TOKEN])
    folder = estate(tmp_path / "e", external("login", "token"), workload(held))
    plan = planned(folder)
    from migrate.planning.document import plan_json

    assert canary not in str(plan_json(plan, "t", "2026-01-01T00:00:00+00:00"))
    assert isinstance(plan, Plan)


def test_a_file_in_the_place_of_a_key_is_compared_with_that_key(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e", external("login", "token"), workload(container(KNOWN, env=[TOKEN])))
    (gate,) = [one for one in planned(folder).gates if one.id == "agent.renders"]
    copies = json.loads(dict(gate.about)["copies"])
    assert set(copies.values()) == {"apps/login/token"}
    assert all(path.startswith("/vault/secrets/") for path in copies)
