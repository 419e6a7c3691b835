"""The agent on localhost, as docs/how-to/transit.md has it: predicted from its annotations, and asked by its code."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest

from migrate.cli.main import run
from tests.contract.sealing import sealed
from tests.contract.servers import ROOT, Servers, free_port, process, program, wait
from tests.live.diary import ROOT as CHECKOUT
from tests.live.diary import documented

_LINE = re.compile(r'^(vault\.hashicorp\.com/[\w-]+): "?([^"\n]+)"?$', re.MULTILINE)


_AGENT = """\
vault {{
  address = "{address}"
  ca_cert = "{ca}"
}}
auto_auth {{
  method {{
    type = "token_file"
    config = {{ token_file_path = "{token}" }}
  }}
}}
cache {{
  use_auto_auth_token = "force"
}}
listener "tcp" {{
  address     = "127.0.0.1:{port}"
  tls_disable = true
}}
"""


def test_the_documented_annotations_give_a_proxy_that_keeps_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    annotations = dict(_LINE.findall((CHECKOUT / "docs/how-to/transit.md").read_text()))
    token = {"serviceAccountToken": {"audience": "https://vault.example.test:8200", "path": "token"}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "memo", "namespace": "apps", "annotations": annotations},
        "spec": {
            "serviceAccountName": "memo",
            "containers": [{"name": "memo", "image": "memo"}],
            "volumes": [{"name": "vault-token", "projected": {"sources": [token]}}],
        },
    }
    file = tmp_path / "pod.json"
    file.write_text(json.dumps(pod))
    environment = "AGENT_INJECT_VAULT_ADDR=https://vault.example.test:8200"
    assert run(["predict", str(file), "--namespace", "apps", "--injector-env", environment, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["serverRefusals"] == []
    assert [one for one in found["lint"] if one["severity"] == "error"] == []
    (agent,) = found["agentConfig"].values()
    assert agent["cache"] == {"use_auto_auth_token": "force"}
    assert agent["listener"][0]["address"] == "127.0.0.1:8200"


@pytest.mark.lab(level="vault")
def test_the_documented_code_needs_no_token_of_its_own_through_the_agent(servers: Servers, tmp_path: Path) -> None:
    port, token = free_port(), tmp_path / "token"
    token.write_text(ROOT)
    file = tmp_path / "agent.hcl"
    file.write_text(_AGENT.format(address=servers.vault, ca=servers.ca, token=token, port=port))
    with sealed(servers, 1) as notes:
        notes.write(notes.make_key())
        with process([str(program("vault", "vault-")), "agent", f"-config={file}"], tmp_path / "agent.log") as agent:
            wait(lambda: _listens(port), agent)
            key = documented()["Key"](f"http://127.0.0.1:{port}", notes.key.name, lambda: None, notes.mount)
            assert key.decrypt(key.encrypt("by the agent's leave")) == "by the agent's leave"


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0
