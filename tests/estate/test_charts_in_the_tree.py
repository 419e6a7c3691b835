"""Charts and values that lie in the tree, as Argo CD and Flux find them there: what they name has a reader."""

from __future__ import annotations

import pytest

from migrate.estate.inventory import Secret
from tests.estate.test_verdicts import release
from tests.estate.trees import external, scan, secret

IMAGE = "image: {repository: postgres, tag: '16'}"
VALUES = (
    f"db: {{{IMAGE}, env: [{{name: POSTGRES_PASSWORD, valueFrom: {{secretKeyRef: {{name: db, key: password}}}}}}]}}\n"
)
CHART = "apiVersion: v2\nname: shop\nversion: 1.0.0\n"
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  template:
    spec:
      containers:
        - name: main
          {{- if .Values.login }}
          env:
            - name: PASSWORD
              valueFrom:
                secretKeyRef:
                  key: password
                  name: %s
          {{- end }}
"""


def application(source: str, kind: str = "Application", more: str = "", namespace: str = "apps") -> str:
    spec = f"{{project: x, destination: {{namespace: {namespace}}}, {source}}}"
    inner = spec if kind == "Application" else f"{{{more}, template: {{metadata: {{name: it}}, spec: {spec}}}}}"
    return f"apiVersion: argoproj.io/v1alpha1\nkind: {kind}\nmetadata: {{name: db, namespace: argocd}}\nspec: {inner}\n"


def found(files: dict[str, str]) -> Secret:
    everything = {"apps/db.yaml": external("db"), "argo/apps.yaml": application("source: {path: apps}"), **files}
    return secret(scan(everything), "apps/db")


REMOTE = "{chart: some, repoURL: 'https://charts.example.net', helm: {valueFiles: [$mine/charts/db.yaml]}}"


def test_values_that_argo_takes_from_another_source_are_read() -> None:
    text = application(f"sources: [{REMOTE}, {{repoURL: 'https://git.example.net/me', ref: mine}}]")
    one = found({"argo/db.yaml": text, "charts/db.yaml": VALUES})
    assert (one.verdict, one.reasons[0].code) == ("adapt", "adapt.env-file")
    assert one.readers[0].file == "charts/db.yaml"
    assert one.readers[0].target == "Application argocd/db" or one.readers[0].name == "db"


def test_values_that_a_generator_names_are_those_that_fit() -> None:
    source = "source: {chart: some, helm: {valueFiles: ['$mine/charts/{{.path.basename}}/values.yaml']}}"
    text = application(
        source, "ApplicationSet", "generators: [{git: {directories: [{path: charts/*}]}}]", "'{{.path.basename}}'"
    )
    assert found({"argo/db.yaml": text, "charts/one/values.yaml": VALUES}).verdict == "adapt"
    assert found({"argo/db.yaml": text, "other/one/values.yaml": VALUES}).verdict == "orphan"


def test_a_name_in_values_that_stand_in_the_application_as_a_text_is_found_where_a_literal_may_stand() -> None:
    text = application("source: {chart: some, helm: {values: 'auth: {credentials: db}'}}")
    one = found({"argo/db.yaml": text})
    assert (one.verdict, one.reasons[0].code) == ("keep", "keep.helm-values")


@pytest.mark.parametrize("named", ["db", "{{ .Release.Name }}", '"db"'])
def test_a_template_of_a_chart_in_the_tree_that_names_a_secret_reads_it(named: str) -> None:
    files = {"charts/shop/Chart.yaml": CHART, "charts/shop/templates/main.yaml": DEPLOYMENT % named}
    argued = {**files, "argo/db.yaml": application("source: {path: charts/shop}")}
    flux = release("{}", "./charts/shop").replace("name: shop,", "name: db,")
    for one in (found(argued), secret(scan({"db.yaml": external("db") + flux, **files}), "apps/db")):
        assert (one.verdict, one.reasons[0].code) == ("keep", "keep.helm-values")
        assert one.readers[0].file == "charts/shop/templates/main.yaml"


def test_a_chart_in_the_tree_brings_its_own_values() -> None:
    files = {"charts/shop/Chart.yaml": CHART, "charts/shop/values.yaml": VALUES}
    argued = {**files, "argo/db.yaml": application("source: {path: charts/shop}")}
    for one in (
        found(argued),
        secret(scan({"db.yaml": external("db") + release("{}", "./charts/shop"), **files}), "apps/db"),
    ):
        assert (one.verdict, one.reasons[0].code) == ("adapt", "adapt.env-file")


def test_a_word_of_a_template_that_is_no_reference_reads_nothing() -> None:
    files = {
        "charts/shop/Chart.yaml": CHART,
        "charts/shop/templates/main.yaml": "kind: Service\nmetadata:\n  name: db\n  {{- end }}\n",
    }
    assert found({**files, "argo/db.yaml": application("source: {path: charts/shop}")}).verdict == "orphan"
