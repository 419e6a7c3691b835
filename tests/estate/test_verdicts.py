"""Who reads a Secret decides whether it can move; the strictest reader wins."""

# ruff: noqa: E501  one case a line reads better than one case over four

from __future__ import annotations

import pytest

from migrate.estate.inventory import Inventory
from migrate.estate.settings import Override, Settings
from tests.estate.trees import deployment, env, external, scan, secret

VAULT_STORE = """---
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: vault}
spec:
  provider:
    vault:
      server: https://vault.example.net:8200
      path: secret
      version: v2
      auth: {tokenSecretRef: {name: store-token, namespace: eso, key: token}}
      caProvider: {type: Secret, name: store-ca, namespace: eso, key: ca.crt}
"""

MOUNT = "{name: main, image: example.org/web:1, volumeMounts: [{name: v, mountPath: /etc/db%s}]}"
VOLUME = "      volumes: [{name: v, secret: {secretName: db%s}}]\n"


def release(values: str, chart: str = "app-template", extra: str = "") -> str:
    return f"""---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: shop, namespace: apps}}
spec:
  chart: {{spec: {{chart: {chart}, version: 1.0.0}}}}
{extra}  values: {values}
"""


def custom(body: str, api: str = "example.org/v1", kind: str = "Thing") -> str:
    return f"---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: it, namespace: apps}}\nspec: {body}\n"


