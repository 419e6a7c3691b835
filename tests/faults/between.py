"""A Vault that does as it is told by a test: what stands between the tool and the lab's, and breaks every write once.

The lab's own proxy breaks lines. This one knows requests: it answers 429 or 503 in Vault's place, or carries a write
out and loses the answer, and leaves every reading alone.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

Trouble = Literal["pass", "429", "500", "503", "refused", "lost", "strike"]
"""What becomes of a write: an answer in Vault's place, a line cut before it arrives, or after it was done."""
TROUBLES: tuple[Trouble, ...] = ("429", "500", "503", "refused", "lost")

_WRITES = {"POST", "PUT", "DELETE"}
_LOOKS = ("/v1/sys/wrapping/", "/v1/auth/token/", "/v1/auth/jwt/login", "/v1/sys/capabilities")
"""Requests that write nothing, whatever their method."""
_ERRORS = {"429": b'{"errors":["request path throttled"]}', "503": b'{"errors":["Vault is overloaded"]}'}


@dataclass
class Between:
    """`trouble` comes over every write the first time it is tried. `struck`: those writes, in order.

    Two of one path are the same write if they say the same, whatever password is in them: a lost one is made anew.
    """

    address: str
    trouble: Trouble = "pass"
    strike: Callable[[], None] = lambda: None
    """What happens to the servers in the moment of a write, before it is passed on."""
    struck: list[str] = field(default_factory=list)
    _known: set[tuple[str, str]] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def due(self, method: str, path: str, sent: bytes) -> Trouble:
        """What becomes of this request."""
        with self._lock:
            write = (f"{method} {path}", _said(sent))
            if method not in _WRITES or path.startswith(_LOOKS) or self.trouble == "pass" or write in self._known:
                return "pass"
            self._known.add(write)
            self.struck.append(write[0])
        self.strike()
        return self.trouble


@contextmanager
def between(host: str, port: int, folder: Path) -> Iterator[Between]:
    """Stand before the Vault at `host:port`. `folder` holds its `ca.crt`, `vault.crt` and `vault.key`."""
    inside = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    outside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    outside.load_cert_chain(folder / "vault.crt", folder / "vault.key")
    found = Between("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            trouble = found.due(self.command, self.path, sent)
            if trouble == "refused":
                self.close_connection = True
                return
            if trouble in {"429", "500", "503"}:
                self._say(int(trouble), _ERRORS.get(trouble, b'{"errors":["internal error"]}'))
                return
            status, body = self._asked(sent)
            if trouble == "lost":
                self.close_connection = True
                return
            self._say(status, body)

        def _asked(self, sent: bytes) -> tuple[int, bytes]:
            line = HTTPSConnection(host, port, context=inside, timeout=30)
            try:
                kept = {key: value for key, value in self.headers.items() if key.lower() not in _HOPS}
                line.request(self.command, self.path, sent or None, kept)
                answer = line.getresponse()
                return answer.status, answer.read()
            except OSError:
                return 502, b"{}"
            finally:
                line.close()

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def __getattr__(self, name: str) -> object:
            # The base class asks for a method named after the request's.
            if name.startswith("do_"):
                return self._any
            raise AttributeError(name)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
            """Silent: paths are no secret, but nobody reads them."""

    server = _Server((host, 0), Handler)
    server.socket = outside.wrap_socket(server.socket, server_side=True)
    found.address = f"https://{host}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _said(sent: bytes) -> str:
    body = json.loads(sent or b"{}")
    return json.dumps({key: value for key, value in body.items() if key != "password"}, sort_keys=True)


_HOPS = {"host", "content-length", "connection", "accept-encoding"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no fault of the test's."""
