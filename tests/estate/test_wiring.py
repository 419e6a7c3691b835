"""What is applied, and under which name: Flux, kustomize, Argo CD, or nothing but files."""

from __future__ import annotations

from tests.estate.trees import deployment, env, external, scan, secret

ROOT_SYNC = """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec:
  path: ./clusters/one
  sourceRef: {kind: GitRepository, name: flux-system}
"""


def flux(name: str, path: str, more: str = "") -> str:
    return f"""---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: {name}, namespace: flux-system}}
spec:
  path: {path}
  sourceRef: {{kind: GitRepository, name: flux-system}}
{more}"""


def test_a_base_reached_twice_is_two_objects() -> None:
    inventory = scan(
        {
            "clusters/one/flux-system/gotk-sync.yaml": ROOT_SYNC,
            "clusters/one/apps.yaml": flux("red", "./base", "  targetNamespace: red\n")
            + flux("blue", "./base", "  targetNamespace: blue\n"),
            "base/kustomization.yaml": "resources: [secret.yaml]",
            "base/secret.yaml": external("db", ""),
        }
    )
    assert [item.id for item in inventory.secrets] == ["blue/db", "red/db"]
    assert {item.wired_by for item in inventory.secrets} == {"flux-system/red", "flux-system/blue"}


def test_names_written_with_variables_are_resolved() -> None:
    inventory = scan(
        {
            "clusters/one/flux-system/gotk-sync.yaml": ROOT_SYNC,
            "clusters/one/vars.yaml": """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: cluster-vars, namespace: flux-system}
                data: {TEAM: ops}
                """,
            "clusters/one/app.yaml": flux(
                "web",
                "./apps/web",
                "  targetNamespace: web\n  postBuild:\n    substitute: {APP: shop}\n"
                "    substituteFrom: [{kind: ConfigMap, name: cluster-vars}]\n",
            ),
            "apps/web/kustomization.yaml": "resources: [web.yaml]\ncomponents: [../../components/secret]",
            "apps/web/web.yaml": deployment(env("shop-ops-secret"), ""),
            "components/secret/kustomization.yaml": "kind: Component\nresources: [secret.yaml]",
            "components/secret/secret.yaml": external("${APP}-${TEAM}-secret", ""),
        }
    )
    (found,) = inventory.secrets
    assert found.id == "web/shop-ops-secret"
    assert [reader.kind for reader in found.readers] == ["Deployment"]


def test_a_variable_that_may_come_from_a_secret_stays_as_written() -> None:
    inventory = scan(
        {
            "clusters/one/flux-system/gotk-sync.yaml": ROOT_SYNC,
            "clusters/one/app.yaml": flux(
                "web", "./apps", "  postBuild:\n    substituteFrom: [{kind: Secret, name: cluster-secrets}]\n"
            ),
            "apps/secret.yaml": external("${APP}-secret"),
        }
    )
    assert [item.name for item in inventory.secrets] == ["${APP}-secret"]


def test_a_file_that_no_kustomization_lists_is_dead_and_says_so() -> None:
    inventory = scan(
        {
            "clusters/one/flux-system/gotk-sync.yaml": ROOT_SYNC,
            "clusters/one/app.yaml": flux("web", "./apps"),
            "apps/kustomization.yaml": "resources: [listed.yaml]",
            "apps/listed.yaml": external("listed"),
            "apps/forgotten.yaml": external("forgotten"),
        }
    )
    assert secret(inventory, "apps/listed").wired
    forgotten = secret(inventory, "apps/forgotten")
    assert (forgotten.wired, forgotten.verdict, forgotten.reasons[0].code) == (False, "orphan", "orphan.unwired")


def test_a_kustomization_left_out_on_purpose_starts_nothing() -> None:
    inventory = scan(
        {
            "clusters/one/flux-system/gotk-sync.yaml": ROOT_SYNC,
            "clusters/one/kustomization.yaml": "resources: [flux-system]",
            "clusters/one/flux-system/kustomization.yaml": "resources: [gotk-sync.yaml]",
            "clusters/one/retired.yaml": flux("retired", "./apps"),
            "apps/secret.yaml": external("db"),
        }
    )
    assert not secret(inventory, "apps/db").wired


def test_kustomizations_that_nothing_in_the_tree_applies_are_starting_points() -> None:
    inventory = scan({"flux/cluster/ks.yaml": flux("apps", "./apps"), "apps/secret.yaml": external("db")})
    assert secret(inventory, "apps/db").wired