CASES = {
    "whole directory": (deployment(MOUNT % "", extra=VOLUME % ""), "ready", "ready.volume"),
    "items": (
        deployment(MOUNT % "", extra=VOLUME % ", items: [{key: password, path: p}]"),
        "adapt",
        "adapt.volume-moved",
    ),
    "one file by subPath": (deployment(MOUNT % "/p, subPath: password", extra=VOLUME % ""), "adapt", "adapt.volume-moved"),
    "projected": (
        deployment(
            MOUNT % "", extra="      volumes: [{name: v, projected: {sources: [{secret: {name: db}}]}}]\n"
        ),
        "adapt",
        "adapt.volume-moved",
    ),
    "environment only": (deployment(env("db")), "code", "code.env-only"),
    "file convention": (
        deployment(env("db", "POSTGRES_PASSWORD", "postgres:16")),
        "adapt",
        "adapt.env-file",
    ),
    "file convention through a mirror": (
        deployment(env("db", "POSTGRES_PASSWORD", "mirror.example.net/library/postgres:16@sha256:0")),
        "adapt",
        "adapt.env-file",
    ),
    "command in the manifest": (
        deployment(env("db", more=", command: [serve]")),
        "adapt",
        "adapt.command-wrapped",
    ),
    "file convention of a start script that the manifest goes past": (
        deployment(env("db", "POSTGRES_PASSWORD", "postgres:16", more=", command: [pg_dump]")),
        "adapt",
        "adapt.command-wrapped",
    ),
    "settings file of a program that the manifest does not start": (
        deployment(env("db", "SECRET_ID", "hashicorp/vault:1.17", more=", command: [sh, -c, vault login]")),
        "adapt",
        "adapt.command-wrapped",
    ),
    "file convention of the program itself": (
        deployment(env("db", "DATABASE_URL", "miniflux/miniflux:2", more=", command: [/usr/bin/miniflux]")),
        "adapt",
        "adapt.env-file",
    ),
    "no shell to wrap with": (
        deployment(env("db", image="gcr.io/distroless/static:1", more=", command: [/app]")),
        "code",
        "code.env-only",
    ),
    "image pull": (
        deployment("{name: main, image: x/y:1}", extra="      imagePullSecrets: [{name: db}]\n"),
        "keep",
        "keep.image-pull",
    ),
    "ServiceAccount": (
        "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: s, namespace: apps}\nimagePullSecrets: [{name: db}]\n",
        "keep",
        "keep.image-pull",
    ),
    "Ingress": (
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: apps}\n"
        "spec: {tls: [{secretName: db}]}\n",
        "keep",
        "keep.ingress-tls",
    ),
    "Gateway": (
        custom("{listeners: [{tls: {certificateRefs: [{name: db}]}}]}", "gateway.networking.k8s.io/v1", "Gateway"),
        "keep",
        "keep.gateway-tls",
    ),
    "custom resource, secretName": (custom("{tls: {secretName: db}}"), "keep", "keep.custom-resource"),
    "custom resource, selector of one key": (custom("{login: {name: db, key: password}}"), "keep", "keep.custom-resource"),
    "custom resource, plain credentials": (custom("{credentials: db}"), "keep", "keep.custom-resource"),
    "pod template in a custom resource": (
        custom(f"{{template: {{metadata: {{}}, spec: {{containers: [{env('db')}]}}}}}}", "argoproj.io/v1alpha1", "Rollout"),
        "code",
        "code.env-only",
    ),
    "pod template under its longer name": (
        custom(f"{{podTemplate: {{metadata: {{}}, spec: {{containers: [{env('db')}]}}}}}}"),
        "code",
        "code.env-only",
    ),
    "containers of an operator": (custom(f"{{containers: [{env('db')}]}}"), "keep", "keep.custom-resource"),
    "role that names it": (
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r, namespace: apps}\n"
        "rules: [{apiGroups: [''], resources: [secrets], resourceNames: [db], verbs: [get]}]\n",
        "keep",
        "keep.api-read",
    ),
    "git credential": (
        custom("{url: 'https://git.example.net/x', secretRef: {name: db}}", "source.toolkit.fluxcd.io/v1", "GitRepository"),
        "keep",
        "keep.bootstrap-path",
    ),
    "push secret": (
        custom("{selector: {secret: {name: db}}}", "external-secrets.io/v1alpha1", "PushSecret"),
        "keep",
        "keep.custom-resource",
    ),
    "script": (
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: apps}\n"
        "data:\n  run.sh: |\n    kubectl get secret db\n",
        "orphan",
        "orphan.text-only",
    ),
    "nobody": ("", "orphan", "orphan.no-reader"),
    "values of a chart, environment": (
        release(
            "{controllers: {main: {containers: {app: {image: {repository: example.org/x, tag: '1'},"
            " envFrom: [{secretRef: {name: db}}]}}}}}"
        ),
        "code",
        "code.env-only",
    ),
    "values of a chart, name from the release": (
        release("{image: {repository: example.org/x}, env: {PASSWORD: {valueFrom: {secretKeyRef: {name: '{{ .Release.Name }}', key: p}}}}}").replace(
            "name: shop,", "name: db,"
        ),
        "code",
        "code.env-only",
    ),
    "values of a chart, existingSecret": (release("{auth: {existingSecret: db}}", "postgresql"), "keep", "keep.helm-values"),
    "valuesFrom": (release("{}", extra="  valuesFrom: [{kind: Secret, name: db}]\n"), "keep", "keep.helm-values"),
    "grafana through its chart": (
        release("{envValueFrom: {GF_DATABASE_PASSWORD: {secretKeyRef: {name: db, key: password}}}}", "grafana"),
        "adapt",
        "adapt.env-file",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "verdict", "code"), CASES.values(), ids=CASES.keys())
def test_one_reader_decides(text: str, verdict: str, code: str) -> None:
    found = secret(scan({"all.yaml": external("db") + text}), "apps/db")
    assert (found.verdict, found.reasons[0].code) == (verdict, code)


def test_keep_over_code_over_adapt_over_ready() -> None:
    readers = {
        "ready": CASES["whole directory"][0],
        "adapt": deployment(env("db", "POSTGRES_PASSWORD", "postgres:16"), name="pg"),
        "code": deployment(env("db"), name="plain"),
        "keep": CASES["Ingress"][0],
    }
    seen = []
    text = external("db")
    for more in readers.values():
        text += more
        seen.append(secret(scan({"all.yaml": text}), "apps/db").verdict)
    assert seen == ["ready", "adapt", "code", "keep"]


def test_a_name_in_a_script_is_never_enough_for_ready() -> None:
    text = external("db") + CASES["whole directory"][0] + CASES["script"][0]
    found = secret(scan({"all.yaml": text}), "apps/db")
    assert (found.verdict, found.reasons[0].code) == ("adapt", "adapt.text-mention")


