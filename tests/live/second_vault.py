"""A second Vault, and a backup of the lab's own restored into it."""

from __future__ import annotations

import contextlib
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from migrate.lab import ports
from tests.contract.servers import free_port, process, program, wait
from tests.labworld import Lab


@contextlib.contextmanager
def restored(lab: Lab, folder: Path, port: int) -> Iterator[Callable[[], None]]:
    """A second Vault; what is yielded restores a snapshot of the first into it."""
    data = folder / "second"
    data.mkdir()
    certificate, key = (str(lab.world.credential(f"vault.{kind}")) for kind in ("crt", "key"))
    listener = {"address": f"{lab.world.address}:{port}", "tls_cert_file": certificate, "tls_key_file": key}
    settings = {
        "storage": {"raft": {"path": str(data), "node_id": "second"}},
        "listener": {"tcp": listener},
        "api_addr": f"https://{lab.world.address}:{port}",
        "cluster_addr": f"https://{lab.world.address}:{free_port()}",
        "disable_mlock": True,
    }
    file = folder / "second.json"
    file.write_text(json.dumps(settings))
    with process([str(program("vault", "vault-")), "server", f"-config={file}"], folder / "second.log") as started:
        second = Second(lab, f"https://{lab.world.address}:{port}")
        wait(second.answers, started)

        def restore() -> None:
            snapshot = second.ask("GET", "sys/storage/raft/snapshot", first=True)
            made = json.loads(second.ask("PUT", "sys/init", b'{"secret_shares": 1, "secret_threshold": 1}'))
            second.ask("PUT", "sys/unseal", json.dumps({"key": made["keys_base64"][0]}).encode())
            second.token = made["root_token"]
            wait(second.active, started)
            second.ask("POST", "sys/storage/raft/snapshot-force", snapshot)
            unseal = lab.world.credential("vault-unseal").read_text()
            wait(lambda: second.opens(unseal), started)

        yield restore


class Second:
    """Requests to either Vault: bytes in, bytes out."""

    def __init__(self, lab: Lab, address: str) -> None:
        self._lab, self._address, self.token = lab, address, ""
        self._context = ssl.create_default_context(cafile=str(lab.world.credential("ca.crt")))

    def ask(self, method: str, path: str, body: bytes | None = None, *, first: bool = False) -> bytes:
        where = self._lab.world.url(ports.VAULT) if first else self._address
        asked = urllib.request.Request(f"{where}/v1/{path}", body, method=method)
        token = self._lab.world.credential("vault-root").read_text() if first else self.token
        asked.add_header("X-Vault-Token", token)
        with urllib.request.urlopen(asked, context=self._context, timeout=60) as answer:
            return bytes(answer.read())

    def _health(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self.ask("GET", "sys/health?sealedcode=200&uninitcode=200&standbyok=true")))
        except (urllib.error.URLError, OSError, ValueError):
            return {}

    def answers(self) -> bool:
        return bool(self._health())

    def active(self) -> bool:
        found = self._health()
        return found.get("sealed") is False and found.get("standby") is False

    def opens(self, key: str) -> bool:
        """Unseal with the first Vault's key, which is the second's after a restore."""
        with contextlib.suppress(urllib.error.URLError, OSError):
            self.ask("PUT", "sys/unseal", json.dumps({"key": key}).encode())
        self.token = self._lab.world.credential("vault-root").read_text()
        return self.active()
