"""Phase 2 of Helm releases: by the values of charts that are known, by a post-renderer where they are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonpatch
import pytest
import yaml

from migrate.cli.plan import read_estate
from migrate.documents.reader import load_all
from migrate.estate.profiles import shipped
from migrate.estate.strategic import merge
from migrate.model.errors import Refused
from migrate.model.plan import Plan
from migrate.planning.cases import NothingToDo
from migrate.planning.phases import SecretsSelect, phase_named
from migrate.planning.secrets.releases import Charts
from migrate.planning.secrets.workloads import Candidate, candidates
from tests.planning.secrets.estates import (
    KNOWN,
    UNKNOWN,
    container,
    estate,
    external,
    made_so,
    outcome,
    planned,
    workload,
)
from tests.planning.secrets.estates import variable as listed
from tests.planning.secrets.releases import controllers, release

TOKEN = {"CLOUDFLARE_API_TOKEN": {"valueFrom": {"secretKeyRef": {"name": "login", "key": "token"}}}}
FILE = "/vault/secrets/cloudflare-api-token"


def spec_after(folder: Path, plan: Plan) -> dict[str, Any]:
    """What the HelmRelease says after the cutover."""
    made_so(folder, plan, "inject-pod")
    value: Any = load_all((folder / "helmrelease-app.yaml").read_bytes())[0].value
    return dict(value["spec"])


def moved(tmp_path: Path, values: dict[str, Any], *keys: str, **spec: Any) -> dict[str, Any]:
    folder = estate(tmp_path / "e", external("login", *(keys or ("token",))), release(values, **spec))
    return spec_after(folder, planned(folder))


def candidates_of(folder: Path) -> list[Candidate]:
    """Everything that reads what the phase moves."""
    read, select = read_estate(folder), phase_named("phase2").select
    assert isinstance(select, SecretsSelect)
    return candidates(read.inventory, read.files, select, Charts(shipped(), read.files, {}))


def notes(annotations: dict[str, str]) -> dict[str, str]:
    return {key.partition("/")[2]: value for key, value in annotations.items()}


def test_a_variable_in_values_gives_way_to_its_file(tmp_path: Path) -> None:
    spec = moved(tmp_path, controllers(KNOWN, env={"A": "1", **TOKEN}))
    pod = spec["values"]["controllers"]["app"]
    assert pod["containers"]["main"]["env"] == {"A": "1", "CLOUDFLARE_API_TOKEN_FILE": FILE}
    assert notes(pod["pod"]["annotations"])["agent-inject-containers"] == "main"
    assert pod["serviceAccount"] == {"name": "app"}
    token = spec["values"]["persistence"]["vault-token"]
    assert token["advancedMounts"] == {"app": {"main": []}}, "no container of ours and no other pod gets the token"
    assert token["volumeSpec"]["projected"]["sources"][0]["serviceAccountToken"]["path"] == "token"


def test_the_account_comes_beside_the_release_and_gates_wait_for_both(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e", external("login", "token"), release(controllers(KNOWN, env=TOKEN)))
    plan = planned(folder)
    made_so(folder, plan, "inject-pod")
    account = load_all((folder / "helmrelease-app.yaml").read_bytes())[1].value
    assert account == {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "app", "namespace": "apps"}}
    about = dict(next(gate for gate in plan.gates if gate.id == "rollout.recreate-or-single").about)
    assert (about["release"], about["deployment"]) == ("apps/app", "apps/app")


def test_a_workload_that_its_values_call_otherwise_is_asked_about_by_that_name(tmp_path: Path) -> None:
    made = release(_renamed(controllers(KNOWN, env=TOKEN), "other"))
    plan = planned(estate(tmp_path / "e", external("login", "token"), made))
    about = dict(next(gate for gate in plan.gates if gate.id == "rollout.recreate-or-single").about)
    assert (about["release"], about["deployment"]) == ("apps/app", "apps/other")


def _renamed(values: dict[str, Any], name: str) -> dict[str, Any]:
    values["controllers"]["app"]["forceRename"] = name
    return values


def _under(values: dict[str, Any], identifier: str) -> dict[str, Any]:
    values["controllers"]["app"]["serviceAccount"] = {"identifier": identifier}
    return values


@pytest.mark.parametrize("rendered", [False, True], ids=["by values", "by post-renderer"])
def test_a_gate_asks_before_the_cutover_whether_only_that_workload_changes(tmp_path: Path, rendered: bool) -> None:
    made = release(controllers(KNOWN, env=TOKEN))
    folder = unknown(tmp_path / "e") if rendered else estate(tmp_path / "e", external("login", "token"), made)
    plan, before = planned(folder), load_all((folder / "helmrelease-app.yaml").read_bytes())[0].value
    (gate,) = (gate for gate in plan.gates if gate.id == "gitops.drift")
    about = dict(gate.about)
    assert (gate.before.split(".")[1], about["release"]) == ("inject-pod", "apps/app")
    assert about["deployment"] == ("apps/app-portal" if rendered else "apps/app")
    after: Any = jsonpatch.apply_patch(before, json.loads(about["touches"])["patch"])
    assert after["spec"] == spec_after(folder, plan)


def test_a_workload_of_no_release_is_not_asked_about_one(tmp_path: Path) -> None:
    held = workload(container(KNOWN, env=[listed("CLOUDFLARE_API_TOKEN", "login", "token")]))
    plan = planned(estate(tmp_path / "e", external("login", "token"), held))
    assert "gitops.drift" not in {gate.id for gate in plan.gates}


def test_a_mounted_secret_of_a_release_is_written_where_it_was_mounted(tmp_path: Path) -> None:
    values = controllers(UNKNOWN) | {
        "persistence": {
            "data": {"existingClaim": "data"},
            "keys": {
                "type": "secret",
                "name": "{{ .Release.Name }}-login",
                "advancedMounts": {"app": {"main": [{"path": "/etc/keys", "readOnly": True}]}},
            },
        }
    }
    folder = estate(tmp_path / "e", external("app-login", "token"), release(values))
    spec = spec_after(folder, planned(folder))
    assert [*spec["values"]["persistence"]] == ["data", "vault-token"]
    found = notes(spec["values"]["controllers"]["app"]["pod"]["annotations"])
    assert (found["secret-volume-path-token"], found["agent-inject-file-token"]) == ("/etc/keys", "token")


@pytest.mark.parametrize("command", [["serve"], ["/bin/sh", "-ec", "serve"]])
def test_a_command_in_values_is_wrapped(tmp_path: Path, command: list[str]) -> None:
    spec = moved(tmp_path, controllers(UNKNOWN, command=command, envFrom=[{"secretRef": {"name": "login"}}]))
    main = spec["values"]["controllers"]["app"]["containers"]["main"]
    assert main["command"][:2] == ["/bin/sh", "-ec"]
    assert main["command"][3:] == ["sh", *command]
    assert "envFrom" not in main


def test_a_list_of_variables_and_a_list_of_volumes_stay_lists(tmp_path: Path) -> None:
    image = {"registry": "example.test", "repository": "oauth2-proxy/oauth2-proxy", "tag": "v7.6.0"}
    secret = listed("OAUTH2_PROXY_COOKIE_SECRET", "login", "token")
    values = {"image": image, "extraEnv": [{"name": "A", "value": "1"}, secret], "extraVolumes": [{"name": "x"}]}
    made = release({"proxyVarsAsSecrets": False, **values}, chart="oauth2-proxy")
    folder = estate(tmp_path / "e", external("login", "token"), made, settings="breakGlass: tried")
    with pytest.raises(Refused, match="oauth2-proxy would need another argument"):
        planned(folder)
    (folder / "migrate.yaml").write_text('adapters: {oauth2-proxy/oauth2-proxy: "OAUTH2_PROXY_*"}\nbreakGlass: tried')
    after = spec_after(folder, planned(folder))["values"]
    assert [one["name"] for one in after["extraEnv"]] == ["A", "OAUTH2_PROXY_COOKIE_SECRET_FILE"]
    assert [one["name"] for one in after["extraVolumes"]] == ["x", "vault-token"]
    assert "agent-inject" in notes(after["podAnnotations"])
    assert "serviceAccount" not in after, "the chart makes one that nobody else runs under"


PROXY = 'adapters: {oauth2-proxy/oauth2-proxy: "OAUTH2_PROXY_*"}\nbreakGlass: tried'
COOKIE, SESSIONS = "OAUTH2_PROXY_COOKIE_SECRET", "OAUTH2_PROXY_REDIS_PASSWORD"


@pytest.mark.parametrize("switch", [{}, {"proxyVarsAsSecrets": True}, {"proxyVarsAsSecrets": "false"}])
@pytest.mark.parametrize("whole", [False, True], ids=["env", "envFrom"])
def test_a_variable_that_the_chart_sets_too_is_refused_with_the_value_to_set(
    tmp_path: Path, switch: dict[str, Any], whole: bool
) -> None:
    reading = (
        {"envFrom": [{"secretRef": {"name": "login"}}]} if whole else {"extraEnv": [listed(COOKIE, "login", COOKIE)]}
    )
    folder = estate(
        tmp_path / "e", external("login", COOKIE), release(switch | reading, chart="oauth2-proxy"), settings=PROXY
    )
    with pytest.raises(Refused, match=f"sets {COOKIE} from a Secret of its own .* set proxyVarsAsSecrets: false"):
        planned(folder)


def test_a_variable_that_the_chart_leaves_alone_moves_beside_its_own(tmp_path: Path) -> None:
    values = {"extraEnv": [listed(SESSIONS, "login", "token")]}
    folder = estate(tmp_path / "e", external("login", "token"), release(values, chart="oauth2-proxy"), settings=PROXY)
    after = spec_after(folder, planned(folder))["values"]
    assert [one["name"] for one in after["extraEnv"]] == [f"{SESSIONS}_FILE"]


@pytest.mark.parametrize(
    ("chart", "volumes", "mounts"),
    [("dex", "volumes", "volumeMounts"), ("oauth2-proxy", "extraVolumes", "extraVolumeMounts")],
)
@pytest.mark.parametrize(
    "made_of", [{"secret": {"secretName": "login"}}, {"projected": {"sources": [{"secret": {"name": "login"}}]}}]
)
def test_a_volume_in_the_values_of_a_known_chart_moves(
    tmp_path: Path, chart: str, volumes: str, mounts: str, made_of: dict[str, Any]
) -> None:
    values = {
        volumes: [{"name": "other", "emptyDir": {}}, {"name": "keys", **made_of}],
        mounts: [{"name": "other", "mountPath": "/o"}, {"name": "keys", "mountPath": "/etc/keys"}],
    }
    folder = estate(
        tmp_path / "e", external("login", "token"), release(values, chart=chart), settings="breakGlass: tried"
    )
    after = spec_after(folder, planned(folder))["values"]
    assert [one["name"] for one in after[volumes]] == ["other", "vault-token"]
    assert [one["name"] for one in after[mounts]] == ["other"]
    assert notes(after["podAnnotations"])["secret-volume-path-token"] == "/etc/keys"


def test_a_secret_that_a_driver_of_a_volume_reads_stays(tmp_path: Path) -> None:
    driver = {"driver": "example.test", "nodePublishSecretRef": {"name": "login"}}
    made = release({"volumes": [{"name": "keys", "csi": driver}]}, chart="dex")
    assert isinstance(outcome(estate(tmp_path / "e", external("login", "token"), made)), NothingToDo)


def test_what_a_known_chart_mounts_by_itself_needs_what_it_renders(tmp_path: Path) -> None:
    values = {"configSecret": {"create": False, "name": "login"}}
    folder = estate(
        tmp_path / "e", external("login", "config.yaml"), release(values, chart="dex"), settings="breakGlass: tried"
    )
    with pytest.raises(Refused, match=r"known of chart dex: keep what it renders .* \(rendered: \{apps/app: FILE\}\)"):
        planned(folder)
    mount = {"name": "config", "mountPath": "/etc/dex", "readOnly": True}
    image = "ghcr.io/dexidp/dex:v2.44.0"
    held = workload(
        container(image, args=["dex", "serve", "/etc/dex/config.yaml"], volumeMounts=[mount]),
        name="app-dex",
        volumes=[{"name": "config", "secret": {"secretName": "login"}}],
    )
    (folder / "rendered").mkdir()
    (folder / "rendered/app.yaml").write_text(yaml.safe_dump(held))
    (folder / "migrate.yaml").write_text(json.dumps(RENDERED | {"breakGlass": "tried"}))
    spec = spec_after(folder, planned(folder))
    (patch,) = spec["postRenderers"][0]["kustomize"]["patches"]
    after: Any = merge(held, load_all(patch["patch"].encode())[0].value, native=True)
    pod = after["spec"]["template"]
    assert notes(pod["metadata"]["annotations"])["secret-volume-path-config.yaml"] == "/etc/dex"
    assert [one["name"] for one in pod["spec"]["volumes"]] == ["vault-token"]


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (release(controllers(KNOWN, "one", "two", env=TOKEN)), "2 of its workloads read it: app-one, app-two"),
        (release(controllers(KNOWN, env=TOKEN), version="3.1.0"), "which ServiceAccount its pod runs under"),
        (
            release(controllers(KNOWN, env=TOKEN), valuesFrom=[{"kind": "ConfigMap", "name": "more"}]),
            r"part of its values stand in ConfigMap more \(valuesFrom\)",
        ),
        (
            release(controllers(KNOWN, "one", "two") | {"image": KNOWN, "env": TOKEN}),
            "where its values name login is no setting of a pod that is known of chart app-template",
        ),
        (
            release(controllers(KNOWN, env=TOKEN) | {"image": KNOWN, "env": TOKEN}),
            "its values name login at /spec/values/env/CLOUDFLARE_API_TOKEN/valueFrom/secretKeyRef/name too",
        ),
        (
            release(_renamed(controllers(KNOWN, env=TOKEN), "{{ .Release.Name }}-x-{{ .Chart.Name }}")),
            r"its values rename the workload by a template \(forceRename: ",
        ),
        (
            release(
                _under(controllers(KNOWN, env=TOKEN), "own") | {"serviceAccount": {"own": {"forceRename": "other"}}}
            ),
            "which ServiceAccount its pod runs under",
        ),
        (
            release({"image": KNOWN, "env": TOKEN}, chart="portal"),
            r"what chart portal makes of its values is not known: .*rendered: \{apps/app: FILE\}",
        ),
    ],
)
def test_a_release_that_cannot_be_changed_exactly_says_why(tmp_path: Path, made: dict[str, Any], why: str) -> None:
    folder = estate(tmp_path / "e", external("login", "token"), made)
    with pytest.raises(Refused, match=why):
        planned(folder)


def test_annotations_for_every_pod_are_added_to_not_hidden(tmp_path: Path) -> None:
    shared = {"defaultPodOptions": {"annotations": {"kept": "yes"}}}
    spec = moved(tmp_path, controllers(KNOWN, env=TOKEN) | shared)
    assert spec["values"]["defaultPodOptions"]["annotations"]["kept"] == "yes"
    assert "pod" not in spec["values"]["controllers"]["app"]


def test_two_clusters_with_a_release_of_one_name_each_keep_their_own_secrets(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e")
    for cluster in ("one", "two"):
        made = external("login", f"token-{cluster}")
        made["spec"]["data"][0]["secretKey"] = "token"
        (folder / cluster).mkdir()
        for name, found in (("login", made), ("app", release(controllers(KNOWN, env=TOKEN)))):
            (folder / cluster / f"{name}.yaml").write_text(yaml.safe_dump(found))
        (folder / cluster / "kustomization.yaml").write_text("resources: [../store.yaml, login.yaml, app.yaml]\n")
    (folder / "kustomization.yaml").unlink()
    both = candidates_of(folder)
    assert {(one.workload.file, one.secrets[0].file) for one in both} == {
        ("one/app.yaml", "one/login.yaml"),
        ("two/app.yaml", "two/login.yaml"),
    }


def test_a_secret_that_nothing_of_vault_is_in_is_not_moved(tmp_path: Path) -> None:
    made = external("login", target={"name": "login", "template": {"data": {"token": "plain"}}})
    folder = estate(tmp_path / "e", made, release(controllers(KNOWN, env=TOKEN)))
    with pytest.raises(Refused, match="nothing of it comes from Vault"):
        planned(folder)


# --- charts that nobody knows --------------------------------------------------------------------------------------

RENDERED = {"rendered": {"apps/app": "rendered/app.yaml"}}


def unknown(folder: Path, **spec: Any) -> Path:
    """An estate whose release of an unknown chart is declared with what it renders."""
    made = release({"image": KNOWN, "env": TOKEN}, chart="portal", **spec)
    estate(folder, external("login", "token"), made, settings=yaml.safe_dump(RENDERED))
    env = [{"name": "A", "value": "1"}, listed("CLOUDFLARE_API_TOKEN", "login", "token")]
    (folder / "rendered").mkdir()
    held = workload(container(KNOWN, env=env), name="app-portal")
    (folder / "rendered/app.yaml").write_text(yaml.safe_dump(held))
    return folder


def test_a_post_renderer_comes_behind_those_there_are(tmp_path: Path) -> None:
    theirs = {"kustomize": {"images": [{"name": "a", "newName": "b"}]}}
    folder = unknown(tmp_path / "e", postRenderers=[theirs])
    rendered = load_all((folder / "rendered/app.yaml").read_bytes())[0].value
    first, ours = spec_after(folder, planned(folder))["postRenderers"]
    assert first == theirs
    (patch,) = ours["kustomize"]["patches"]
    assert patch["target"] == {"kind": "Deployment", "name": "app-portal"}
    after: Any = merge(rendered, load_all(patch["patch"].encode())[0].value, native=True)
    pod = after["spec"]["template"]["spec"]
    assert {one["name"] for one in pod["containers"][0]["env"]} == {"A", "CLOUDFLARE_API_TOKEN_FILE"}
    assert pod["serviceAccountName"] == "app-portal"
    assert pod["containers"][0]["image"] == KNOWN
    assert notes(after["spec"]["template"]["metadata"]["annotations"])["role"] == "mig-apps-app"


def test_values_that_still_name_a_secret_behind_a_post_renderer_are_nothing_to_do(tmp_path: Path) -> None:
    folder = unknown(tmp_path / "e")
    made_so(folder, planned(folder), "inject-pod")
    assert isinstance(outcome(folder), NothingToDo)


def test_a_file_of_what_is_rendered_that_is_not_there_is_named(tmp_path: Path) -> None:
    folder = unknown(tmp_path / "e")
    (folder / "rendered/app.yaml").unlink()
    with pytest.raises(Refused, match=r"rendered/app\.yaml, which rendered in migrate\.yaml names, cannot be read"):
        planned(folder)


@pytest.mark.parametrize("custom", [False, True])
def test_a_single_file_of_a_chart_stays_mounted_and_its_volume_holds_memory(tmp_path: Path, custom: bool) -> None:
    mounts = {"globalMounts": [{"path": "/app/conf/token", "subPath": "token", "readOnly": True}]}
    of_secret = {"type": "secret", "name": "login", "defaultMode": 0o440}
    by_hand = {"type": "custom", "volumeSpec": {"secret": {"secretName": "login"}}}
    values = controllers(UNKNOWN) | {"persistence": {"conf": {**(by_hand if custom else of_secret), **mounts}}}
    said = "overrides: [{secret: apps/login, verdict: adapt, reason: its volume is known}]" if custom else ""
    folder = estate(tmp_path / "e", external("login", "token"), release(values), settings=said)
    spec = spec_after(folder, planned(folder))
    memory = {"medium": "Memory"}
    kept = {"type": "custom", "volumeSpec": {"emptyDir": memory}} if custom else {"type": "emptyDir", **memory}
    assert spec["values"]["persistence"]["conf"] == kept | mounts
    told = notes(spec["values"]["controllers"]["app"]["pod"]["annotations"])
    assert told["agent-inject-file-token"] == "../files/conf/token"
    for patch in ("agent-json-patch", "agent-init-json-patch"):
        added = [one["value"] for one in json.loads(told[patch]) if one["path"] == "/volumeMounts/-"]
        assert added == [{"name": "conf", "mountPath": "/vault/files/conf"}]