def test_producers_are_no_readers() -> None:
    made = custom("{secretName: db, issuerRef: {name: x}}", "cert-manager.io/v1", "Certificate")
    inventory = scan({"all.yaml": external("db") + made})
    assert secret(inventory, "apps/db").verdict == "orphan"
    assert [item.code for item in inventory.findings if item.code == "secret.two-owners"] == ["secret.two-owners"]


def test_a_reader_in_another_namespace_reads_another_secret() -> None:
    inventory = scan({"all.yaml": external("db") + deployment(env("db"), "elsewhere")})
    assert secret(inventory, "apps/db").verdict == "orphan"


def test_what_the_store_itself_reads_is_bootstrap() -> None:
    inventory = scan({"all.yaml": VAULT_STORE + external("store-token", "eso")})
    found = secret(inventory, "eso/store-token")
    assert (found.verdict, found.reasons[0].code) == ("keep", "keep.bootstrap-path")
    assert {item.name for item in inventory.bootstrap} == {"store-token", "store-ca"}


def _tailnet(server: str) -> Inventory:
    operator = release("{}", "tailscale-operator", "  valuesFrom: [{kind: Secret, name: db}]\n")
    return scan({"all.yaml": VAULT_STORE.replace("vault.example.net", server) + external("db") + operator})


def test_the_tailnet_operator_is_on_the_path_only_to_a_vault_outside_the_cluster() -> None:
    assert secret(_tailnet("vault.tail.ts.net"), "apps/db").reasons[0].code == "keep.bootstrap-path"
    assert secret(_tailnet("vault.vault.svc"), "apps/db").reasons[0].code == "keep.helm-values"


def test_the_owner_may_overrule_with_a_reason() -> None:
    settings = Settings(overrides={"apps/db": Override("keep", "moves next year")})
    found = secret(scan({"all.yaml": external("db") + deployment(env("db"))}, settings), "apps/db")
    assert (found.verdict, found.reasons[0].code) == ("keep", "keep.override")
    assert "moves next year" in found.reasons[0].text


def test_a_value_that_is_not_in_vault_says_so() -> None:
    store = VAULT_STORE.replace("vault:\n", "onepassword:\n")
    found = secret(scan({"all.yaml": store + external("db") + deployment(env("db"))}), "apps/db")
    assert "needs.vault" in [reason.code for reason in found.reasons]


def test_a_generated_value_stays_where_it_is_generated() -> None:
    text = """
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: {name: db, namespace: apps}
        spec:
          dataFrom: [{sourceRef: {generatorRef: {kind: Password, name: p}}}]
        """
    assert secret(scan({"all.yaml": text}), "apps/db").reasons[0].code == "keep.generator"


def test_a_store_that_nothing_references_shows_zero() -> None:
    legacy = VAULT_STORE.replace("name: vault}", "name: legacy}").replace("vault:\n", "infisical:\n")
    inventory = scan({"all.yaml": VAULT_STORE + legacy + external("db")})
    assert {store.name: store.references for store in inventory.stores} == {"vault": 1, "legacy": 0}


def test_helm_values_in_a_generated_config_map_are_read() -> None:
    inventory = scan(
        {
            "kustomization.yaml": """
                namespace: apps
                resources: [secret.yaml, release.yaml]
                configMapGenerator: [{name: shop-values, files: [values.yaml=values.yaml]}]
                """,
            "secret.yaml": external("db", ""),
            "release.yaml": release("{}", "postgresql", "  valuesFrom: [{kind: ConfigMap, name: shop-values}]\n"),
            "values.yaml": "auth: {existingSecret: db}\n",
        }
    )
    (reader,) = secret(inventory, "apps/db").readers
    assert (reader.file, reader.pointer, reader.how) == ("values.yaml", "/auth/existingSecret", "helm-values")


def test_values_in_a_config_map_are_searched_as_values_in_the_release_are() -> None:
    inventory = scan(
        {
            "kustomization.yaml": """
                namespace: apps
                resources: [secret.yaml, release.yaml]
                configMapGenerator: [{name: shop-values, files: [values.yaml=values.yaml]}]
                """,
            "secret.yaml": external("db", ""),
            "release.yaml": release("{}", "postgresql", "  valuesFrom: [{kind: ConfigMap, name: shop-values}]\n"),
            "values.yaml": "main: {extraSecretNamesForEnvFrom: [db]}\n",
        }
    )
    (reader,) = secret(inventory, "apps/db").readers
    assert (reader.file, reader.pointer) == ("values.yaml", "/main/extraSecretNamesForEnvFrom/0")
    assert reader.kind == "HelmRelease"


