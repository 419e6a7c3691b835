"""Every secret of a lab, and the search for it in whatever the tool left behind or showed to other processes."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from migrate.lab.web import Unwelcome
from tests.labworld import Lab
from tests.meanwhile import meanwhile

_SHORTEST = 8
"""What is shorter than this stands in any text by chance."""
_KEYS = ("vault-root", "vault-unseal", "eso-token", "postgres-admin")


def secrets_of(lab: Lab) -> dict[str, bytes]:
    """Passwords, tokens and values by where they are kept."""
    found = {f"key {name}": lab.world.credential(name).read_bytes().strip() for name in _KEYS}
    for path in _values(lab, "secret/metadata/"):
        data = lab.vault.ask("GET", f"/v1/{path.replace('/metadata/', '/data/', 1)}")["data"]["data"]
        found |= {f"vault {path} {key}": str(value).encode() for key, value in data.items()}
    for one in lab.get("/api/v1/secrets")["items"]:
        name = f"{one['metadata']['namespace']}/{one['metadata']['name']}"
        for key, value in (one.get("data") or {}).items():
            if not key.endswith((".crt", "username", "ca.pem")):
                found[f"secret {name} {key}"] = base64.b64decode(value)
    return {where: one.strip() for where, one in found.items() if len(one.strip()) >= _SHORTEST}


def rotated(lab: Lab) -> dict[str, bytes]:
    """The password that Vault keeps for the new login, while there is one."""
    try:
        data = lab.vault.ask("GET", "/v1/database/static-creds/mig-grafana")["data"]
    except Unwelcome:
        return {}
    return {"the new login": str(data["password"]).encode()}


def _values(lab: Lab, folder: str) -> Iterator[str]:
    for name in lab.vault.ask("GET", f"/v1/{folder}?list=true")["data"]["keys"]:
        if name.endswith("/"):
            yield from _values(lab, folder + name)
        else:
            yield folder + name


@contextmanager
def arguments() -> Iterator[set[bytes]]:
    """The command line of every process that was seen meanwhile."""
    seen = set[bytes]()

    def look() -> None:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                seen.add((process / "cmdline").read_bytes())
            except OSError:
                continue  # it has ended

    with meanwhile(look, 0.02):
        yield seen


def texts(folder: Path, leaving_out: set[str]) -> dict[str, bytes]:
    """Every file below a folder but those that hold a credential on purpose."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.name not in leaving_out)
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def leaks(secrets: Mapping[str, bytes], places: Mapping[str, bytes]) -> list[str]:
    """Where which secret stands; never the secret."""
    return [f"{name}: {where}" for name, text in places.items() for where, one in secrets.items() if one in text]
