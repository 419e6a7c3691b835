"""Templates of phase 2, filled in by Vault's own agent: the bytes are those that ESO would have copied."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate.estate.goevaluation import evaluated
from migrate.estate.inventory import Store
from migrate.planning.secrets.sources import source_of
from migrate.planning.secrets.templates import agent_template
from tests.contract.servers import ROOT, missing, program, vault

pytestmark = pytest.mark.lab(level="vault")

STORE = Store("ClusterSecretStore", None, "s", "vault", None, "secret", "v2", None, 1)
VALUES = {"A": "x y\n\n<&>\"'\\ \u00e9\u2028", "b-c": "plain\n", "D": "aGVsbG8K", "E": "\x01\t"}
OTHERS = {
    "N": (8080, "8080"),
    "L": (2**53 - 1, "9007199254740991"),
    "F": (0.5, "0.5"),
    "on": (True, "true"),
    "off": (False, "false"),
}
"""What Vault holds that is no text, and the text that ESO copies (tests/lab/test_world.py asks it)."""
STORED = VALUES | {key: value for key, (value, _) in OTHERS.items()}
TEXTS = {
    "plain.conf": 'a: {{ .A }}\n  b: {{- index . "b-c" | quote }}\nz: {{ .D | b64dec }}\n',
    "blocks": "{{/* why */}}{{ if .A }}{{ .A | upper | trim }}{{ else }}no{{ end -}}\n\n end\n",
    "others": "{{ toJson (list .N .L .F .on .off) }}{{ if .off }}on{{ end }}{{ .N | quote }}{{ .on | upper }}{{ .F }}",
    "functions": '{{ .A | replace "x" "y" | squote }}{{ .E | quote }}{{ .A | trimSuffix "\\u2028" | quote }}',
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if missing():
        pytest.skip(missing())
    with vault(tmp_path_factory.mktemp("vault")) as (_, plain, _, _):
        for key, value in STORED.items():
            body = json.dumps({"data": {"value": value}}).encode()
            url = f"{plain}/v1/secret/data/apps/{key}"
            urllib.request.urlopen(urllib.request.Request(url, body, {"X-Vault-Token": ROOT}, method="POST")).close()
        yield plain


def external() -> Any:
    """An ExternalSecret of all of them; in Vault each is the `value` at a path of its own below `apps`."""
    data = [{"secretKey": key, "remoteRef": {"key": f"apps/{key}", "property": "value"}} for key in (*VALUES, *OTHERS)]
    decoded = {"key": "apps/D", "property": "value", "decodingStrategy": "Base64"}
    data.append({"secretKey": "decoded", "remoteRef": decoded})
    return {"spec": {"data": data, "target": {"template": {"mergePolicy": "Merge", "data": TEXTS}}}}


def copied() -> dict[str, str]:
    """What ESO makes of it."""
    values = VALUES | {key: text for key, (_, text) in OTHERS.items()}
    return {**values, "decoded": "hello\n"} | {key: evaluated(text, values) for key, text in TEXTS.items()}


def test_the_agent_writes_what_eso_would_have_copied(address: str, tmp_path: Path) -> None:
    wanted = copied()
    assert wanted["others"].endswith('on"8080"TRUE0.5')
    (tmp_path / "token").write_text(ROOT)
    method = {"type": "token_file", "config": {"token_file_path": str(tmp_path / "token")}}
    settings = {
        "exit_after_auth": True,
        "vault": {"address": address},
        "auto_auth": {"method": [method]},
        "template": [
            {
                "destination": str(tmp_path / f"out-{key}"),
                "contents": agent_template(source_of(external(), key, STORE)),
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