@pytest.mark.parametrize(
    ("server", "code"), [("vault.tail.ts.net", "keep.bootstrap-path"), ("vault.vault.svc", "keep.helm-values")]
)
def test_a_secret_that_a_chart_reads_by_a_name_of_its_own_has_a_reader(server: str, code: str) -> None:
    operator = release("{}", "tailscale-operator")
    texts = VAULT_STORE.replace("vault.example.net", server) + external("db", target="operator-oauth") + operator
    found = secret(scan({"all.yaml": texts}), "apps/db")
    assert found.reasons[0].code == code
    assert [reader.name for reader in found.readers] == ["shop"]
    other = release("{}", "another-operator")
    assert secret(scan({"all.yaml": texts.replace(operator, other)}), "apps/db").verdict == "orphan"


@pytest.mark.parametrize(
    ("chart", "name"),
    [
        ("rook-ceph-cluster", "rook-ceph-dashboard-password"),
        ("argo-cd", "argocd-secret"),
        ("argo-cd", "argocd-notifications-secret"),
    ],
)
def test_a_secret_that_an_operator_asks_for_by_its_name_is_kept(chart: str, name: str) -> None:
    text = external("db", target=name) + release("{}", chart)
    assert secret(scan({"all.yaml": text}), "apps/db").reasons[0].code == "keep.helm-values"
    assert secret(scan({"all.yaml": text.replace(name, "another")}), "apps/db").verdict == "orphan"


def test_totals_always_add_up() -> None:
    text = "".join(external(f"db{index}") for index in range(7)) + deployment(env("db3"))
    totals = scan({"all.yaml": text}).totals()
    assert totals["externalSecrets"] == sum(count for name, count in totals.items() if name != "externalSecrets") == 7


@pytest.mark.parametrize(
    "text",
    [
        custom("{listeners: [{tls: {certificateRefs: [{name: db}]}}]}", "gateway.networking.k8s.io/v1", "Gateway"),
        custom(
            "{endpoints: [{basicAuth: {username: {name: db, key: user}}}]}",
            "monitoring.coreos.com/v1",
            "ServiceMonitor",
        ),
        custom("{restic: {repository: db}}", "volsync.backube/v1alpha1", "ReplicationSource"),
        release("{}").replace("  chart:", "  kubeConfig: {secretRef: {name: db}}\n  chart:"),
    ],
)
def test_a_reader_in_a_file_that_never_says_secret_is_found(text: str) -> None:
    inventory = scan({"db.yaml": external("db"), "reader.yaml": text})
    assert secret(inventory, "apps/db").verdict == "keep"


def test_the_keys_of_a_templated_secret_are_those_of_its_template() -> None:
    templated = external("db").replace(
        "  target:\n", "  target:\n    template: {data: {POSTGRES_PASSWORD: '{{ .password }}'}}\n"
    )
    pod = deployment("{name: main, image: 'postgres:16', envFrom: [{secretRef: {name: db}}]}")
    assert secret(scan({"all.yaml": templated + pod}), "apps/db").reasons[0].code == "adapt.env-file"


def test_a_copied_secret_may_be_read_elsewhere() -> None:
    note = "  target:\n    template: {metadata: {annotations: {reflector.v1.k8s.emberstack.com/reflection-allowed: 'true'}}}\n"
    text = external("db").replace("  target:\n", note)
    assert secret(scan({"all.yaml": text}), "apps/db").reasons[0].code == "keep.copied"


def test_a_cluster_external_secret_reaches_the_namespaces_its_selector_names() -> None:
    text = """
        apiVersion: external-secrets.io/v1
        kind: ClusterExternalSecret
        metadata: {name: everywhere}
        spec:
          namespaceSelectors: [{matchLabels: {kubernetes.io/metadata.name: apps}}]
          externalSecretSpec: {secretStoreRef: {kind: ClusterSecretStore, name: vault}, target: {name: db}}
        """
    namespaces = "".join(
        f"---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n" for name in ("apps", "b")
    )
    inventory = scan({"ces.yaml": text, "ns.yaml": namespaces, "web.yaml": deployment(env("db"))})
    assert [(item.id, item.verdict) for item in inventory.secrets] == [("apps/everywhere", "code")]