def test_two_clusters_of_one_repository_do_not_read_each_others_secrets() -> None:
    inventory = scan(
        {
            **{
                f"clusters/{name}/flux-system/gotk-sync.yaml": ROOT_SYNC.replace("/one", f"/{name}")
                for name in ("one", "two")
            },
            "clusters/one/secret.yaml": external("db"),
            "clusters/two/secret.yaml": external("db"),
            "clusters/two/web.yaml": deployment(env("db")),
        }
    )
    assert {(item.file.split("/")[1], item.verdict) for item in inventory.secrets} == {
        ("one", "orphan"),
        ("two", "code"),
    }


def test_patches_of_a_parent_reach_the_children() -> None:
    patch = """  patches:
    - patch: |
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: not-used}
        spec:
          postBuild:
            substituteFrom: [{kind: Secret, name: cluster-secrets}]
      target: {kind: Kustomization}
"""
    inventory = scan(
        {
            "flux/ks.yaml": flux("cluster", "./apps", patch),
            "apps/ks.yaml": flux("web", "./web"),
            "web/secret.yaml": external("cluster-secrets", "flux-system"),
        }
    )
    found = secret(inventory, "flux-system/cluster-secrets")
    assert (found.verdict, found.reasons[0].code) == ("keep", "keep.flux-substitute")
    assert [reader.name for reader in found.readers] == ["web"]


def test_patches_that_a_parent_gives_its_children_are_made() -> None:
    """As defaults for everything: the child is applied with patches that its own file does not have."""
    patch = """  patches:
    - target: {kind: Kustomization}
      patch: |
        - op: add
          path: /spec/patches
          value:
            - target: {kind: ExternalSecret}
              patch: |
                - {op: replace, path: /spec/target/name, value: given}
"""
    inventory = scan(
        {
            "clusters/one/flux-system/gotk-sync.yaml": ROOT_SYNC,
            "clusters/one/apps.yaml": flux("apps", "./apps", patch),
            "apps/blog.yaml": flux("blog", "./blog", "  targetNamespace: blog\n"),
            "blog/secret.yaml": external("db", ""),
        }
    )
    assert [item.target for item in inventory.secrets] == ["given"]


def test_a_strategic_patch_adds_a_reader() -> None:
    inventory = scan(
        {
            "kustomization.yaml": "namespace: apps\nresources: [web.yaml, secret.yaml]\npatches: [{path: patch.yaml}]",
            "web.yaml": deployment("{name: main, image: example.org/web:1}", ""),
            "secret.yaml": external("db", ""),
            "patch.yaml": deployment(env("db"), ""),
        }
    )
    found = secret(inventory, "apps/db")
    assert inventory.wiring.how == "kustomize"
    assert [(reader.how, reader.container) for reader in found.readers] == [("env", "main")]


JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: copy, namespace: apps}
spec: {template: {spec: {containers: [{name: main, image: example.org/web:1, args: [COMMAND]}]}}}
"""


def _patched_job(written: str, patch: str) -> list[str]:
    inventory = scan(
        {
            "kustomization.yaml": "resources: [job.yaml, secret.yaml]\npatches: [{path: patch.yaml}]",
            "job.yaml": JOB.replace("COMMAND", written),
            "secret.yaml": external("db"),
            "patch.yaml": JOB.replace("COMMAND", patch),
        }
    )
    return [reader.how for reader in secret(inventory, "apps/db").readers]


def test_a_mention_that_only_a_patch_makes_is_found() -> None:
    assert _patched_job("nothing", "get secret db") == ["text"]


def test_a_mention_that_a_patch_takes_away_is_not() -> None:
    assert _patched_job("get secret db", "nothing") == []


def test_a_mention_in_a_patch_is_found_with_its_variables() -> None:
    inventory = scan(
        {
            "flux/ks.yaml": flux("cluster", "./apps", "  postBuild: {substitute: {WHO: db}}\n"),
            "apps/kustomization.yaml": "resources: [job.yaml, secret.yaml]\npatches: [{path: patch.yaml}]",
            "apps/job.yaml": JOB.replace("COMMAND", "nothing"),
            "apps/secret.yaml": external("db"),
            "apps/patch.yaml": JOB.replace("COMMAND", "'get secret ${WHO}'"),
        }
    )
    assert [reader.how for reader in secret(inventory, "apps/db").readers] == ["text"]


def test_replacements_rename_what_they_select() -> None:
    inventory = scan(
        {
            "kustomization.yaml": """
                namespace: apps
                resources: [secret.yaml, web.yaml]
                configMapGenerator: [{name: names, literals: [SECRET_NAME=shop-db]}]
                replacements:
                  - source: {kind: ConfigMap, name: names, fieldPath: data.SECRET_NAME}
                    targets:
                      - {select: {kind: ExternalSecret}, fieldPaths: [spec.target.name]}
                """,
            "secret.yaml": external("db", ""),
            "web.yaml": deployment(env("shop-db"), ""),
        }
    )
    assert secret(inventory, "apps/db").target == "shop-db"
    assert secret(inventory, "apps/db").verdict == "code"


def test_argo_applications_are_followed() -> None:
    inventory = scan(
        {
            "argo/set.yaml": """
                apiVersion: argoproj.io/v1alpha1
                kind: ApplicationSet
                metadata: {name: all, namespace: argocd}
                spec:
                  generators: [{git: {directories: [{path: apps/*/*}]}}]
                  template:
                    spec:
                      source: {path: '{{.path.path}}'}
                      destination: {namespace: '{{index .path.segments 1}}'}
                """,
            "apps/shop/web/all.yaml": external("db", "") + deployment(env("db"), ""),
        }
    )
    assert inventory.wiring.how == "argocd"
    assert secret(inventory, "shop/db").verdict == "code"


def test_a_bare_folder_counts_every_manifest_as_applied() -> None:
    inventory = scan({"all.yaml": external("db") + deployment(env("db"))})
    assert inventory.wiring.how == "folder"
    assert secret(inventory, "apps/db").wired


def test_a_resource_that_is_not_there_is_a_finding() -> None:
    inventory = scan({"kustomization.yaml": "resources: [gone.yaml, db.yaml]", "db.yaml": external("db")})
    assert [(item.code, item.file) for item in inventory.findings if item.code == "wiring.missing"] == [
        ("wiring.missing", "kustomization.yaml")
    ]


def test_resources_that_name_each_other_do_not_loop() -> None:
    inventory = scan(
        {
            "kustomization.yaml": "resources: [a]",
            "a/kustomization.yaml": "resources: [../b, db.yaml]",
            "b/kustomization.yaml": "resources: [../a]",
            "a/db.yaml": external("db"),
        }
    )
    assert secret(inventory, "apps/db").wired


def test_a_component_of_a_flux_kustomization_comes_before_the_folders_own_namespace() -> None:
    inventory = scan(
        {
            "flux/ks.yaml": flux("web", "./app", "  components: [../component]\n"),
            "app/kustomization.yaml": "namespace: apps\nresources: [web.yaml]",
            "app/web.yaml": deployment(env("db"), ""),
            "component/kustomization.yaml": "kind: Component\nresources: [db.yaml]",
            "component/db.yaml": external("db", ""),
        }
    )
    assert secret(inventory, "apps/db").verdict == "code"


def test_a_component_that_names_itself_does_not_loop() -> None:
    inventory = scan(
        {
            "kustomization.yaml": "components: [c]\nresources: [db.yaml]",
            "c/kustomization.yaml": "kind: Component\ncomponents: [../c]",
            "db.yaml": external("db"),
        }
    )
    assert secret(inventory, "apps/db").wired


def test_what_argo_applies_in_an_estate_of_flux_is_applied() -> None:
    application = """---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec: {source: {path: web}, destination: {namespace: apps}}
"""
    inventory = scan(
        {"flux/ks.yaml": flux("argo", "./argo"), "argo/web.yaml": application, "web/db.yaml": external("db", "")}
    )
    assert secret(inventory, "apps/db").wired


def test_one_folder_in_two_namespaces_is_two_objects_for_argo_too() -> None:
    application = """---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {0}, namespace: argocd}}
spec: {{source: {{path: base}}, destination: {{namespace: {0}}}}}
"""
    inventory = scan(
        {"a.yaml": application.format("one") + application.format("two"), "base/db.yaml": external("db", "")}
    )
    assert [item.id for item in inventory.secrets] == ["one/db", "two/db"]


def test_objects_in_a_list_are_told_apart() -> None:
    def item(text: str) -> str:
        return "  - " + text.removeprefix("---\n").strip().replace("\n", "\n    ") + "\n"

    bundle = "apiVersion: v1\nkind: List\nitems:\n" + item(external("db")) + item(deployment(env("db")))
    plain = scan({"all.yaml": bundle})
    assert secret(plain, "apps/db").readers[0].pointer.startswith("/items/1/spec/template/spec/containers/0/env")
    patched = scan(
        {
            "kustomization.yaml": "resources: [all.yaml]\npatches: [{path: patch.yaml}]",
            "all.yaml": bundle,
            "patch.yaml": external("db").replace("refreshInterval", "x"),
        }
    )
    assert secret(patched, "apps/db").verdict == "code"


def test_a_json_patch_may_move_an_object() -> None:
    inventory = scan(
        {
            "kustomization.yaml": """
                resources: [db.yaml]
                patches:
                  - target: {kind: ExternalSecret}
                    patch: '[{op: replace, path: /metadata/namespace, value: moved}]'
                """,
            "db.yaml": external("db"),
        }
    )
    assert [item.id for item in inventory.secrets] == ["moved/db"]
