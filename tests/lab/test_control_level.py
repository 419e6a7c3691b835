"""A lab without pods: for somebody who is not root, and with an injector that was brought along."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate.lab import down
from migrate.lab.levels import Level
from tests.lab.somebody import Somebody
from tests.labworld import missing, start, until

pytestmark = [pytest.mark.lab(level="control"), pytest.mark.timeout(900)]

BROUGHT = """\
#!{python}
# Takes the place of vault-k8s: insists on what that one is started with, then answers as the prediction does.
import os, ssl, sys, urllib.request
assert sys.argv[1:] == ["agent-inject"], sys.argv
place = "/var/run/secrets/kubernetes.io/serviceaccount/"
token, namespace = (open(place + name).read() for name in ("token", "namespace"))
api = "https://" + os.environ["KUBERNETES_SERVICE_HOST"] + ":" + os.environ["KUBERNETES_SERVICE_PORT"]
hooks = api + "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
asked = urllib.request.Request(hooks, headers={{"Authorization": "Bearer " + token}})
assert urllib.request.urlopen(asked, context=ssl.create_default_context(cafile=place + "ca.crt")).status == 200
assert namespace == os.environ["NAMESPACE"] == "vault"
host, _, port = os.environ["AGENT_INJECT_LISTEN"].rpartition(":")
said = {{name: value for name, value in os.environ.items() if name.startswith("AGENT_INJECT_VAULT")}}
said["AGENT_INJECT_VAULT_IMAGE"] = "brought/along:1"
sys.path[:0] = {path}
from migrate.lab.webhook import main
main(["--host", host, "--port", port, "--cert", os.environ["AGENT_INJECT_TLS_CERT_FILE"],
      "--key", os.environ["AGENT_INJECT_TLS_KEY_FILE"],
      *(f"--injector-env={{name}}={{value}}" for name, value in said.items())])
"""


@pytest.fixture
def somebody(labs_level: Level) -> Iterator[Somebody]:
    """An ordinary user of this machine."""
    if not labs_level.holds(Level.CONTROL):
        missing("Kubernetes' servers are not built")
    if os.geteuid():
        missing("only root can act as somebody else")
    folder = Path(tempfile.mkdtemp(prefix="ml-"))
    folder.chmod(0o711)
    found = Somebody(folder / "home")
    yield found
    found.runs("lab", "down", "--all")
    shutil.rmtree(folder)


def test_an_ordinary_user_has_api_server_vault_flux_and_eso_and_takes_them_away_again(somebody: Somebody) -> None:
    others = somebody.processes()
    up = somebody.runs("lab", "up", "--name", "mine", "--json")
    assert up.returncode == 0, up.stderr
    assert "not root" in up.stderr
    found = json.loads(up.stdout)
    names = {server["name"] for server in found["servers"]}
    assert found["level"] == "control"
    assert {"etcd", "kube-apiserver", "kube-controller-manager", "vault", "postgres", "external-secrets"} <= names
    assert {"source-controller", "kustomize-controller", "helm-applier", "injector"} <= names
    assert all(server["ready"] for server in found["servers"])

    def filled() -> bool:
        said = somebody.runs("lab", "shell", "--name", "mine", "--", "kubectl", "get", "externalsecrets", "-Ao", "json")
        items = json.loads(said.stdout)["items"] if said.returncode == 0 else []
        return len(items) == 13 and all(_ready(item) for item in items)

    until("every ExternalSecret of the example estate", filled, 400)
    full = somebody.runs("lab", "faults", "disk-full", "--name", "mine")
    assert full.returncode == 3
    assert "own disk" in full.stderr

    gone = somebody.runs("lab", "down", "--name", "mine")

    assert gone.returncode == 0, gone.stderr
    assert not (somebody.home / "mine").exists()
    assert somebody.processes() <= others


def test_an_injector_that_the_environment_names_is_started_as_in_a_pod_and_asked_about_every_pod(
    labs_home: Path, labs_level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert labs_home.is_dir()
    if not labs_level.holds(Level.CONTROL):
        missing("Kubernetes' servers are not built")
    program = tmp_path / "vault-k8s"
    program.write_text(BROUGHT.format(python=sys.executable, path=repr([p for p in sys.path if p])))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("LAB_VAULT_K8S", str(program))
    lab = start("brought", None, Level.CONTROL)
    try:
        until("accounts", lambda: lab.get("/api/v1/namespaces/default/serviceaccounts/default"))
        made = lab.api.ask("POST", "/api/v1/namespaces/default/pods?dryRun=All", _pod())
        images = [one["image"] for one in made["spec"]["containers"]]
        assert images == ["example.net/app:1", "brought/along:1"]
    finally:
        down.down(lab.world)


def _pod() -> dict[str, Any]:
    notes = {"vault.hashicorp.com/agent-inject": "true", "vault.hashicorp.com/role": "app"}
    return {
        "metadata": {"name": "app", "annotations": notes},
        "spec": {"containers": [{"name": "app", "image": "example.net/app:1"}]},
    }


def _ready(item: Any) -> bool:
    conditions = item.get("status", {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
