"""An image registry that has every image: `python -m migrate.lab.registry --store S --names N --host H --port P`.

containerd in the lab asks here for whatever a pod names, whichever registry that is on and whatever its pull policy,
so no pod is changed to be able to run. What it gets is a stand-in: `--names` is a JSON object from repository
(`grafana/grafana`, `hashicorp/vault`) to the digest of one of the images in the store, `*` being everybody else's.
Stand-ins have their own digests: a pod that pins another one is not served, and says so in its events.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shutil
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from migrate.lab.images import MANIFEST, Store

_PATH = re.compile(r"/v2/(?P<name>[a-z0-9._/-]+)/(?P<kind>manifests|blobs)/(?P<reference>[A-Za-z0-9_.:+-]+)")


def named(names: dict[str, str], repository: str) -> str:
    """The digest that stands for a repository: its own, else that of its last part, else everybody's."""
    return names.get(repository) or names.get(repository.rpartition("/")[2]) or names["*"]


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Registry

    def do_GET(self) -> None:
        """Send a manifest or a blob."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Say that there is one."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        if path in {"/v2", "/v2/"}:
            self._send(200, "application/json", 0, "")
            return
        found = _PATH.fullmatch(path)
        if found is None:
            self._send(404, "text/plain", 0, "")
            return
        digest = found["reference"] if ":" in found["reference"] else self.server.digest(found["name"])
        blob = self.server.store.blob(digest)
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest) or not blob.is_file():
            self._send(404, "text/plain", 0, "")
            return
        kind = MANIFEST if found["kind"] == "manifests" else "application/octet-stream"
        self._send(200, kind, blob.stat().st_size, digest)
        if with_body:
            with blob.open("rb") as file, contextlib.suppress(OSError):
                shutil.copyfileobj(file, self.wfile, 2**20)

    def _send(self, status: int, kind: str, size: int, digest: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        if digest:
            self.send_header("Docker-Content-Digest", digest)
        self.end_headers()


class Registry(ThreadingHTTPServer):
    """Serves one store. The names are read anew for each request: an estate may grow."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], store: Store, names: Path) -> None:
        super().__init__(address, _Conversation)
        self.store = store
        self._names = names

    def digest(self, repository: str) -> str:
        """The digest that stands for a repository just now."""
        return named(json.loads(self._names.read_text()), repository)


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(prog="python -m migrate.lab.registry", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--names", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    with Registry((given.host, given.port), Store(given.store), given.names) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
