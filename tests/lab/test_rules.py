"""The lab's rules, without a server: levels, addresses, stand-ins, what an estate needs, how it is told to Flux."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from migrate.catalog import shelf
from migrate.lab import (
    cluster,
    flux,
    hostrules,
    images,
    logins,
    network,
    packages,
    resolver,
    services,
    standins,
    starting,
    surroundings,
    survey,
    up,
)
from migrate.lab.demands import Kind
from migrate.lab.levels import Level, choose
from migrate.lab.machine import PROGRAMS, Machine
from migrate.lab.observing.values import whole
from migrate.lab.postgresql import Installation
from migrate.lab.registry import named
from migrate.lab.steps import Step, carry_out
from migrate.lab.vault import Mounts
from migrate.model.errors import Refused
from migrate.planning.files import Files

ALL = Machine(
    root=True,
    programs=frozenset(PROGRAMS),
    plugins="/usr/lib/cni",
    static_busybox=True,
    cgroups=True,
    namespaces=True,
    user_namespaces=True,
    postgres=True,
)
BUILT = frozenset(
    {"vault", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl"}
)
EXAMPLE = shelf("examples") / "tazlab"


def test_a_machine_that_allows_everything_has_a_full_lab() -> None:
    assert choose(ALL, BUILT, None).level is Level.FULL


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        (replace(ALL, root=False), "not root"),
        (replace(ALL, programs=ALL.programs - {"containerd"}), "containerd"),
        (replace(ALL, plugins=""), "CNI"),
        (replace(ALL, static_busybox=False), "busybox"),
        (replace(ALL, cgroups=False), "control groups"),
        (replace(ALL, namespaces=False), "namespaces"),
    ],
)
def test_a_lower_level_is_chosen_with_the_reason_and_a_higher_one_refused(machine: Machine, reason: str) -> None:
    found = choose(machine, BUILT, None)
    assert found.level is Level.CONTROL
    assert reason in found.reason
    with pytest.raises(Refused, match=reason):
        choose(machine, BUILT, Level.FULL)


def test_without_kubernetes_there_is_still_vault_and_without_vault_nothing() -> None:
    assert choose(ALL, frozenset({"vault"}), None).level is Level.VAULT
    with pytest.raises(Refused, match="not built"):
        choose(ALL, frozenset(), None)


def test_another_postgresql_than_the_estates_is_said_to_be_no_pass() -> None:
    choice = choose(ALL, BUILT, None)
    installed = Installation(Path("/usr/lib/postgresql/15/bin"), "15.9", "Debian's package")
    assert starting.with_major(choice, 16, installed).reason.endswith("not a pass: other major")
    assert starting.with_major(choice, 15, installed) == starting.with_major(choice, None, installed) == choice


def test_missing_packages_are_named_once_each() -> None:
    bare = replace(ALL, programs=frozenset(), plugins="", static_busybox=False, postgres=False)
    assert packages.missing(ALL, own_postgres=False) == ()
    found = packages.missing(bare, own_postgres=True)
    assert len(set(found)) == len(found)
    assert {"containerd", "runc", "busybox-static", "containernetworking-plugins", "iptables"} <= set(found)
    assert "postgresql" not in found
    assert "postgresql" in packages.missing(bare, own_postgres=False)


@pytest.mark.parametrize("level", [Level.FULL, Level.VAULT])
def test_a_labs_network_overlaps_nothing_that_is_there(level: Level) -> None:
    first = network.choose("00000001", level, [])
    assert network.choose("00000001", level, []) == first
    assert not network.choose("00000001", level, [first]).overlaps(first)
    wide = first.supernet(new_prefix=12)
    assert not network.choose("00000001", level, [wide]).overlaps(wide)
    assert not first.overlaps(IPv4Network(network.SERVICES))
    assert first.is_loopback == (level is Level.VAULT)


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("docker.io/grafana/grafana:11.1.0", "grafana/grafana"),
        ("grafana/grafana", "grafana/grafana"),
        ("registry:5000/team/app@sha256:abc", "team/app"),
        ("localhost/app:1", "app"),
        ("busybox:1.36", "busybox"),
        ("quay.io/a/b/c:v1@sha256:0", "a/b/c"),
    ],
)
def test_an_image_is_known_by_its_repository(image: str, repository: str) -> None:
    assert standins.repository(image) == repository


def test_an_image_is_its_own_else_its_last_parts_else_everybodys() -> None:
    names = {"*": "any", "grafana": "grafana", "team/app": "app"}
    assert named(names, "team/app") == "app"
    assert named(names, "mirror/grafana") == "grafana"
    assert named(names, "team/other") == "any"


def test_a_stand_in_has_the_programs_and_ports_that_the_pods_ask_for() -> None:
    manifest = """
