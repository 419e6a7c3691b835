"""The prediction as a mutating webhook over HTTPS: `python -m migrate.lab.webhook --cert C --key K --port 8443`.

Serves `/mutate` and `/health/ready`, as the injector does, one thread a connection. Listens on loopback unless told
otherwise. The settings of the injector come from `--injector-env`, never from this process's environment.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import ssl
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from migrate.injector.review import Reply, reply
from migrate.injector.settings import from_environment
from migrate.views.console import notes

_LARGEST_BODY = 8 * 2**20  # the API server's own limit for a request is 3 MiB
_PATIENCE = 30.0  # seconds a silent client is waited for; the webhook's own time limit is 30 s as well

Answer = Callable[[bytes, str], Reply]
"""Body and content type of a request to what is answered."""


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE
    # Header and body leave in two writes; without this the second waits for the client's delayed acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Webhook

    def do_POST(self) -> None:
        """Answer a review."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > _LARGEST_BODY:
            self.close_connection = True
            self._send(
                Reply(413 if length.isdigit() else 411, b"a body of known, reasonable length, please\n", "text/plain")
            )
            return
        body = self.rfile.read(int(length))
        if self.path.partition("?")[0] != "/mutate":
            self._send(Reply(404, b"404 page not found\n", "text/plain"))
            return
        self._send(self.server.answer(body, self.headers.get("Content-Type", "")))

    def do_GET(self) -> None:
        """Say that the server is up."""
        ready = self.path == "/health/ready"
        self._send(Reply(204 if ready else 404, b"", "text/plain"))

    def _send(self, found: Reply) -> None:
        self.send_response(found.status)
        self.send_header("Content-Type", found.content_type)
        self.send_header("Content-Length", str(len(found.body)))
        self.end_headers()
        self.wfile.write(found.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
        """Say nothing: requests hold whole pods, and whoever runs the lab watches the API server's log."""


class Webhook(ThreadingHTTPServer):
    """An HTTPS server around an answer. `address` is (host, port); port 0 takes a free one.

    Raises OSError for an address in use, ssl.SSLError for a bad certificate.
    """

    daemon_threads = True
    request_queue_size = 1024
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext, answer: Answer) -> None:
        super().__init__(address, _Conversation)
        self.context = context
        self.answer = answer

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Shake hands in the connection's own thread, so that a silent client holds up nobody else."""
        assert isinstance(request, socket.socket)
        request.settimeout(_PATIENCE)
        # A client that leaves or speaks no TLS is its own affair.
        with contextlib.suppress(OSError), self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """One broken connection is not worth a trace."""


def tls(cert: Path, key: Path) -> ssl.SSLContext:
    """A server's context from two PEM files. Raises OSError or ssl.SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m migrate.lab.webhook", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--cert", type=Path, required=True, help="certificate, PEM")
    parser.add_argument("--key", type=Path, required=True, help="private key, PEM")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback)")
    parser.add_argument("--port", type=int, default=8443)
    parser.add_argument("--injector-env", action="append", default=[], metavar="KEY=VALUE")
    given = parser.parse_args(arguments)
    settings = from_environment(dict(pair.partition("=")[::2] for pair in given.injector_env))
    with Webhook((given.host, given.port), tls(given.cert, given.key), partial(reply, settings=settings)) as server:
        notes().print(f"listening on https://{given.host}:{server.server_address[1]}/mutate")
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
