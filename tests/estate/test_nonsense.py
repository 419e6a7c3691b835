"""Nothing in a tree crashes a scan: objects of the wrong shape, random bytes, names that are no names."""

# ruff: noqa: E501  objects stand on one line each

from __future__ import annotations

import json
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.estate.extract import extract
from tests.estate.trees import external, scan

_KEYS = st.sampled_from(
    [
        "apiVersion",
        "kind",
        "metadata",
        "name",
        "namespace",
        "labels",
        "annotations",
        "spec",
        "target",
        "secretStoreRef",
        "data",
        "dataFrom",
        "extract",
        "remoteRef",
        "key",
        "property",
        "template",
        "containers",
        "initContainers",
        "volumes",
        "secret",
        "secretName",
        "items",
        "env",
        "envFrom",
        "secretRef",
        "secretKeyRef",
        "valueFrom",
        "path",
        "sourceRef",
        "postBuild",
        "substitute",
        "substituteFrom",
        "patches",
        "patch",
        "resources",
        "components",
        "configMapGenerator",
        "files",
        "literals",
        "replacements",
        "source",
        "targets",
        "fieldPaths",
        "select",
        "values",
        "valuesFrom",
        "chart",
        "provider",
        "vault",
        "auth",
        "tls",
        "rules",
        "resourceNames",
        "resources",
        "verbs",
        "helmCharts",
        "valuesFile",
        "sync",
        "generators",
        "git",
        "directories",
        "users",
        "imagePullSecrets",
        "projected",
        "sources",
        "fieldPath",
        "options",
        "delimiter",
        "index",
        "releaseName",
        "repository",
    ]
)
_WORDS = st.sampled_from(
    ["", "db", "${A}", "{{ .Release.Name }}", "./apps", "../..", "/", "a/b", "ConfigMap", "Secret", "-", "[", "*", "x=y", "spec.[name"]
)  # fmt: skip
_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-3, 9), _WORDS)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=5)),
    max_leaves=25,
)
_APIS = st.sampled_from(
    [
        ("v1", "Secret"), ("v1", "ConfigMap"), ("v1", "Pod"), ("v1", "ServiceAccount"), ("v1", "List"),
        ("apps/v1", "Deployment"), ("batch/v1", "CronJob"), ("external-secrets.io/v1", "ExternalSecret"),
        ("external-secrets.io/v1", "ClusterExternalSecret"), ("external-secrets.io/v1", "ClusterSecretStore"),
        ("external-secrets.io/v1alpha1", "PushSecret"), ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
        ("helm.toolkit.fluxcd.io/v2", "HelmRelease"), ("fluxcd.controlplane.io/v1", "FluxInstance"),
        ("source.toolkit.fluxcd.io/v1", "GitRepository"), ("networking.k8s.io/v1", "Ingress"),
        ("gateway.networking.k8s.io/v1", "Gateway"), ("rbac.authorization.k8s.io/v1", "Role"),
        ("cert-manager.io/v1", "Certificate"), ("argoproj.io/v1alpha1", "Application"),
        ("argoproj.io/v1alpha1", "ApplicationSet"), ("postgresql.cnpg.io/v1", "Cluster"),
        ("postgres-operator.crunchydata.com/v1beta1", "PostgresCluster"), ("volsync.backube/v1alpha1", "ReplicationSource"),
        ("kustomize.config.k8s.io/v1beta1", "Kustomization"), ("example.org/v1", "Thing"),
    ]
)  # fmt: skip


@st.composite
def _objects(draw: st.DrawFn) -> str:
    api, kind = draw(_APIS)
    body = draw(st.dictionaries(_KEYS, _VALUES, max_size=6))
    metadata = {"name": draw(_WORDS), "namespace": draw(_WORDS)}
    value = {"apiVersion": api, "kind": kind, "metadata": metadata, **body, "note": "secret"}
    return json.dumps(value)


@st.composite
def _kustomizations(draw: st.DrawFn) -> str:
    keys = (
        "resources",
        "components",
        "patches",
        "replacements",
        "configMapGenerator",
        "helmCharts",
        "namespace",
        "namePrefix",
    )
    return json.dumps({key: draw(_VALUES) for key in keys if draw(st.booleans())})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_objects(), max_size=4), _kustomizations(), _kustomizations())
def test_objects_of_any_shape_are_read_and_counted(objects: list[str], top: str, below: str) -> None:
    files: dict[str, str | bytes] = {f"apps/{index}.yaml": text for index, text in enumerate(objects)}
    files |= {"kustomization.yaml": top, "apps/kustomization.yaml": below, "db.yaml": external("db")}
    inventory = scan(files)
    totals = inventory.totals()
    assert totals["externalSecrets"] == len(inventory.secrets) >= 1
    assert inventory.files.seen == len(files)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_file(data: bytes) -> None:
    found = extract("some/file.yaml", b"kind: Secret\n" + data)
    assert found.parsed or found.failed or found.skipped


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\x00", b"a: caf\xe9\n", bytes(range(256))])
def test_bytes_that_are_no_text_are_never_counted_as_read(data: bytes) -> None:
    found = extract("some/file.yaml", data)
    assert not found.parsed
    assert found.failed is not None


def test_text_in_any_language_is_read() -> None:
    assert extract("some/file.yaml", "name: Grüße, こんにちは\n".encode()).parsed


def test_a_broken_file_that_declares_a_secret_says_that_it_is_lost() -> None:
    inventory = scan({"broken.yaml": "kind: ExternalSecret\nspec: [\n"})
    (failed,) = inventory.files.failed
    assert failed.file == "broken.yaml"
    assert failed.line > 0
    assert "declares an ExternalSecret" in failed.message


def test_a_helm_template_is_skipped_rather_than_failed() -> None:
    inventory = scan({"t.yaml": "{{- if .Values.secret }}\nkind: Secret\n{{- end }}\n"})
    assert [item.file for item in inventory.files.skipped] == ["t.yaml"]
    assert inventory.files.failed == ()


def test_an_encrypted_file_is_listed_and_its_name_still_counts() -> None:
    inventory = scan(
        {
            "s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: apps}\nsops: {mac: x}\n",
            "e.yaml": external("db"),
        }
    )
    assert "SOPS" in inventory.files.skipped[0].reason
    assert [item.code for item in inventory.findings if item.code == "secret.two-owners"]


def test_no_value_of_a_secret_is_kept() -> None:
    canary = "canary-7c1f"
    text = f"""
        apiVersion: v1
        kind: Secret
        metadata: {{name: db, namespace: apps}}
        stringData: {{password: {canary}}}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {{name: c, namespace: apps}}
        data: {{DB_PASSWORD: {canary}, run.sh: "echo {canary}"}}
        ---
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {{name: k, namespace: flux-system}}
        spec: {{sourceRef: {{name: x}}, path: ./apps, postBuild: {{substitute: {{API_TOKEN: {canary}}}}}}}
        ---
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {{name: h, namespace: apps}}
        spec: {{values: {{auth: {{password: {canary}, clientSecret: {canary}}}}}}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: d, namespace: apps}}
        spec: {{template: {{spec: {{containers: [{{name: a, image: b, env: [{{name: P, value: {canary}}}], args: [--x={canary}]}}]}}}}}}
        """
    assert canary not in repr(extract("all.yaml", dedent(text).encode()))
    assert canary not in repr(scan({"all.yaml": text}))
