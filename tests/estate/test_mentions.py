"""Where a name or a literal may stand, it is told apart by the place; texts of YAML name Secrets like objects do."""

# ruff: noqa: E501  one case a line reads better than one case over four

from __future__ import annotations

import pytest

from tests.estate.test_verdicts import custom, release
from tests.estate.trees import deployment, env, external, scan, secret

VALUES = "{controllers: {main: {%scontainers: {app: {image: {repository: example.org/x, tag: '1'}, %s}}}}}"
READ = "envFrom: [{secretRef: {name: db}}]"


def judged(text: str) -> tuple[str, str]:
    found = secret(scan({"all.yaml": external("db") + text}), "apps/db")
    return found.verdict, found.reasons[0].code


def test_an_annotation_that_restarts_pods_is_no_reader_beside_one() -> None:
    reloader = "annotations: {secret.reloader.stakater.com/reload: 'db,other'}, "
    assert judged(release(VALUES % (reloader, READ))) == ("code", "code.env-only")


def test_where_only_that_annotation_names_it_something_reads_it_unseen() -> None:
    values = "{podAnnotations: {secret.reloader.stakater.com/reload: 'other, db'}}"
    assert judged(release(values, "some-chart")) == ("keep", "keep.helm-values")


@pytest.mark.parametrize(
    ("annotation", "verdict"),
    [
        ("nginx.ingress.kubernetes.io/auth-secret: db", "keep"),
        ("nginx.ingress.kubernetes.io/auth-tls-secret: apps/db", "keep"),
        ("nginx.ingress.kubernetes.io/auth-realm: db", "orphan"),
    ],
)
def test_annotations_in_values_name_a_secret_where_their_key_says_so(annotation: str, verdict: str) -> None:
    assert judged(release(f"{{ingress: {{annotations: {{{annotation}}}}}}}", "some-chart"))[0] == verdict


def test_a_plain_variable_with_the_value_of_a_secrets_name_is_no_reference() -> None:
    assert judged(release(VALUES % ("", READ + ", env: {OAUTH_CLIENT_ID: db}"))) == ("code", "code.env-only")
    assert judged(release(VALUES % ("", "env: {OAUTH_CLIENT_ID: db}")))[0] == "orphan"


def test_a_plain_variable_that_says_it_holds_a_secrets_name_is_one() -> None:
    assert judged(release(VALUES % ("", "env: {LOGIN_SECRET_NAME: db}"))) == ("keep", "keep.helm-values")


def test_what_argo_is_told_to_leave_alone_is_not_read() -> None:
    spec = "{project: x, source: {path: ., helm: {values: ''}}, ignoreDifferences: [{kind: Secret, name: db}]}"
    assert judged(custom(spec, "argoproj.io/v1alpha1", "Application"))[0] == "orphan"


PATCH = '{kustomize: {patches: [{patch: "- op: add\\n  path: /spec/decryption\\n  value:\\n    secretRef:\\n      name: db\\n"}]}}'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (custom(PATCH, "fluxcd.controlplane.io/v1", "FluxInstance"), "keep.custom-resource"),
        (release("{extra: \"kind: Thing\\nspec:\\n  secretRef:\\n    name: db\\n\"}", "some-chart"), "keep.helm-values"),
        ("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: apps}\ndata: {job.yaml: \"env:\\n- valueFrom: {secretKeyRef: {name: db}}\\n\"}\n", "keep.custom-resource"),
    ],
)  # fmt: skip
def test_objects_and_patches_held_as_a_text_of_yaml_are_readers(text: str, code: str) -> None:
    assert judged(text) == ("keep", code)


REFERENCES = {
    "kind Secret": custom("{varsFrom: [{kind: Secret, name: db}]}"),
    "namespace and name in one": custom("{virtualhost: {tls: {secretName: apps/db}}}").replace("namespace: apps}", "namespace: web}"),
    "what a policy has copied": custom("{rules: [{generate: {kind: Secret, name: new, namespace: web, clone: {namespace: apps, name: db}}}]}", "kyverno.io/v1", "ClusterPolicy"),
    "parameters of a storage driver": custom("{}", "storage.k8s.io/v1", "StorageClass").replace("spec: {}", "parameters: {csi.storage.k8s.io/provisioner-secret-name: db, csi.storage.k8s.io/provisioner-secret-namespace: apps}"),
    "pull secret": custom("{sync: {kind: GitRepository, url: x, pullSecret: db}}", "fluxcd.controlplane.io/v1", "FluxInstance"),
}  # fmt: skip


@pytest.mark.parametrize("text", REFERENCES.values(), ids=REFERENCES.keys())
def test_references_that_say_of_themselves_that_they_are_of_a_secret(text: str) -> None:
    assert judged(text) == ("keep", "keep.custom-resource")


def test_a_patchs_target_and_what_belongs_to_a_secret_read_nothing() -> None:
    assert judged(custom("{patches: [{target: {kind: Secret, name: db}}]}"))[0] == "orphan"


def test_a_template_in_place_of_a_name_counts_where_nothing_else_reads_the_secret() -> None:
    values = VALUES % ("", "envFrom: [{secretRef: {name: '{{ include \"x.fullname\" . }}-login'}}]")
    text = external("web-login") + external("db") + release(values)
    inventory = scan({"all.yaml": text})
    assert secret(inventory, "apps/web-login").reasons[0].code == "keep.helm-values"
    assert secret(inventory, "apps/db").verdict == "orphan"
    read = scan({"all.yaml": text + deployment(env("web-login", "POSTGRES_PASSWORD", "postgres:16"))})
    assert secret(read, "apps/web-login").verdict == "adapt"


def test_images_that_values_in_a_config_map_name_are_known() -> None:
    values = (
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: v, namespace: apps}\ndata:\n  values.yaml: |\n    %s\n"
    )
    inside = "{db: {image: {repository: postgres, tag: '16'}, env: [{name: POSTGRES_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}]}}"
    more = "  valuesFrom: [{kind: ConfigMap, name: v}]\n"
    assert judged(values % inside + release("{}", "some-chart", more)) == ("adapt", "adapt.env-file")


def test_a_certificate_of_an_istio_gateway_lies_beside_the_gateways_pods() -> None:
    gateway = custom("{servers: [{tls: {mode: SIMPLE, credentialName: db}}]}", "networking.istio.io/v1", "Gateway")
    assert judged(gateway.replace("namespace: apps", "namespace: web")) == ("keep", "keep.gateway-tls")