kind: CronJob
spec:
  jobTemplate:
    spec:
      template:
        spec:
          initContainers:
          - {image: wait:1, command: [sh, -c, "until kubectl get x && ! test -f y; do sleep 1; done; exec env A=1 z"]}
          containers:
          - image: app:1
            command: [/opt/app/server]
            ports: [{containerPort: 80}]
            readinessProbe: {httpGet: {port: 8081}}
            volumeMounts: [{name: keys, mountPath: /keys}, {name: other, mountPath: /other}]
          volumes: [{name: keys, projected: {sources: [{secret: {name: keys}}]}}, {name: other, configMap: {name: a}}]
"""
    found = standins.needs(_files({"a.yaml": manifest}))
    assert found["app"].files == {"/keys"}
    assert found["wait"].programs - {"sleep", "env"} == {"kubectl"}
    assert found["wait"].leaves
    assert found["app"].programs == {"/opt/app/server"}
    assert found["app"].ports == {80, 8081}
    assert found["app"].leaves
    stays = standins.needs(_files({"a.yaml": manifest, "b.yaml": "spec: {containers: [{image: app:1}]}"}))
    assert not stays["app"].leaves


def test_a_stand_in_says_in_digests_what_its_application_would_have_read(tmp_path: Path) -> None:
    values = {name: f"canary-{name}-0123456789" for name in ("url", "flag", "config", "mounted", "named")}
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "one").write_text(values["mounted"])
    (tmp_path / "config.yaml").write_text(f'key: "{values["config"]}"\n')
    (tmp_path / "token").write_text(f"{values['named']}\n")
    done = subprocess.run(
        ["busybox", "sh", "-c", images.READS, "reads", f"--config={tmp_path}/config.yaml", f"--key={values['flag']}"],
        env={
            "PATH": os.environ["PATH"],
            "LAB_ONCE": "1",
            "LAB_FILES": str(tmp_path / "keys"),
            "URL": f"postgres://app:{values['url']}@db/app",
            "TOKEN_FILE": str(tmp_path / "token"),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    (digests,) = whole(done.stdout)
    shown = {name for name, value in values.items() if hashlib.sha256(value.encode()).hexdigest() in digests}
    assert shown == {"url", "flag", "config", "mounted"}  # a line too many is another token
    assert hashlib.sha256(f"{values['named']}\n".encode()).hexdigest() in digests
    assert "canary" not in done.stdout + done.stderr


def test_every_secret_on_the_path_to_vault_is_found_by_who_reads_it() -> None:
    found = survey.read(EXAMPLE)
    assert found.tokens == (("external-secrets", "vault-eso-token", "token"),)
    assert found.authorities == (("external-secrets", "vault-ca-cert", "ca.crt"),)
    assert [server.host for server in found.vaults] == ["vault.quiet-otter.ts.net"]
    assert [(store.name, store.by) for store in found.foreign_stores] == [
        ("lab-infisical", "flux-system/infrastructure-vault-store")
    ]


def test_vault_gets_a_value_for_every_key_that_an_external_secret_takes() -> None:
    found = survey.read(EXAMPLE)
    taken = {
        (datum.vault.path, datum.vault.property)
        for secret in found.inventory.secrets
        for datum in secret.data
        if datum.vault.property
    }
    given = {(path, key) for (_, path), data in found.values.items() for key in data}
    assert taken <= given
    values = [value for data in found.values.values() for value in data.values()]
    assert len(set(values)) == len(values)


def test_mounts_are_called_what_the_estates_own_configuration_calls_them() -> None:
    found = survey.read(EXAMPLE)
    said = "vault: {kv: other, database: db, auth: {mount: auth/jwt-lab}}"
    files = _files({"migrate.yaml": said})
    told = survey.configured(replace(found, files=files)).vault
    assert (told.kv, told.database, told.auth.mount) == ("other", "db", "auth/jwt-lab")
    assert up.mounts(replace(found, files=files)) == Mounts(kv=("secret", "other"), database="db", jwt="jwt-lab")


def test_grafanas_login_has_the_very_password_that_vault_holds() -> None:
    found = survey.read(EXAMPLE)
    login = logins.logins(found, found.files)[0]
    assert (login.database, login.owner) == ("grafana", "grafana")
    assert login.place is not None
    assert login.password == found.values[login.place[:2]][login.place[2]]


@pytest.mark.estate
def test_the_first_users_estate_makes_its_own_vault_authority_and_that_one_is_replaced() -> None:
    place = Path(__file__).parents[3] / "shared" / "estates" / "tazlab-k8s"
    if not place.is_dir():
        pytest.skip("the estates do not lie beside the project")
    found = survey.read(place)
    assert [(made.name, made.by) for made in found.wrong_authorities] == [
        ("vault-ca-cert", "flux-system/infrastructure-vault-store")
    ]
    assert survey.postgres_major(found) == 16
    kinds = {one["kind"] for one in found.first}
    assert kinds == {"ClusterSecretStore", "ConfigMap"}


def test_flux_is_told_what_differs_by_patches_and_the_tree_is_left_alone() -> None:
    found = survey.read(EXAMPLE)
    made = flux.kustomization(found, "http://git.lab/estate.git", b"authority", pods=True)
    patches = {
        (one["target"]["kind"], one["target"].get("name")): json.loads(one["patch"]) for one in made["spec"]["patches"]
    }
    source = patches["GitRepository", "flux-system"]["spec"]
    assert source["url"] == "http://git.lab/estate.git"
    assert source["secretRef"] is None
    inner = patches["Kustomization", "infrastructure-vault-store"]["spec"]["patches"]
    assert [one["target"]["name"] for one in inner] == ["lab-infisical"]


def test_kinds_that_nobody_serves_get_a_definition_that_takes_anything() -> None:
    kinds = [Kind("a.example/v1", "Policy", True), Kind("a.example/v1beta1", "Policy", True)]
    kinds.append(Kind("b.example/v1", "ClusterBox", False))
    policy, box = cluster.stand_ins(kinds)
    assert policy["metadata"]["name"] == "policies.a.example"
    assert [version["name"] for version in policy["spec"]["versions"]] == ["v1", "v1beta1"]
    assert [version["storage"] for version in policy["spec"]["versions"]] == [True, False]
    assert (policy["spec"]["scope"], box["spec"]["scope"]) == ("Namespaced", "Cluster")
    assert box["metadata"]["name"] == "clusterboxes.b.example"


def test_a_services_name_means_its_ready_pods() -> None:
    slices: list[dict[str, Any]] = [
        {"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}, {"addresses": ["10.0.0.2"]}]},
        {"endpoints": [{"addresses": ["10.0.0.3"], "conditions": {"ready": False}}]},
        {"endpoints": None},
    ]
    assert resolver.ready_addresses(slices) == ["10.0.0.1", "10.0.0.2"]


def test_a_services_address_means_its_ready_pods_port_by_port_and_the_api_servers_means_itself() -> None:
    http, dns = {"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}
    web = {
        "metadata": {"namespace": "apps", "name": "web"},
        "spec": {"clusterIP": "10.96.0.7", "ports": [http, dns]},
        "status": {"loadBalancer": {"ingress": [{"ip": "10.70.1.2"}]}},
    }
    api = {
        "metadata": {"namespace": "default", "name": "kubernetes"},
        "spec": {"clusterIP": "10.96.0.1", "ports": [{"port": 443}]},
    }
    headless = {"metadata": {"namespace": "apps", "name": "db"}, "spec": {"clusterIP": "None", "ports": [http]}}
    pods = {
        "metadata": {"namespace": "apps", "labels": {"kubernetes.io/service-name": "web"}},
        "ports": [{"name": "http", "port": 8080}],
        "endpoints": [
            {"addresses": ["10.70.1.11"]},
            {"addresses": ["10.70.1.12"], "conditions": {"ready": True}},
            {"addresses": ["10.70.1.13"], "conditions": {"ready": False}},
        ],
    }
    made = services.table([web, api, headless], [pods], "10.70.1.1:6443").splitlines()
    rules = [line for line in made if line.startswith("-A PREROUTING")]
    assert [(line.split()[3], line.split()[9], line.split()[-1]) for line in rules] == [
        ("10.96.0.7/32", "80", "10.70.1.11:8080"),
        ("10.96.0.7/32", "80", "10.70.1.12:8080"),
        ("10.70.1.2/32", "80", "10.70.1.11:8080"),
        ("10.70.1.2/32", "80", "10.70.1.12:8080"),
        ("10.96.0.1/32", "443", "10.70.1.1:6443"),
    ]
    assert ["--every 2" in line for line in rules] == [True, False, True, False, False]


def test_a_claim_gets_a_volume_for_itself_whatever_its_class() -> None:
    claim = {
        "metadata": {"name": "data", "namespace": "db", "uid": "u1"},
        "spec": {"resources": {"requests": {"storage": "5Gi"}}, "storageClassName": "longhorn"},
        "status": {"phase": "Pending"},
    }
    assert surroundings.waiting([claim, {**claim, "status": {"phase": "Bound"}}]) == [claim]
    made = surroundings.volume(claim, Path("/lab/volumes"))
    assert made["spec"]["claimRef"]["name"] == "data"
    assert made["spec"]["storageClassName"] == "longhorn"
    assert made["spec"]["hostPath"] == {"path": "/lab/volumes/u1"}


def test_a_claim_that_pods_wait_for_and_nobody_made_is_made() -> None:
    def pod(claim: str, said: str) -> dict[str, Any]:
        return {
            "metadata": {"namespace": "app"},
            "spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}, {"name": "w"}]},
            "status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": said}]},
        }

    there = {"metadata": {"namespace": "app", "name": "there"}}
    pods = [pod("there", '"there" not found'), pod("gone", '"gone" not found'), pod("slow", "unbound")]
    assert surroundings.absent(pods, [there]) == [("app", "gone")]


def test_only_a_load_balancer_without_an_address_gets_one() -> None:
    def service(name: str, kind: str, **balancer: object) -> dict[str, Any]:
        metadata = {"namespace": "web", "name": name}
        return {"metadata": metadata, "spec": {"type": kind}, "status": {"loadBalancer": balancer}}

    found = [
        service("a", "LoadBalancer"),
        service("b", "ClusterIP"),
        service("c", "LoadBalancer", ingress=[{"ip": "x"}]),
    ]
    assert surroundings.without_address(found) == ["/api/v1/namespaces/web/services/a"]


def test_steps_run_after_what_they_need_and_a_failure_stops_what_needs_it() -> None:
    done: list[str] = []

    def fails() -> None:
        raise Refused("no")

    steps = [
        Step("c", lambda: done.append("c"), ("b",)),
        Step("a", lambda: done.append("a"), ("absent",)),
        Step("b", lambda: done.append("b"), ("a",)),
        Step("f", fails, ("c",)),
        Step("g", lambda: done.append("g"), ("f",)),
    ]
    told: list[str] = []
    with pytest.raises(Refused):
        carry_out(steps, lambda name, _: told.append(name))
    assert done == told == ["a", "b", "c"]


def _files(texts: Mapping[str, str]) -> Files:
    return Files(tuple(texts), lambda path: texts[path].encode())


def test_what_a_database_operators_object_lists_stands_above_the_labs_own_rules_while_it_lists_any() -> None:
    def cluster_of(*lines: str) -> dict[str, Any]:
        listed = {"postgresql": {"pg_hba": list(lines)}}
        return {"kind": "Cluster", "metadata": {"namespace": "apps", "name": "db"}, "spec": listed}

    own = "hostssl all all samenet scram-sha-256\n"
    assert hostrules.rules(own, (), [cluster_of()]) == own
    listed = hostrules.rules(own, ("hostssl a b all cert",), [cluster_of("hostssl shop shop-cert all cert")])
    assert listed.splitlines()[1:] == ["hostssl a b all cert", "hostssl shop shop-cert all cert", own.strip()]
    assert listed.startswith("hostssl all lab_admin all scram-sha-256\n")


def test_only_database_operators_objects_are_asked_for_rules() -> None:
    kinds = [Kind("postgresql.cnpg.io/v1", "Cluster", namespaced=True), Kind("cluster.x-k8s.io/v1", "Cluster", True)]
    kinds += [Kind("postgres-operator.crunchydata.com/v1beta1", "PostgresCluster", namespaced=True)]
    assert list(hostrules.collections(kinds)) == [
        "/apis/postgresql.cnpg.io/v1/clusters",
        "/apis/postgres-operator.crunchydata.com/v1beta1/postgresclusters",
    ]
