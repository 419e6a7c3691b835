"""What operators read without any object naming it: by a label, by a resource's name, by a release's name."""

# ruff: noqa: E501  one case a line reads better than one case over four

from __future__ import annotations

import pytest

from migrate.estate.inventory import Secret
from tests.estate.test_verdicts import custom, release
from tests.estate.trees import deployment, env, external, scan, secret


def labelled(label: str, place: str = "labels") -> str:
    return external("db").replace(
        "    name: db\n", f"    name: db\n    template: {{metadata: {{{place}: {{{label}}}}}}}\n"
    )


def found(text: str) -> Secret:
    return secret(scan({"all.yaml": text}), "apps/db")


@pytest.mark.parametrize(
    ("text", "reader"),
    [
        (labelled("argocd.argoproj.io/secret-type: repository"), "Argo CD"),
        (labelled("app.kubernetes.io/part-of: argocd"), "Argo CD"),
        (labelled("grafana_datasource: '1'"), "the sidecar of the Grafana chart"),
        (labelled("cnpg.io/reload: 'true'"), "CloudNativePG"),
        (labelled("cert-manager.io/allow-direct-injection: 'true'", "annotations"), "the CA injector of cert-manager"),
    ],
)
def test_a_secret_with_a_label_that_somebody_looks_for_is_kept_and_names_them(text: str, reader: str) -> None:
    one = found(text)
    assert (one.verdict, one.reasons[0].code) == ("keep", "keep.custom-resource")
    assert one.reasons[0].reader is not None
    assert one.reasons[0].reader.name == reader


def test_a_label_of_that_key_with_another_value_has_no_reader() -> None:
    assert found(labelled("app.kubernetes.io/part-of: shop")).verdict == "orphan"


def test_without_a_template_the_secret_gets_the_labels_of_its_external_secret() -> None:
    own = external("db").replace("  name: db\n", "  name: db\n  labels: {app.kubernetes.io/part-of: argocd}\n", 1)
    assert found(own).verdict == "keep"
    templated = own.replace("    name: db\n", "    name: db\n    template: {data: {password: x}}\n")
    assert found(templated).verdict == "orphan"


def test_a_label_that_only_says_who_watches_does_not_outweigh_a_reader_that_is_known() -> None:
    pod = deployment(env("db", "POSTGRES_PASSWORD", "postgres:16"))
    assert found(labelled("cnpg.io/reload: 'true'") + pod).verdict == "adapt"


def test_an_annotation_that_has_it_copied_counts_where_there_is_no_template() -> None:
    for annotation, verdict in {
        "kubed.appscode.com/sync: ''": "keep",
        "helm.sh/resource-policy: keep": "orphan",
    }.items():
        own = external("db").replace("  name: db\n", f"  name: db\n  annotations: {{{annotation}}}\n", 1)
        assert found(own).verdict == verdict


@pytest.mark.parametrize(
    ("name", "api", "kind"),
    [
        ("it-admin-credentials", "grafana.integreatly.org/v1beta1", "Grafana"),
        ("alertmanager-it", "monitoring.coreos.com/v1", "Alertmanager"),
        ("shop.it.credentials.postgresql.acid.zalan.do", "acid.zalan.do/v1", "postgresql"),
        ("argocd-secret", "argoproj.io/v1alpha1", "AppProject"),
        ("it-superuser", "postgresql.cnpg.io/v1", "Cluster"),
    ],
)
def test_a_secret_called_after_a_resource_is_read_by_its_operator(name: str, api: str, kind: str) -> None:
    inventory = scan({"all.yaml": external(name) + external("other") + custom("{}", api, kind)})
    kept = secret(inventory, f"apps/{name}")
    assert (kept.verdict, kept.reasons[0].code) == ("keep", "keep.custom-resource")
    assert kept.reasons[0].reader is not None
    assert kept.reasons[0].reader.kind == kind
    assert secret(inventory, "apps/other").verdict == "orphan"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ("{}", "shop-altinity-clickhouse-operator"),
        ("{fullnameOverride: db}", "db"),
        ("{nameOverride: ch}", "shop-ch"),
        ("{nameOverride: sho}", "shop"),
    ],
)
def test_a_secret_called_after_the_release_is_read_by_its_chart(values: str, name: str) -> None:
    text = external(name) + external("other") + release(values, "altinity-clickhouse-operator")
    inventory = scan({"all.yaml": text})
    kept = secret(inventory, f"apps/{name}")
    assert (kept.verdict, kept.reasons[0].code) == ("keep", "keep.helm-values")
    assert secret(inventory, "apps/other").verdict == "orphan"


def test_the_value_that_names_a_release_may_stand_in_a_config_map_or_a_values_file() -> None:
    values = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: v, namespace: apps}\ndata: {values.yaml: 'fullnameOverride: db'}\n"
    more = "  valuesFrom: [{kind: ConfigMap, name: v}]\n"
    assert found(external("db") + values + release("{}", "altinity-clickhouse-operator", more)).verdict == "keep"
    chart = (
        "helmCharts: [{name: altinity-clickhouse-operator, releaseName: shop, namespace: apps, valuesFile: v.yaml}]\n"
    )
    files = {
        "kustomization.yaml": f"resources: [db.yaml]\n{chart}",
        "db.yaml": external("db"),
        "v.yaml": "fullnameOverride: db\n",
    }
    assert secret(scan(files), "apps/db").verdict == "keep"


GRAFANA = "{deployment: {spec: {template: {spec: {containers: [{name: grafana, env: [{name: %s, valueFrom: {secretKeyRef: {name: db, key: password}}}]}]}}}}}"


@pytest.mark.parametrize(
    ("variable", "verdict", "code"),
    [
        ("GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET", "adapt", "adapt.env-file"),
        ("GF_SECURITY_ADMIN_PASSWORD", "keep", "keep.custom-resource"),
    ],
)
def test_grafanas_operator_reads_its_login_itself_and_starts_an_image_that_is_known(
    variable: str, verdict: str, code: str
) -> None:
    one = found(external("db") + custom(GRAFANA % variable, "grafana.integreatly.org/v1beta1", "Grafana"))
    assert (one.verdict, one.reasons[0].code) == (verdict, code)


def test_a_secret_that_another_external_secret_copies_through_a_store_of_the_cluster_is_read_by_it() -> None:
    store = custom("{provider: {kubernetes: {remoteNamespace: apps}}}", "external-secrets.io/v1", "ClusterSecretStore")
    copy = external("copy", "web", store="it").replace("key: team/db/password", "key: db")
    one = found(external("db") + store + copy)
    assert (one.verdict, one.reasons[0].code) == ("keep", "keep.custom-resource")
    assert one.reasons[0].reader is not None
    assert one.reasons[0].reader.target == "ExternalSecret web/copy"
    remote = store.replace("{remoteNamespace", "{server: {url: 'https://far.example.net'}, remoteNamespace")
    assert found(external("db") + remote + copy).verdict == "orphan"
