"""Who is served by the agent, whoever wrote the annotations and wherever; and what that says of unread copies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrate.estate.inventory import Inventory, Served
from migrate.estate.report import document
from migrate.injector import secret as injector
from migrate.model.json import mapping, reach
from tests.estate.trees import ROOT, deployment, env, external, scan, secret

VECTORS = ROOT.parent / "shared" / "injector-vectors"
STORE = """---
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: vault}
spec: {provider: {vault: {server: "https://vault.example:8200", path: kv, version: v2}}}
"""
COPY = STORE + external("login")
"""An ExternalSecret that copies `value` of team/db/password."""
TEMPLATE = '{{- with secret "kv/data/team/db/password" -}}{{ .Data.data.value }}{{- end -}}'
FETCHED = [("kv/data/team/db/password", ("value",))]


def notes(template: str = TEMPLATE, **more: str) -> str:
    """Annotations in flow style, as somebody types them."""
    given = {"agent-inject": "true", "role": "web", "agent-inject-template-db": template}
    given |= {name.replace("_", "-"): value for name, value in more.items()}
    return json.dumps({f"vault.hashicorp.com/{name}": value for name, value in given.items()})


def pod(annotations: str, kind: str = "Deployment") -> str:
    container = "{name: main, image: example.org/team/web:1}"
    made = deployment(container).replace("labels: {app: web}", f"labels: {{app: web}}, annotations: {annotations}")
    return made.replace("kind: Deployment", f"kind: {kind}")


def release(values: str = "{}", more: str = "", chart: str = "own") -> str:
    return f"""---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: web, namespace: apps}}
spec:
  chart: {{spec: {{chart: {chart}, sourceRef: {{kind: HelmRepository, name: own}}}}}}
  values: {values}
{more}"""


def post(patch: str) -> str:
    body = "\n".join(f"              {line}" for line in patch.splitlines())
    return f"  postRenderers:\n    - kustomize:\n        patches:\n          - patch: |\n{body}\n"


def alone(inventory: Inventory) -> Served:
    (found,) = inventory.served
    return found


LIST = f"[{{op: add, path: /spec/template/metadata/annotations, value: {notes()}}}]"
MERGE = f"kind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{metadata: {{annotations: {notes()}}}}}}}"
CRON = f"""---
apiVersion: batch/v1
kind: CronJob
metadata: {{name: web, namespace: apps}}
spec:
  jobTemplate: {{spec: {{template: {{metadata: {{annotations: {notes()}}}, spec: {{containers: [{{name: a}}]}}}}}}}}
