"""The cluster's store and observer on a real API server."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.engine.route import Restart, restart
from migrate.model.change import Absent, Doc
from migrate.model.json import Json, mapping
from migrate.model.ports import Conflict, Denied, Move, Outcome, Secrets, Snapshot, Written
from migrate.model.target import parse_target
from migrate.stores.cluster.observer import ClusterObserver
from migrate.stores.cluster.secrets import secret
from migrate.stores.cluster.store import RESTARTED, ClusterStore
from migrate.stores.cluster.workloads import pod
from tests.contract.cluster import Cluster, absent, cluster

pytestmark = pytest.mark.lab(level="control")

NAMESPACE, GRAFANA = "watch", "watch/grafana"
CANARY = "secret-canary-40c2"
APPS = "/apis/apps/v1/namespaces/watch"
CORE = "/api/v1/namespaces/watch"
TEMPLATE = {
    "metadata": {"labels": {"app": "grafana"}},
    "spec": {
        "serviceAccountName": "grafana",
        "containers": [
            {
                "name": "grafana",
                "image": "grafana",
                "env": [
                    {"name": "GF_DATABASE_USER", "value": "grafana"},
                    {
                        "name": "GF_DATABASE_PASSWORD",
                        "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}},
                    },
                ],
            }
        ],
    },
}


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if why := absent():
        pytest.skip(why)
    with cluster(tmp_path_factory.mktemp("cluster")) as found:
        found.make("/api/v1/namespaces", metadata={"name": NAMESPACE})
        found.make(f"{CORE}/serviceaccounts", metadata={"name": "grafana"})
        found.make(f"{CORE}/secrets", metadata={"name": "login"}, data={"password": _encoded(CANARY)})
        spec = {"replicas": 1, "selector": {"matchLabels": {"app": "grafana"}}, "template": TEMPLATE}
        found.make(f"{APPS}/deployments", metadata={"name": "grafana"}, spec=spec)
        found.make(f"{CORE}/pods", **{**TEMPLATE, "metadata": {"name": "grafana-1", "labels": {"app": "grafana"}}})
        yield found


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def seen(there: Cluster, name: str, user: str = "admin") -> dict[str, Json] | None:
    state = ClusterObserver(there.api(user)).observe(parse_target(name))
    return mapping(state.value) if isinstance(state, Doc) else None


CHANGE = restart(Restart("restart", "step", parse_target(f"cluster:Deployment/{GRAFANA}")), "2026-01-02T03:04:05+00:00")


def write(store: ClusterStore, snapshot: Snapshot) -> Outcome:
    return store.write(Move("run-1", "plan", "0" * 64, "restart", "back", "", CHANGE), snapshot, Secrets())


def test_a_restart_is_written_and_read_back(there: Cluster) -> None:
    store = ClusterStore(there.api())

    assert isinstance(write(store, store.read(CHANGE)), Written)

    assert store.read(CHANGE).state == Doc({"restartedAt": "2026-01-02T03:04:05+00:00"})
    assert (seen(there, f"cluster:Deployment/{GRAFANA}") or {})["restartedAt"] == "2026-01-02T03:04:05+00:00"


def test_a_workload_that_moved_in_between_is_a_conflict(there: Cluster) -> None:
    store = ClusterStore(there.api())
    before = store.read(CHANGE)
    patch = [{"op": "add", "path": "/metadata/labels", "value": {"touched": before.version}}]
    assert there.api().ask("PATCH", f"{APPS}/deployments/grafana", patch, kind="application/json-patch+json").ok

    assert isinstance(write(store, before), Conflict)


def test_a_missing_permission_is_named(there: Cluster) -> None:
    for name, verbs in (("sees", ["get"]),):
        rules = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": verbs}]
        there.make(
            f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/roles", metadata={"name": name}, rules=rules
        )
        there.make(
            f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/rolebindings",
            metadata={"name": name},
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            subjects=[{"kind": "User", "name": "onlooker", "apiGroup": "rbac.authorization.k8s.io"}],
        )
    store = ClusterStore(there.api("onlooker"))

    outcome = write(store, store.read(CHANGE))

    assert isinstance(outcome, Denied)
    assert "grant patch on deployments.apps in namespace watch" in outcome.following


def test_the_cluster_is_known_by_the_uid_of_kube_system(there: Cluster) -> None:
    uid = mapping(there.api().look("/api/v1/namespaces/kube-system").body["metadata"])["uid"]
    assert ClusterStore(there.api()).identity() == uid


def test_a_secret_is_seen_by_its_keys_and_never_by_its_values(there: Cluster) -> None:
    found = seen(there, "cluster:Secret/watch/login") or {}

    assert found["keys"] == ["password"]
    assert found["owners"] == []
    shown, values = secret(there.api(), "watch/login")
    for text in (json.dumps(found), repr(shown), repr(values), repr(there.api().look(f"{CORE}/secrets/login"))):
        assert CANARY not in text
        assert _encoded(CANARY) not in text


def test_who_may_not_see_a_thing_is_shown_nothing_of_it_and_who_may_sees_that_it_is_gone(there: Cluster) -> None:
    assert seen(there, "cluster:Secret/watch/login", "onlooker") == {}
    assert seen(there, "cluster:Secret/watch/no-such") is None


def test_pods_that_name_a_secret_are_its_consumers(there: Cluster) -> None:
    assert seen(there, "cluster:Consumers/watch/login") == {"pods": ["watch/grafana-1"]}
    assert seen(there, "cluster:Consumers/watch/other") == {"pods": []}


def test_a_deployment_is_seen_with_its_pods(there: Cluster) -> None:
    found = seen(there, f"cluster:Deployment/{GRAFANA}") or {}

    assert found["account"] == "grafana"
    assert found["updated"] == 0  # nobody runs controllers here, so no status speaks of this generation
    pods = found["pods"]
    assert isinstance(pods, list)
    assert [mapping(pod)["name"] for pod in pods] == ["grafana-1"]
    assert mapping(pods[0])["agent"] is False


def test_the_dry_run_sends_the_changed_pod_and_leaves_nothing(there: Cluster) -> None:
    changes = {
        "container": "grafana", "account": "grafana", "annotations": {"vault.hashicorp.com/role": "r"},
        "set": ["GF_DATABASE_PASSWORD__FILE"], "unset": ["GF_DATABASE_PASSWORD"], "volumes": [], "unmount": [],
        "shareProcessNamespace": True,
    }  # fmt: skip
    found = seen(there, f"cluster:DryRun/{GRAFANA}?{json.dumps(changes)}") or {}

    assert found["allowed"] is True, found
    assert found["agent"] is False
    assert found["variables"] == ["GF_DATABASE_PASSWORD__FILE", "GF_DATABASE_USER"]
    assert (seen(there, "cluster:Consumers/watch/login") or {})["pods"] == ["watch/grafana-1"]
    refused = seen(there, f"cluster:DryRun/{GRAFANA}?{json.dumps({**changes, 'volumes': [{'name': 'Not A Name'}]})}")
    assert (refused or {})["allowed"] is False


def test_the_dry_run_of_a_stateful_set_has_the_volumes_that_it_claims(there: Cluster) -> None:
    mount = {"name": "data", "mountPath": "/data"}
    pod = {"serviceAccountName": "grafana", "containers": [{"name": "a", "image": "a", "volumeMounts": [mount]}]}
    labels = {"matchLabels": {"app": "kept"}}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    there.make(
        "/apis/apps/v1/namespaces/watch/statefulsets",
        metadata={"name": "kept"},
        spec={
            "serviceName": "kept",
            "selector": labels,
            "template": {"metadata": {"labels": labels["matchLabels"]}, "spec": pod},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
        },
    )
    found = seen(there, f"cluster:DryRun/StatefulSet/watch/kept?{json.dumps({**UNCHANGED, 'container': 'a'})}") or {}
    assert found["allowed"] is True, found


def test_room_is_what_nodes_have_left_for_the_changed_pod(there: Cluster) -> None:
    allocatable = {"cpu": "1", "memory": "1Gi", "pods": "10"}
    there.make("/api/v1/nodes", metadata={"name": "n"}, status={"allocatable": allocatable, "capacity": allocatable})
    asked = f"cluster:Room/{GRAFANA}?{json.dumps(UNCHANGED)}"
    assert (seen(there, asked) or {})["free"] == {}, "a node that is not ready yet takes nobody"
    ready = [{"op": "remove", "path": "/spec/taints"}]
    assert there.api().ask("PATCH", "/api/v1/nodes/n", ready, kind="application/json-patch+json").ok
    found = seen(there, asked) or {}

    assert found["pod"] == {"cpu": 0, "memory": 0}
    assert found["free"] == {"n": {"cpu": 1000, "memory": 2**30}}
    assert found["surge"] == 1
    assert found["budgets"] == []
    assert seen(there, asked, "onlooker") == {}
    assert there.api().ask("DELETE", "/api/v1/nodes/n").ok


UNCHANGED: dict[str, Json] = {
    "container": "grafana", "account": "grafana", "annotations": {}, "set": [], "unset": [], "volumes": [],
    "unmount": [], "shareProcessNamespace": None,
}  # fmt: skip


def test_no_webhook_is_absent_and_an_unreachable_one_is_not_served(there: Cluster) -> None:
    assert seen(there, "cluster:Webhook/injector") is None
    hook = {
        "name": "vault.hashicorp.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "failurePolicy": "Ignore", "clientConfig": {"url": "https://127.0.0.1:1/mutate"},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}}, "rules": [],
    }  # fmt: skip
    path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
    there.make(path, metadata={"name": "injector"}, webhooks=[hook])

    found = seen(there, "cluster:Webhook/injector") or {}

    assert found == {"failurePolicy": "Ignore", "covers": [NAMESPACE], "served": False, "caTrusted": False}
    assert there.api().ask("DELETE", f"{path}/injector").ok


def test_groups_that_are_not_served_have_no_objects(there: Cluster) -> None:
    assert isinstance(ClusterObserver(there.api()).observe(parse_target("cluster:HelmRelease/watch/x")), Absent)
    assert seen(there, "cluster:DatabaseOperator/grafana") == {"listedBy": []}
    assert seen(there, "cluster:ServiceAccount/watch/grafana") is not None


def test_a_kubeconfig_that_trusts_anybody_is_refused(there: Cluster, tmp_path: Path) -> None:
    from migrate.model.errors import Refused
    from migrate.stores.cluster.api import Api

    document = json.loads(there.kubeconfig.read_text())
    document["clusters"][0]["cluster"] |= {"insecure-skip-tls-verify": True}
    careless = tmp_path / "kubeconfig"
    careless.write_text(json.dumps(document))

    with pytest.raises(Refused, match="insecure-skip-tls-verify"):
        Api("admin", str(careless))


def test_a_pod_that_bears_a_restart_is_no_older_than_that() -> None:
    restarted, started = "2026-01-02T03:04:05.678+00:00", "2026-01-02T03:04:05Z"

    def began(**annotations: str) -> Json:
        return mapping(pod({"metadata": {"annotations": {**annotations}}, "status": {"startTime": started}}))["started"]

    assert began() == started
    assert began(**{RESTARTED: restarted}) == restarted
    assert began(**{RESTARTED: "2025-01-02T03:04:05+00:00"}) == started
    assert began(**{RESTARTED: "no time at all"}) == started