def test_a_store_used_by_single_entries_counts_as_used() -> None:
    text = (
        external("db", store="")
        .replace("  secretStoreRef: {kind: ClusterSecretStore, name: }\n", "")
        .replace(
            "    - secretKey: password\n",
            "    - secretKey: password\n      sourceRef: {storeRef: {kind: ClusterSecretStore, name: vault}}\n",
        )
    )
    assert {item.name: item.references for item in scan({"all.yaml": VAULT_STORE + text}).stores} == {"vault": 1}


@pytest.mark.parametrize(
    "provider",
    [
        "vault: {server: https://v, auth: {cert: {clientCert: {name: db, namespace: apps, key: tls.crt}}}}",
        "doppler: {auth: {secretRef: {dopplerToken: {name: db, namespace: apps, key: t}}}}",
        "infisical: {auth: {universalAuthCredentials: {clientId: {name: db, namespace: apps, key: id}}}}",
        "kubernetes: {auth: {token: {bearerToken: {name: db, namespace: apps, key: t}}}}",
    ],
)
def test_a_stores_credential_is_found_whatever_its_field_is_called(provider: str) -> None:
    store = f"---\napiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {{name: s}}\nspec: {{provider: {{{provider}}}}}\n"
    assert (
        secret(scan({"all.yaml": store + external("db", store="s")}), "apps/db").reasons[0].code
        == "keep.bootstrap-path"
    )


def test_values_of_an_inflated_chart_name_secrets_too() -> None:
    chart = "helmCharts: [{name: arc, releaseName: arc, namespace: apps, valuesFile: values.yaml, valuesInline: {configSecret: db}}]"
    inventory = scan(
        {
            "kustomization.yaml": f"resources: [db.yaml]\n{chart}",
            "db.yaml": external("db") + external("gh"),
            "values.yaml": "githubConfigSecret: gh\n",
        }
    )
    assert {item.name: item.reasons[0].code for item in inventory.secrets} == {
        "db": "keep.helm-values",
        "gh": "keep.helm-values",
    }


def test_a_custom_resource_of_the_whole_cluster_reads_in_any_namespace() -> None:
    text = "---\napiVersion: example.org/v1\nkind: PeerConfig\nmetadata: {name: p}\nspec: {authSecretRef: db}\n"
    assert secret(scan({"all.yaml": external("db") + text}), "apps/db").verdict == "keep"


def test_lists_and_maps_of_variables_in_values_are_judged_alike() -> None:
    image = "image: {repository: example.org/x}"
    reference = "valueFrom: {secretKeyRef: {name: db, key: password}}"
    listed = release(f"{{{image}, extraEnv: [{{name: PASSWORD, {reference}}}]}}")
    mapped = release(f"{{{image}, env: {{PASSWORD: {{{reference}}}}}}}")
    verdicts = {secret(scan({"all.yaml": external("db") + text}), "apps/db").verdict for text in (listed, mapped)}
    assert verdicts == {"code"}


def test_a_chart_named_by_its_source_is_known_as_well() -> None:
    ref = release("{grafana: {envValueFrom: {GF_DATABASE_PASSWORD: {secretKeyRef: {name: db, key: p}}}}}").replace(
        "  chart: {spec: {chart: app-template, version: 1.0.0}}\n", "  chartRef: {kind: OCIRepository, name: kps}\n"
    )
    source = custom(
        "{url: 'oci://registry.example.net/charts/kube-prometheus-stack', ref: {tag: 61.3.1}}",
        "source.toolkit.fluxcd.io/v1",
        "OCIRepository",
    ).replace("name: it", "name: kps")
    files = {"kustomization.yaml": "resources: [all.yaml]", "all.yaml": external("db") + ref + source}
    inventory = scan(files)
    assert secret(inventory, "apps/db").reasons[0].code == "adapt.env-file"
    assert {(item.chart, item.chart_version) for item in inventory.workloads} == {("kube-prometheus-stack", "61.3.1")}
