"""Templates of phase 2, filled in by Vault's own agent: the bytes are those that ESO would have copied."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate.estate.gotemplate import evaluated
from migrate.estate.inventory import Store
from migrate.planning.secrets.sources import source_of
from migrate.planning.secrets.templates import agent_template
from tests.contract.servers import ROOT, missing, program, vault

pytestmark = pytest.mark.lab(level="vault")

STORE = Store("ClusterSecretStore", None, "s", "vault", None, "secret", "v2", None, 1)
VALUES = {"A": "x y\n\n<&>\"'\\ \u00e9\u2028", "b-c": "plain\n", "D": "aGVsbG8K", "E": "\x01\t"}
TEXTS = {
    "plain.conf": 'a: {{ .A }}\n  b: {{- index . "b-c" | quote }}\nz: {{ .D | b64dec }}\n',
    "blocks": "{{/* why */}}{{ if .A }}{{ .A | upper | trim }}{{ else }}no{{ end -}}\n\n end\n",
    "functions": '{{ .A | replace "x" "y" | squote }}{{ .E | quote }}{{ .A | trimSuffix "\\u2028" | quote }}',
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if missing():
        pytest.skip(missing())
    with vault(tmp_path_factory.mktemp("vault")) as (_, plain, _, _):
        for key, value in VALUES.items():
            body = json.dumps({"data": {"value": value}}).encode()
            url = f"{plain}/v1/secret/data/apps/{key}"
            urllib.request.urlopen(urllib.request.Request(url, body, {"X-Vault-Token": ROOT}, method="POST")).close()
        yield plain


def _external() -> Any:
    data = [{"secretKey": key, "remoteRef": {"key": f"apps/{key}", "property": "value"}} for key in VALUES]
    decoded = {"key": "apps/D", "property": "value", "decodingStrategy": "Base64"}
    data.append({"secretKey": "decoded", "remoteRef": decoded})
    return {"spec": {"data": data, "target": {"template": {"mergePolicy": "Merge", "data": TEXTS}}}}


def test_the_agent_writes_what_eso_would_have_copied(address: str, tmp_path: Path) -> None:
    wanted = {**VALUES, "decoded": "hello\n"} | {key: evaluated(text, VALUES) for key, text in TEXTS.items()}
    (tmp_path / "token").write_text(ROOT)
    method = {"type": "token_file", "config": {"token_file_path": str(tmp_path / "token")}}
    settings = {
        "exit_after_auth": True,
        "vault": {"address": address},
        "auto_auth": {"method": [method]},
        "template": [
            {
                "destination": str(tmp_path / f"out-{key}"),
                "contents": agent_template(source_of(_external(), key, STORE)),
                "error_on_missing_key": True,
            }
            for key in wanted
        ],
    }
    (tmp_path / "agent.json").write_text(json.dumps(settings))
    command = [str(program("vault", "vault-")), "agent", f"-config={tmp_path / 'agent.json'}"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr.decode()
    assert {key: (tmp_path / f"out-{key}").read_bytes().decode() for key in wanted} == wanted
