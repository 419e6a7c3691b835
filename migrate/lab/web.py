"""JSON over HTTPS to a lab's servers, trusting one authority only."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import urllib3

from migrate.model.errors import Failed

Answer = Any  # JSON of some server


class Unwelcome(Failed):
    """A server answered, and not with what was asked for. `status` is HTTP's."""

    def __init__(self, status: int, what: str, reason: str) -> None:
        super().__init__(f"{what} answered {status}: {reason}", following="migrate lab logs SERVER")
        self.status = status


class Web:
    """One server. `authority` None: whom the machine trusts. Connections are kept and shared between threads."""

    def __init__(
        self,
        url: str,
        authority: Path | None,
        *,
        client: tuple[Path, Path] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.url = url
        self._headers = dict(headers or {})
        certificate, key = (str(client[0]), str(client[1])) if client else (None, None)
        self._pool = urllib3.PoolManager(
            ca_certs=str(authority) if authority else None,
            cert_file=certificate,
            key_file=key,
            retries=False,
            maxsize=8,
        )

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        kind: str = "application/json",
        headers: Mapping[str, str] | None = None,
        patience: float = 30.0,
    ) -> Answer:
        """The answer's JSON, None where it has no body. Raises Unwelcome for 400 and above, Failed for no answer."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        wanted = {"Content-Type": kind, "Accept": "application/json", **(headers or {})}
        return _parsed(self._request(method, path, data, wanted, patience))

    def fetch(self, path: str, *, patience: float = 60.0) -> bytes:
        """What lies at a path, as it is. Raises what `ask` raises."""
        return self._request("GET", path, None, {}, patience)

    def _request(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str], patience: float
    ) -> bytes:
        all_headers = {**self._headers, **headers}
        try:
            response = self._pool.request(method, self.url + path, body=data, headers=all_headers, timeout=patience)
        except urllib3.exceptions.HTTPError as error:
            raise Failed(
                f"{self.url} does not answer ({type(error).__name__}).", following="migrate lab status"
            ) from None
        if response.status >= 400:
            raise Unwelcome(response.status, f"{method} {self.url}{path}", _reason(response.data))
        return bytes(response.data)

    def ready(self, path: str, *, patience: float = 1.0) -> bool:
        """Whether the server answers that path with success just now."""
        try:
            self.ask("GET", path, patience=patience)
        except Failed:
            return False
        return True

    def close(self) -> None:
        """Drop the kept connections."""
        self._pool.clear()


def _parsed(data: bytes) -> Answer:
    try:
        return json.loads(data) if data else None
    except ValueError:
        return data.decode(errors="replace")


def _reason(data: bytes) -> str:
    """What a server says it minds; never more than a line of it."""
    said = _parsed(data)
    if isinstance(said, dict):
        said = said.get("message") or "; ".join(map(str, said.get("errors") or [])) or "no reason given"
    return str(said or "no reason given").strip().partition("\n")[0][:300]


def wait(what: str, ready: Any, patience: float, *, alive: Any = None) -> None:
    """Return once `ready()` is true. Raises Failed when time is up, or as soon as `alive()` is false."""
    until = time.monotonic() + patience
    while not ready():
        if alive is not None and not alive():
            raise Failed(f"{what} ended instead of becoming ready.", following=f"migrate lab logs {what}")
        if time.monotonic() > until:
            raise Failed(f"{what} was not ready within {patience:.0f} s.", following=f"migrate lab logs {what}")
        time.sleep(0.1)
