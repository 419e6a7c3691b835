"""Whatever a server says instead of an answer, no check guesses: it is neither good nor bad news."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from migrate.checks.answer import Inconclusive, Question
from migrate.checks.catalogue import CHECKS
from migrate.model.config import Trials
from migrate.stores.cluster.api import Api as Cluster
from migrate.stores.cluster.observer import ClusterObserver
from migrate.stores.postgres.observer import PostgresObserver
from migrate.stores.postgres.session import Database
from migrate.stores.postgres.trial import Door
from migrate.stores.servers.logins import Logins
from migrate.stores.servers.observer import ServersObserver
from migrate.stores.servers.sealed import SealedObserver
from migrate.stores.vault.api import Api as Vault
from migrate.stores.vault.observer import VaultObserver
from migrate.stores.vault.transit import Key
from tests.checks.looking import ABOUT

_OF_GIT = frozenset({"gitops.applied", "gitops.reverted"})
_OF_PEOPLE = frozenset({"break-glass"})
"""Asks no server."""
_CHANGES = (
    '{"container":"app","account":"grafana","annotations":{},"set":[],"unset":[],"volumes":[],"unmount":[],'
    '"shareProcessNamespace":null}'
)


class Saying(ThreadingHTTPServer):
    """A server that says the same to everybody."""

    daemon_threads = True

    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body
        super().__init__(("127.0.0.1", 0), _Saying)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Saying(BaseHTTPRequestHandler):
    def _say(self) -> None:
        assert isinstance(self.server, Saying)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.server.status:  # cut off
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_LIST = do_PATCH = _say  # noqa: N815  names of its base

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of its base
        """Say nothing."""


_REFUSED = b'{"kind": "Status", "errors": ["denied"], "message": "forbidden: cannot create resource"}'
SAID = {
    "cut off": (0, b""),
    "400": (400, _REFUSED),
    "401": (401, _REFUSED),
    "403": (403, _REFUSED),
    "405": (405, _REFUSED),
    "408": (408, _REFUSED),
    "412": (412, _REFUSED),
    "429": (429, _REFUSED),
    "472": (472, _REFUSED),
    "500": (500, _REFUSED),
    "504": (504, _REFUSED),
    "half of an object": (200, b'{"kind": "Secret", "request_id": "r", "data": {"us'),
    "503": (503, _REFUSED),
    "a redirect that leads nowhere": (307, b""),
    "502 of a proxy": (502, b"<html>Bad Gateway</html>"),
    "no JSON": (200, b"<html>Welcome to the hotel's network</html>"),
    "JSON of somebody else": (200, b'["hello"]'),
    "an empty object": (200, b"{}"),
    "an object of somebody else": (200, b'{"hello": "world"}'),
    "400 of a proxy": (400, b"<html>Bad Request</html>"),
    "403 of a proxy": (403, b"<html>Forbidden</html>"),
    "404 of a proxy": (404, b"404 page not found\n"),
}


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("name", sorted(CHECKS.keys() - _OF_GIT - _OF_PEOPLE))
def test_no_check_guesses(name: str, said: str, tmp_path: Path) -> None:
    check = CHECKS[name]
    about = ABOUT | {"pod": _CHANGES, "touches": '{"patch":[],"places":[]}', "copies": "{}"}
    with observing(*SAID[said], tmp_path) as observer:
        answer = check.ask(observer, Question({key: about[key] for key in check.needs}, datetime.now(UTC)))
    assert isinstance(answer, Inconclusive), answer
    assert answer.reading
    assert answer.settles


@contextmanager
def observing(status: int, body: bytes, folder: Path) -> Iterator[ServersObserver]:
    """Vault and a cluster that say this, and a PostgreSQL that is not there."""
    with Saying(status, body) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield _observer(server.address, folder)
        finally:
            server.shutdown()
            thread.join(10)


def _observer(address: str, folder: Path) -> ServersObserver:
    cluster = {"name": "c", "cluster": {"server": address}}
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "clusters": [cluster],
        "contexts": [context],
        "users": [{"name": "u", "user": {}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(document))
    vault, api = Vault(address, None, lambda: "x"), Cluster("c", str(folder / "kubeconfig"))
    postgres = Database(lambda: "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2")
    return ServersObserver(
        VaultObserver(vault, lambda: datetime.now(UTC)),
        PostgresObserver(postgres, None),
        ClusterObserver(api),
        Logins(api, vault, Door("127.0.0.1", 1, "", "disable", None)),
        Trials(),
        SealedObserver(postgres, lambda path: Key(vault, path), None),
    )
