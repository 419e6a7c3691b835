"""`vault`: what it would read back, a file each. `VAULT_DOWN` is a server that does not answer."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.planning.programs import note, world

_ADDED: dict[str, dict[str, Any]] = {
    "config": {"running_plugin_version": "v1.21.0+builtin.vault", "password_policy": "", "plugin_version": ""},
    "static-roles": {"credential_type": "password", "last_vault_rotation": "2026-01-02T03:04:05Z"},
    "roles": {"credential_type": "password"},
    "role": {"bound_claims_type": "string", "token_num_uses": 0, "oidc_scopes": None, "token_bound_cidrs": []},
}
_NOT_DETAILS = {"plugin_name", "allowed_roles", "verify_connection"}


def file(path: str) -> Path:
    """Where the stand-in keeps what it reads back at a path."""
    return world() / "vault" / (path.replace("/", "%") + ".json")


def as_read(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What Vault makes of a write: secrets gone, connections one level down, its own fields beside."""
    *_, kind, name = path.split("/")
    body = {key: value for key, value in body.items() if key != "password"}
    if kind == "acl":
        return body | {"name": name}
    if kind == "config":
        details = {key: body.pop(key) for key in set(body) - _NOT_DETAILS}
        body["connection_details"] = details
    return _ADDED.get(kind, {}) | body


def shown(data: dict[str, Any]) -> str:
    """As `-format=json` prints it."""
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    body = text.replace("\n", "\n  ")
    head = '  "request_id": "r",\n  "lease_id": "",\n  "lease_duration": 0,\n  "renewable": false,'
    return f'{{\n{head}\n  "data": {body},\n  "warnings": null\n}}'


def main(words: list[str]) -> int:
    note("vault", *words)
    if os.environ.get("VAULT_DOWN"):
        print(f"Error reading {words[-1]}: Get: dial tcp 192.0.2.1:8200: connect: connection refused", file=sys.stderr)
        return 2
    match words:
        case ["read", "-format=json", path] if file(path).exists():
            print(shown(json.loads(file(path).read_text())))
        case ["read", "-format=json", path]:
            print(f"No value found at {path}", file=sys.stderr)
            return 2
        case ["write", path, "-"]:
            file(path).write_text(json.dumps(as_read(path, json.load(sys.stdin))))
        case ["policy", "delete", name]:
            file(f"sys/policies/acl/{name}").unlink()
        case ["delete", path]:
            file(path).unlink()
        case _:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
