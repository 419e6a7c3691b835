"""The lab as a whole, on real servers: what it promises when it is up, and that nothing is left when it is down."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
from pathlib import Path
from typing import Any

import pytest

from migrate.lab import down, faults, processes, status, vault
from migrate.lab.control import ISSUER
from migrate.lab.web import Unwelcome
from tests.contract import test_agent_templates as agent
from tests.lab.ending import killed_at, nothing_of
from tests.labworld import Lab, start, until

pytestmark = [pytest.mark.lab(level="full"), pytest.mark.timeout(900)]


def test_a_mutated_pod_runs_with_a_file_that_vaults_agent_rendered_from_vault(lab: Lab, namespace: str) -> None:
    value = secrets.token_urlsafe(12)
    _grant(lab, namespace, {"password": value})
    lab.apply(_pod(namespace))

    pod = until("a running pod", lambda: _ready(lab, namespace, "app"))

    assert [one["name"] for one in pod["spec"]["containers"]] == ["app", "vault-agent"]
    assert pod["metadata"]["annotations"]["vault.hashicorp.com/agent-inject-status"] == "injected"
    assert lab.run("kubectl", "exec", "-n", namespace, "app", "-c", "app", "--", "cat", "/vault/secrets/db") == value


def test_every_external_secret_of_the_example_estate_is_filled_through_flux_and_eso(lab: Lab) -> None:
    kustomizations = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations"
    until("Flux", lambda: _all(lab.get(kustomizations)["items"], at_least=16), 300)
    external = lab.get("/apis/external-secrets.io/v1/externalsecrets")["items"]
    assert len(external) == 13
    assert _all(external, at_least=13)


def test_eso_copies_what_the_agents_templates_make_of_the_same_values(lab: Lab, namespace: str) -> None:
    for key, value in agent.STORED.items():
        lab.vault.ask("POST", f"/v1/secret/data/apps/{key}", {"data": {"value": value}})
    made = agent.external()
    made["spec"] |= {"secretStoreRef": {"kind": "ClusterSecretStore", "name": "lab-vault"}, "refreshInterval": "1h"}
    head = {"apiVersion": "external-secrets.io/v1beta1", "kind": "ExternalSecret"}
    lab.apply({**head, "metadata": {"name": "all", "namespace": namespace}, **made})
    found = until("its Secret", lambda: lab.get(f"/api/v1/namespaces/{namespace}/secrets/all"), 300)
    assert {key: base64.b64decode(held).decode() for key, held in found["data"].items()} == agent.copied()


def test_grafana_logs_in_with_the_login_that_the_estate_gives_it(lab: Lab) -> None:
    def answer() -> str:
        words = ("exec", "-n", "monitoring", "deploy/kube-prometheus-stack-grafana", "-c", "grafana", "--")
        return lab.run("kubectl", *words, "wget", "-qO-", "http://127.0.0.1:3000/whoami", check=False)

    assert json.loads(until("Grafana", answer, 300)) == {"current_user": "grafana", "session_user": "grafana"}


def test_a_commit_pushed_to_the_labs_git_server_reaches_the_cluster(lab: Lab, tmp_path: Path) -> None:
    until("Flux", lambda: lab.get("/api/v1/namespaces/flux-system/configmaps/cluster-vars"), 300)
    clone = tmp_path / "estate"
    identity = ("-c", "user.name=t", "-c", "user.email=t@localhost")
    lab.run("git", "clone", "-q", lab.environment["LAB_GIT"], str(clone))
    variables = clone / "infrastructure" / "core" / "cluster-vars.yaml"
    variables.write_text(variables.read_text().rstrip("\n") + "\n  LAB_PROOF: pushed\n")
    lab.run("git", *identity, "-C", str(clone), "commit", "-qam", "A variable more")
    lab.run("git", "-C", str(clone), "push", "-q", "origin", "HEAD")

    def applied() -> bool:
        found = lab.get("/api/v1/namespaces/flux-system/configmaps/cluster-vars")
        return bool(found["data"].get("LAB_PROOF") == "pushed")

    until("the commit", applied, 180)


def test_a_service_is_reached_by_its_address_and_its_name_on_its_own_port_and_so_is_the_api_server(
    lab: Lab, namespace: str
) -> None:
    served = _plain_pod(namespace)
    served["metadata"]["labels"] = {"app": "served"}
    served["spec"]["containers"][0]["env"] = [{"name": "LAB_PORTS", "value": "8080"}]
    asking = _plain_pod(namespace)
    asking["metadata"]["name"] = "asking"
    ports = [{"port": 80, "targetPort": 8080}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": namespace, "name": "web"}}
    lab.apply(served, asking, {**service, "spec": {"selector": {"app": "served"}, "ports": ports}})
    until("running pods", lambda: _ready(lab, namespace, "plain") and _ready(lab, namespace, "asking"))
    address = lab.get(f"/api/v1/namespaces/{namespace}/services/web")["spec"]["clusterIP"]

    def said(host: str, port: int) -> str:
        ask = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {host} {port}"
        return lab.run("kubectl", "exec", "-n", namespace, "asking", "--", "sh", "-c", ask, check=False)

    until("the address", lambda: "200 OK" in said(address, 80))
    until("the name", lambda: "200 OK" in said(f"web.{namespace}.svc", 80))
    assert "HTTP request to an HTTPS server" in said("kubernetes.default.svc", 443)
    assert "HTTP request to an HTTPS server" in said("10.96.0.1", 443)


def test_a_sealed_vault_answers_503_and_serves_again_when_it_is_mended(lab: Lab) -> None:
    fault = faults.named("vault-sealed", lab.world)
    fault.begin(lab.world)
    try:
        with pytest.raises(Unwelcome) as refused:
            lab.vault.ask("GET", "/v1/secret/config")
        assert refused.value.status == 503
    finally:
        fault.end(lab.world)
    until("Vault", lambda: lab.vault.ready("/v1/secret/config"))


@pytest.mark.parametrize("name", [fault.name for fault in faults.known()])
def test_every_fault_can_be_mended(lab: Lab, name: str) -> None:
    fault = faults.named(name, lab.world)
    fault.begin(lab.world)
    fault.end(lab.world)

    def reached() -> bool:
        login = lab.run("psql", "-qAtc", "select 1", check=False).strip() == "1"
        return login and all(server.ready for server in status.servers(lab.world))

    until("every server", reached)
    token = {"X-Vault-Token": lab.world.credential("eso-token").read_text()}
    assert lab.vault.ask("GET", "/v1/auth/token/lookup-self", headers=token)["data"]["policies"] == [
        "default",
        vault.READER,
    ]


def test_postgres_keeps_its_data_through_a_restart(lab: Lab) -> None:
    lab.run("psql", "-qAtc", "create table if not exists kept as select 7 as number")
    faults.named("postgres-restarted", lab.world).begin(lab.world)
    assert lab.run("psql", "-qAtc", "select number from kept; drop table kept").strip() == "7"


def test_status_names_every_server_with_its_process_and_all_are_ready(lab: Lab) -> None:
    found = {server.name: server for server in status.servers(lab.world)}
    wanted = {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "containerd", "vault"}
    wanted |= {"postgres", "external-secrets", "source-controller", "kustomize-controller", "helm-controller"}
    assert wanted | {"injector"} <= found.keys()
    assert all(server.ready and server.pid for server in found.values())


def test_no_server_of_a_lab_listens_anywhere_but_on_its_own_addresses(lab: Lab) -> None:
    ours = {str(process.pid) for process in processes.every(lab.world)}
    heard = subprocess.run(("ss", "-Hltnp"), capture_output=True, text=True, check=True).stdout.splitlines()
    lines = [line for line in heard if any(f"pid={pid}," in line for pid in ours)]
    places = {line.split()[3].rpartition(":")[0] for line in lines}
    assert places
    assert places <= {lab.world.address, lab.world.inner, "127.0.0.1"}


def test_pods_have_no_way_out_of_the_lab(lab: Lab, namespace: str) -> None:
    lab.apply(_plain_pod(namespace))
    until("a running pod", lambda: _ready(lab, namespace, "plain"))
    # The machine's own address is not the bridge's: nothing that comes from a pod is passed on to where it leads.
    assert Path(f"/proc/sys/net/ipv4/conf/{lab.world.bridge}/forwarding").read_text().strip() == "0"
    words = ("exec", "-n", namespace, "plain", "--", "nslookup", "example.org")
    assert "NXDOMAIN" in lab.run("kubectl", *words, check=False)


def test_two_labs_run_side_by_side_and_one_goes_without_the_other(lab: Lab) -> None:
    other = start("other", None)
    assert other.world.address != lab.world.address
    assert all(server.ready for server in status.servers(other.world))

    down.down(other.world)

    nothing_of(other.world)
    assert all(server.ready for server in status.servers(lab.world))


@pytest.mark.parametrize("step", ["bridge", "node", "kube-apiserver", "kubelet"])
def test_a_tool_killed_while_a_lab_comes_up_leaves_one_that_down_takes_away(step: str, lab: Lab) -> None:
    left = killed_at(step, "lab", "up", "--name", "half", "--empty")
    assert processes.every(left) or Path(f"/sys/class/net/{left.bridge}").exists()
    down.down(left)

    nothing_of(left)
    assert all(server.ready for server in status.servers(lab.world))


def _all(objects: list[Any], at_least: int) -> bool:
    """Whether every object says that it is ready."""
    if len(objects) < at_least:
        return False
    return all(
        any(one["type"] == "Ready" and one["status"] == "True" for one in item.get("status", {}).get("conditions", []))
        for item in objects
    )


def _ready(lab: Lab, namespace: str, name: str) -> Any:
    pod = lab.get(f"/api/v1/namespaces/{namespace}/pods/{name}")
    return pod if _all([pod], 1) else None


def _grant(lab: Lab, namespace: str, data: dict[str, str]) -> None:
    """A value, a policy for it, and a role for the namespace's default service account."""
    lab.vault.ask("POST", f"/v1/secret/data/{namespace}/app", {"data": data})
    policy = f'path "secret/data/{namespace}/app" {{ capabilities = ["read"] }}'
    lab.vault.ask("PUT", f"/v1/sys/policies/acl/{namespace}", {"policy": policy})
    role = {
        "role_type": "jwt",
        "user_claim": "sub",
        "bound_audiences": [ISSUER],
        "bound_subject": f"system:serviceaccount:{namespace}:default",
        "token_policies": [namespace],
        "token_ttl": "20m",
    }
    lab.vault.ask("POST", f"/v1/auth/jwt/role/{namespace}", role)


def _pod(namespace: str) -> dict[str, Any]:
    prefix = "vault.hashicorp.com/"
    template = f'{{{{- with secret "secret/data/{namespace}/app" -}}}}{{{{ .Data.data.password }}}}{{{{- end -}}}}'
    annotations = {
        f"{prefix}agent-inject": "true",
        f"{prefix}role": namespace,
        f"{prefix}auth-config-path": "/var/run/secrets/kubernetes.io/serviceaccount/token",
        f"{prefix}auth-config-remove-jwt-after-reading": "false",
        f"{prefix}agent-inject-template-db": template,
        f"{prefix}error-on-missing-key-db": "true",
    }
    container = {"name": "app", "image": "registry.example.net/team/app:1.2.3", "imagePullPolicy": "Always"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "app", "namespace": namespace, "annotations": annotations},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }


def _plain_pod(namespace: str) -> dict[str, Any]:
    container = {"name": "plain", "image": "example.net/plain:1"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "plain", "namespace": namespace},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }
