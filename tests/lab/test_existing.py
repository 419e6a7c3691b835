"""A lab in a cluster and a Vault that are somebody's: refused without their name, and gone without a trace."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate.cli.main import run
from migrate.lab import down, ports
from migrate.lab.levels import Level
from migrate.lab.web import Unwelcome
from tests.labworld import Lab, missing, start, until

pytestmark = [pytest.mark.lab(level="control"), pytest.mark.timeout(600)]
CANARY = "their-canary-77aa"


@pytest.fixture(scope="module")
def theirs(labs_home: Path, labs_level: Level) -> Iterator[Lab]:
    """A cluster called `lab-theirs` and a Vault, with things in them that a lab would bring too."""
    assert labs_home.is_dir()
    if not labs_level.holds(Level.CONTROL):
        missing("Kubernetes' servers are not built")
    found = start("theirs", None, Level.CONTROL)
    until("a namespace", lambda: found.get("/api/v1/namespaces/default/serviceaccounts/default"))
    found.api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "external-secrets"}})
    kept = {"metadata": {"name": "vault-eso-token"}, "stringData": {"token": CANARY}}
    found.api.ask("POST", "/api/v1/namespaces/external-secrets/secrets", kept)
    yield found
    down.down(found.world)


@pytest.fixture
def words(theirs: Lab, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command that brings a lab into it, but for the cluster's name."""
    key = theirs.world.credential
    monkeypatch.setenv("KUBECONFIG", str(key("admin.kubeconfig")))
    monkeypatch.delenv("VAULT_TOKEN", raising=False)
    reach = ["--vault", theirs.world.url(ports.VAULT), "--vault-ca", str(key("ca.crt"))]
    credentials = ["--vault-token-file", str(key("vault-root"))]
    return ["lab", "up", "--name", "guest", "--context", "lab-theirs", *reach, *credentials]


@pytest.mark.parametrize("said", [[], ["--i-know-this-is-disposable", "lab"], ["--i-know-this-is-disposable", ""]])
def test_nothing_is_written_until_the_clusters_name_is_repeated(
    theirs: Lab, words: list[str], said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = _all(theirs)
    assert run([*words, *said]) == 3
    assert "leads to the cluster lab-theirs" in capsys.readouterr().err
    assert _all(theirs) == before
    assert not theirs.world.folder.with_name("guest").exists()


def test_what_is_there_stays_as_it_is_and_what_was_brought_is_taken_away(
    theirs: Lab, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = _all(theirs)
    assert run([*words, "--i-know-this-is-disposable", "lab-theirs", "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["provider"] == "existing"
    assert {server["name"]: server["ready"] for server in found["servers"]} == {"kube-apiserver": True, "vault": True}

    brought = _all(theirs)
    assert brought["namespaces"] > before["namespaces"]
    assert brought["values"] > before["values"]
    assert {"vault-ca-cert"} <= brought["secrets"] - before["secrets"]
    kept = theirs.get("/api/v1/namespaces/external-secrets/secrets/vault-eso-token")
    assert base64.b64decode(kept["data"]["token"]).decode() == CANARY
    assert "labels" not in kept["metadata"]
    assert run(["lab", "shell", "--name", "guest", "--", "kubectl", "get", "namespace", "external-secrets"]) == 0
    assert run(["lab", "faults", "vault-sealed", "--name", "guest"]) == 3

    assert run(["lab", "down", "--name", "guest"]) == 0

    until("namespaces to be gone", lambda: _all(theirs) == before)
    token = theirs.world.credential("vault-root").read_text()
    told = capsys.readouterr()
    assert token not in said.out + said.err + told.out + told.err


def test_a_context_that_nobody_has_is_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    words[words.index("lab-theirs")] = "elsewhere"
    assert run(words) == 64
    assert "no context elsewhere" in capsys.readouterr().err


def _all(lab: Lab) -> dict[str, Any]:
    """What a lab could have brought, by name."""
    namespaces = lab.get("/api/v1/namespaces")["items"]
    secrets = lab.get("/api/v1/secrets")["items"]
    return {
        "namespaces": {one["metadata"]["name"] for one in namespaces},
        "secrets": {one["metadata"]["name"] for one in secrets},
        "mounts": set(lab.vault.ask("GET", "/v1/sys/mounts")["data"]),
        "auth": set(lab.vault.ask("GET", "/v1/sys/auth")["data"]),
        "policies": set(lab.vault.ask("LIST", "/v1/sys/policies/acl")["data"]["keys"]),
        "values": set(_listed(lab)),
        "tokens": len(lab.vault.ask("LIST", "/v1/auth/token/accessors")["data"]["keys"]),
    }


def _listed(lab: Lab) -> list[str]:
    try:
        return list(lab.vault.ask("LIST", "/v1/secret/metadata/")["data"]["keys"])
    except Unwelcome as refused:
        if refused.status == 404:  # an empty list
            return []
        raise