"""
POD = f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: apps, annotations: {notes()}}}\n"
ONE_BY_ONE = json.dumps(
    [
        {"op": "add", "path": f"/spec/template/metadata/annotations/{name.replace('/', '~1')}", "value": value}
        for name, value in json.loads(notes()).items()
    ]
)
IN_A_LIST = "---\napiVersion: v1\nkind: List\nitems:\n  - " + pod(notes()).removeprefix("---\n").replace("\n", "\n    ")
PLACES = {
    "pod template": (pod(notes()), "/spec/template/metadata/annotations"),
    "cron job": (CRON, "/spec/jobTemplate/spec/template/metadata/annotations"),
    "pod": (POD, "/metadata/annotations"),
    "values": (release(f"{{web: {{podAnnotations: {notes()}}}}}"), "/spec/values/web/podAnnotations"),
    "post-renderer": (release(more=post(MERGE)), "/spec/postRenderers/0/kustomize/patches/0/patch"),
    "list": (IN_A_LIST, "/items/0/spec/template/metadata/annotations"),
    "one by one": (release(more=post(ONE_BY_ONE)), "/spec/postRenderers/0/kustomize/patches/0/patch"),
    "operations": (release(more=post(LIST)), "/spec/postRenderers/0/kustomize/patches/0/patch"),
    "operator's": (
        "---\napiVersion: example.org/v1\nkind: Web\nmetadata: {name: web, namespace: apps}\n"
        f"spec: {{podMetadata: {{annotations: {notes()}}}}}\n",
        "/spec/podMetadata/annotations",
    ),
}


@pytest.mark.parametrize(("text", "pointer"), PLACES.values(), ids=PLACES)
def test_what_the_agent_fetches_is_read_wherever_pods_are_annotated(text: str, pointer: str) -> None:
    inventory = scan({"all.yaml": COPY + text})
    found = alone(inventory)
    assert (found.namespace, found.name, found.pointer, found.role, found.files) == (
        "apps",
        "web",
        pointer,
        "web",
        ("db",),
    )
    assert [tuple(one) for one in found.fetched] == FETCHED
    assert found.secrets == ("apps/login",)
    assert [reason.code for reason in secret(inventory, "apps/login").reasons] == ["orphan.served-by-agent"]


NOWHERE = {
    "the object's own": deployment(env("other")).replace("name: web,", f"name: web, annotations: {notes()},"),
    "beside the job's template": CRON.replace(
        "jobTemplate: {spec:", f"jobTemplate: {{metadata: {{annotations: {notes()}}}, spec:"
    ).replace(f"template: {{metadata: {{annotations: {notes()}}}, ", "template: {"),
    "switched off": pod(notes(agent_inject="false")),
    "no boolean": pod(notes(agent_inject="yes")),
    "copied from a live pod": pod(notes(agent_inject_status="injected")),
    "where a known chart puts them elsewhere": release(
        f"{{grafana: {{annotations: {notes()}}}}}", chart="kube-prometheus-stack"
    ),
    "in a policy for others": "---\napiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: web}\n"
    f"spec: {{mutate: {{metadata: {{annotations: {notes()}}}}}}}\n",
}


@pytest.mark.parametrize("text", NOWHERE.values(), ids=NOWHERE)
def test_annotations_that_reach_no_pod_serve_nobody(text: str) -> None:
    assert "agent-inject" in text
    inventory = scan({"all.yaml": COPY + text})
    assert inventory.served == ()
    assert [reason.code for reason in secret(inventory, "apps/login").reasons] == ["orphan.no-reader"]


def test_a_known_chart_serves_where_it_puts_annotations_of_pods() -> None:
    text = release(f"{{grafana: {{podAnnotations: {notes()}}}}}", chart="kube-prometheus-stack")
    assert alone(scan({"all.yaml": COPY + text})).pointer == "/spec/values/grafana/podAnnotations"


def test_values_in_a_config_map_are_those_of_the_release() -> None:
    more = "  valuesFrom: [{kind: ConfigMap, name: web-values}]\n"
    held = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web-values, namespace: apps}\n"
    held += f"data:\n  values.yaml: |\n    podAnnotations: {notes()}\n"
    found = alone(scan({"web.yaml": COPY + release(more=more), "values.yaml": held}))
    assert (found.kind, found.file, found.pointer) == ("HelmRelease", "values.yaml", "/podAnnotations")


ARGO = """---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  destination: {namespace: apps}
  source:
    chart: own
    helm:
      values: |
        podAnnotations: """


def test_argo_values_in_a_text_are_read() -> None:
    found = alone(scan({"all.yaml": COPY + ARGO + notes()}))
    assert (found.kind, found.namespace) == ("Application", "apps")


def test_what_a_patch_of_an_overlay_adds_counts_and_what_it_takes_away_does_not() -> None:
    listed = "kind: Kustomization\nresources: [base.yaml]\npatches:\n  - patch: |\n      apiVersion: apps/v1\n"
    named = "      kind: Deployment\n      metadata: {name: web, namespace: apps}\n"
    adds = f"      spec: {{template: {{metadata: {{annotations: {notes()}}}}}}}\n"
    takes = '      spec: {template: {metadata: {annotations: {"vault.hashicorp.com/agent-inject": null}}}}\n'
    plain = COPY + deployment("{name: main, image: example.org/team/web:1}")
    assert alone(scan({"base.yaml": plain, "kustomization.yaml": listed + named + adds})).files == ("db",)
    annotated = COPY + pod(notes())
    assert scan({"base.yaml": annotated, "kustomization.yaml": listed + named + takes}).served == ()


def test_a_variable_of_flux_is_replaced_in_a_path() -> None:
    flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
    flux += "metadata: {name: apps, namespace: flux-system}\n"
    flux += "spec: {path: ./apps, sourceRef: {kind: GitRepository, name: own}, postBuild: {substitute: {TEAM: team}}}\n"
    text = pod(notes(TEMPLATE.replace("/team/", "/${TEAM}/")))
    inventory = scan({"flux/apps.yaml": flux, "apps/all.yaml": COPY + text})
    assert alone(inventory).fetched[0].path == "kv/data/team/db/password"


@pytest.mark.parametrize(
    ("template", "keys"),
    [
        ('{{ with secret "kv/data/a" }}{{ .Data.data.user }}:{{ .Data.data.password }}{{ end }}', ("user", "password")),
        ('{{ with secret "kv/data/a" }}{{ index .Data.data "a-b" }}{{ end }}', ("a-b",)),
        ('{{ $s := secret "kv/data/a" }}{{ index $s.Data.data "a.b" }}', ("a.b",)),
        ('{{ with secret "kv/data/a" }}{{ .Data.data | toJSON }}{{ end }}', ("*",)),
        ('{{ with secret "kv/data/a" }}{{ range $k, $v := .Data.data }}{{ $k }}={{ $v }}{{ end }}{{ end }}', ("*",)),
        ("{{ with secret `/kv/data/a?version=3` }}{{ .Data.data.one }}{{ end }}", ("one",)),
        ('{{ with secret "kv/data/a" }}{{ .Data.password }}{{ end }}', ("password",)),
        ('{{ `{{ with secret \\"kv/data/a\\" }}{{ .Data.data.one }}{{ end }}` }}', ("one",)),
        ('{{ with secret "kv/data/a" }}{{ .RequestID }}{{ end }}', ()),
    ],
)
def test_the_keys_that_a_template_takes_are_read(template: str, keys: tuple[str, ...]) -> None:
    found = alone(scan({"all.yaml": pod(notes(template))}))
    assert [tuple(one) for one in found.fetched] == [("kv/data/a", keys)]


def test_the_default_template_takes_everything() -> None:
    given = (
        '{"vault.hashicorp.com/agent-inject": "true", "vault.hashicorp.com/agent-inject-secret-DB.env": "kv/data/a"}'
    )
    found = alone(scan({"all.yaml": pod(given)}))
    assert (found.files, [tuple(one) for one in found.fetched]) == (("db.env",), [("kv/data/a", ("*",))])


def test_templates_that_stand_elsewhere_are_named_and_not_guessed() -> None:
    by_file = alone(scan({"all.yaml": pod(notes("", agent_inject_template_file_db="/templates/db"))}))
    assert (by_file.files, by_file.fetched, by_file.elsewhere) == (
        ("db",),
        (),
        ("/templates/db in the agent's container",),
    )
    by_map = alone(scan({"all.yaml": pod(notes(agent_configmap="agent"))}))
    assert (by_map.files, by_map.fetched, by_map.elsewhere) == ((), (), ("ConfigMap agent",))


# --- what it says of copies -----------------------------------------------------------------------------------


def _codes(text: str, name: str = "apps/login") -> list[str]:
    return [reason.code for reason in secret(scan({"all.yaml": text}), name).reasons]


def test_another_key_of_the_same_path_explains_no_copy() -> None:
    assert _codes(COPY + pod(notes(TEMPLATE.replace(".value", ".other")))) == ["orphan.no-reader"]


def test_another_namespace_explains_no_copy() -> None:
    text = pod(notes()).replace("namespace: apps", "namespace: others")
    assert _codes(COPY + text) == ["orphan.no-reader"]


def test_another_mount_is_another_value() -> None:
    text = pod(notes(TEMPLATE.replace("kv/data", "others/data")))
    assert _codes(COPY + text) == ["orphan.no-reader", "orphan.served-beside"]


def test_a_copy_that_is_served_in_part_says_how_much() -> None:
    two = COPY + "    - secretKey: user\n      remoteRef: {key: team/db/user, property: value}\n"
    inventory = scan({"all.yaml": two + pod(notes())})
    first, second = secret(inventory, "apps/login").reasons
    assert (first.code, second.code) == ("orphan.no-reader", "orphan.served-beside")
    assert "fetches kv/data/team/db/password; whether anybody needs the rest" in second.text
    user = notes(TEMPLATE.replace("/password", "/user"))
    assert _codes(two + pod(notes()) + pod(user).replace("name: web", "name: job")) == ["orphan.served-by-agent"]


@pytest.mark.parametrize(
    ("template", "code"),
    [
        (TEMPLATE, "orphan.served-beside"),
        (TEMPLATE.replace(".Data.data.value", ".Data.data | toJSON"), "orphan.served-by-agent"),
    ],
)
def test_a_copy_of_a_whole_map_is_served_by_all_of_it_only(template: str, code: str) -> None:
    copy = COPY.partition("  data:\n")[0] + "  dataFrom: [{extract: {key: team/db/password}}]\n"
    inventory = scan({"all.yaml": copy + pod(notes(template))})
    assert secret(inventory, "apps/login").reasons[-1].code == code
    assert alone(inventory).secrets == ("apps/login",)


def test_a_login_that_nothing_copies_may_have_come_in_its_place() -> None:
    text = pod(notes('{{ with secret "database/static-creds/web" }}{{ .Data.password }}{{ end }}'))
    inventory = scan({"all.yaml": COPY + text})
    first, second = secret(inventory, "apps/login").reasons
    assert (first.code, second.code) == ("orphan.no-reader", "orphan.served-beside")
    assert "database/static-creds/web" in second.text
    assert alone(inventory).secrets == ()


def test_a_copy_that_is_read_keeps_its_verdict_and_the_served_name_it() -> None:
    before = COPY + deployment(env("login"), name="old")
    alike, served = scan({"all.yaml": before}), scan({"all.yaml": before + pod(notes())})
    assert secret(served, "apps/login").verdict == secret(alike, "apps/login").verdict != "orphan"
    assert secret(served, "apps/login").reasons == secret(alike, "apps/login").reasons
    assert alone(served).secrets == ("apps/login",)
    assert served.totals() == alike.totals()


def test_a_text_that_names_the_copy_still_comes_first() -> None:
    script = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: s, namespace: apps}\n"
    script += "data:\n  run: |\n    kubectl get secret\n    login\n"
    assert _codes(COPY + script + pod(notes())) == ["orphan.text-only", "orphan.served-by-agent"]


def test_no_text_of_a_template_comes_out() -> None:
    canary = "CANARY-7c1e"
    text = pod(notes(TEMPLATE + canary, agent_inject_command_db=f"sh -c {canary}"))
    inventory = scan({"all.yaml": COPY + text})
    assert canary not in json.dumps(document(inventory, ".", None, dirty=False))
    assert canary not in repr(inventory)


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the injector's recorded answers are not beside the project")
def test_files_are_named_as_the_injector_names_them() -> None:
    named = 0
    for given in filter(None, map(_annotated, sorted(VECTORS.glob("*.json")))):
        text = json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "annotations": given}})
        inventory = scan({"pod.json": text})
        if inventory.served and not inventory.served[0].elsewhere:
            files = sorted(one.file or one.name for one in injector.read(given))
            assert sorted(inventory.served[0].files) == files, given
            named += bool(files)
    assert named > 20


def _annotated(file: Path) -> dict[str, str]:
    """The annotations of a pod that the injector was asked about and let pass."""
    vector = mapping(json.loads(file.read_bytes()))
    if mapping(vector.get("answer")).get("allowed") is not True:
        return {}
    given = mapping(reach(vector, "pod", "metadata", "annotations"))
    return {key: str(item) for key, item in given.items()}
