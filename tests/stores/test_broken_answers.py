"""An answer that breaks off, drips, leads elsewhere or is somebody else's is none, and a write under it is not done.

What Vault and the API server say in their troubles is theirs: status, headers and body as their documents have them.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from migrate.model.change import Absent, Change, Doc, Exact
from migrate.model.errors import MigrateError
from migrate.model.ports import Move, Outcome, OutcomeUnknown, Secrets, Unreachable, Written
from migrate.model.target import parse_target
from migrate.stores.cluster import api as cluster_api
from migrate.stores.cluster.api import Api as Cluster
from migrate.stores.cluster.store import ClusterStore
from migrate.stores.vault import api as vault_api
from migrate.stores.vault.api import Api as Vault
from migrate.stores.vault.certificates import Issued, authority
from migrate.stores.vault.store import VaultStore
from migrate.stores.vault.tokens import Minted, standing

TOKEN = "borne-canary-8a44"
_WHOLE = 1.0
"""Seconds that an answer may take in these tests."""


def said(status: int, body: object, **headers: str) -> bytes:
    """A reply as it passes over the line."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {
        "Content-Length": str(len(text)),
        "Connection": "close",
        **{name.replace("_", "-"): one for name, one in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + text


_SECRET = {"kind": "Secret", "apiVersion": "v1", "metadata": {"uid": "u", "resourceVersion": "1"}, "data": {}}
_POLICY = {"request_id": "r", "data": {"policy": "x"}}
_GOOD = {"vault": said(200, _POLICY), "cluster": said(200, _SECRET, Audit_Id="a")}
_STATUS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}


def half(whole: bytes) -> bytes:
    """The line ends in the middle of it."""
    return whole[: len(whole) - 20]


def shorter(whole: bytes) -> bytes:
    """Somebody on the way kept half of the body, and says that this is all."""
    head, _, body = whole.partition(b"\r\n\r\n")
    kept = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    return b"\r\n".join([*kept, b"Content-Length: %d" % (len(body) // 2)]) + b"\r\n\r\n" + body[: len(body) // 2]


def unending(whole: bytes) -> bytes:
    """In pieces that are announced one by one, and the last of them never comes."""
    head, _, body = whole.partition(b"\r\n\r\n")
    kept = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    return b"\r\n".join([*kept, b"Transfer-Encoding: chunked"]) + b"\r\n\r\n%x\r\n" % len(body) + body + b"\r\n"


VAULT = {
    "a limit on requests": (
        said(429, {"errors": ['request path "sys/policies/acl/x": rate limit quota exceeded']}, Retry_After="7"),
        "in 7 seconds",
    ),
    "not here yet": (said(412, {"errors": ["required index state not present"]}), "answers again"),
    "its own trouble": (said(500, {"errors": ["internal error"]}), "answers again"),
    "no leader": (said(500, {"errors": ["local node not active but active cluster node not found"]}), "answers again"),
    "sealed": (said(503, {"errors": ["Vault is sealed"]}), "vault operator unseal"),
    "standby of a recovery": (said(472, {"initialized": True, "sealed": False, "standby": True}), "primary"),
}
CLUSTER = {
    "too many requests": (
        said(429, b"Too many requests, please try again later.\n", Retry_After="7", Audit_Id="a"),
        "in 7 seconds",
    ),
    "slow store": (said(500, _STATUS | {"message": "etcdserver: request timed out", "code": 500}), "answers again"),
    "too late": (said(504, _STATUS | {"message": "Timeout: request did not complete", "code": 504}), "answers again"),
    "stopping": (said(503, _STATUS | {"reason": "ServiceUnavailable", "code": 503}, Retry_After="1"), "answers again"),
}
ANYBODY = {
    "a balancer": (said(502, b"<html>Bad Gateway</html>"), ""),
    "a balancer without a server": (said(503, b"<html>No server is available</html>"), ""),
    "a page": (said(200, b"<html>Log in to this network</html>"), ""),
    "nothing at all": (said(200, b""), ""),
    "the line ends": (b"", ""),
}
BROKEN: dict[str, Callable[[bytes], bytes]] = {"half": half, "shorter": shorter, "unending": unending}


@dataclass
class Line:
    """A server on loopback that replies `reply`, byte for byte, and ends the line.

    `drip`: the seconds between two bytes of a body.
    """

    address: str
    reply: Callable[[str], bytes]
    drip: float = 0
    heard: int = 0


@contextmanager
def line(reply: Callable[[str], bytes], tls: trustme.CA | None = None) -> Iterator[Line]:
    found = Line("", reply)

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found.heard += 1
            whole = found.reply(self.command)
            head, gap, body = whole.partition(b"\r\n\r\n")
            for piece in (whole,) if not found.drip else (head + gap, *(bytes([one]) for one in body)):
                self.wfile.write(piece)
                time.sleep(found.drip)

        do_GET = do_POST = do_PUT = do_DELETE = do_LIST = do_PATCH = _any  # noqa: N815  names of its base

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of its base
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        context = _context(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    found.address = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _context(tls: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.issue_cert("127.0.0.1").configure_cert(context)
    return context


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no fault of the test's."""


def cluster(address: str, folder: Path) -> Cluster:
    document = {
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": address}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": TOKEN}}],
    }  # fmt: skip
    (folder / "kubeconfig").write_text(json.dumps(document))
    return Cluster("c", str(folder / "kubeconfig"))


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault_api, "_SECONDS", _WHOLE)
    monkeypatch.setattr(cluster_api, "_SECONDS", (_WHOLE, _WHOLE))


Read = Callable[[str, Path], object]
READ: dict[str, Read] = {
    "vault": lambda address, _: Vault(address, None, lambda: TOKEN).look("sys/policies/acl/x"),
    "cluster": lambda address, folder: cluster(address, folder).look("/api/v1/namespaces/a/secrets/b"),
}
TROUBLES = [
    pytest.param(who, reply, following, id=f"{who}: {name}")
    for who, table in (("vault", VAULT | ANYBODY), ("cluster", CLUSTER | ANYBODY))
    for name, (reply, following) in table.items()
] + [
    pytest.param(who, breaks(_GOOD[who]), "answers again", id=f"{who}: {name}")
    for who in READ
    for name, breaks in BROKEN.items()
]


@pytest.mark.parametrize("who", READ)
def test_undisturbed_it_is_read(who: str, tmp_path: Path) -> None:
    with line(lambda _: _GOOD[who]) as server:
        assert READ[who](server.address, tmp_path)


@pytest.mark.parametrize(("who", "reply", "following"), TROUBLES)
def test_what_is_no_answer_is_not_read_and_the_next_step_is_said(
    who: str, reply: bytes, following: str, tmp_path: Path
) -> None:
    with line(lambda _: reply) as server, pytest.raises(Unreachable) as caught:
        READ[who](server.address, tmp_path)
    assert following in caught.value.following
    assert caught.value.following
    assert TOKEN not in _words(caught.value)


@pytest.mark.parametrize("who", READ)
def test_an_answer_that_drips_is_not_waited_for_without_end(who: str, tmp_path: Path) -> None:
    began = time.monotonic()
    with line(lambda _: said(200, b"{" + b" " * 10**6)) as server:
        server.drip = _WHOLE / 20
        with pytest.raises(Unreachable, match="no end within"):
            READ[who](server.address, tmp_path)
    assert time.monotonic() - began < 10 * _WHOLE


_POLICY_CHANGE = Change(parse_target("vault:policy/x"), Absent(), Doc({"policy": "y"}), Exact())
_RESTART = Change(
    parse_target("cluster:Deployment/a/b"), Doc({}), Doc({"restartedAt": "2026-01-01T00:00:00Z"}), Exact()
)
_DEPLOYMENT = {"kind": "Deployment", "metadata": {"resourceVersion": "1"}, "spec": {"template": {}}}


def _written(who: str, reply: bytes, folder: Path) -> Outcome:
    """What a store says of a write that is answered so, where all that it reads first is as it should be."""
    change = _POLICY_CHANGE if who == "vault" else _RESTART
    read = said(404, {"errors": []}) if who == "vault" else said(200, _DEPLOYMENT, Audit_Id="a")
    move = Move("run", "plan", "0" * 64, "step", "forward", "a write", change)
    with line(lambda method: read if method == "GET" else reply) as server:
        store = VaultStore(Vault(server.address, None, lambda: TOKEN)) if who == "vault" else None
        store_ = store or ClusterStore(cluster(server.address, folder))
        return store_.write(move, store_.read(change), Secrets())


@pytest.mark.parametrize(("who", "reply", "following"), TROUBLES)
def test_a_write_that_is_answered_so_is_neither_done_nor_refused(
    who: str, reply: bytes, following: str, tmp_path: Path
) -> None:
    outcome = _written(who, reply, tmp_path)
    assert isinstance(outcome, OutcomeUnknown), outcome
    assert TOKEN not in outcome.why


@pytest.mark.parametrize(
    ("who", "reply"),
    [
        ("vault", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("vault", said(200, {"request_id": "r", "warnings": ["ttl is capped"]})),
        ("cluster", said(200, _DEPLOYMENT, Audit_Id="a")),
    ],
)
def test_a_write_that_is_answered_as_it_should_is_done(who: str, reply: bytes, tmp_path: Path) -> None:
    assert isinstance(_written(who, reply, tmp_path), Written)


LATER = [pytest.param(reply, id=name) for name, (reply, _) in {**VAULT, **ANYBODY}.items()]


@pytest.mark.parametrize("reply", LATER)
def test_a_login_that_cannot_be_answered_now_is_not_called_refused(reply: bytes) -> None:
    with line(lambda _: reply) as server, pytest.raises(Unreachable):
        Minted(Vault(server.address, None), "jwt", "role", lambda: "a.b.c", lambda: datetime.now(UTC))()


@pytest.mark.parametrize("reply", LATER)
def test_a_token_is_borne_only_where_vault_says_that_nothing_is_wrapped_in_it(reply: bytes) -> None:
    with line(lambda _: reply) as server:
        with pytest.raises(Unreachable):
            standing(Vault(server.address, None, lambda: TOKEN), TOKEN)
        assert server.heard == 1, "whatever is asked with a wrapping token uses it up"


@pytest.mark.parametrize("reply", LATER)
def test_certificates_that_cannot_be_read_now_are_not_taken_for_none(reply: bytes) -> None:
    listed = said(200, {"request_id": "r", "data": {"keys": ["aa-bb"]}})
    with line(lambda method: listed if method == "LIST" else reply) as server:
        api = Vault(server.address, None, lambda: TOKEN)
        with pytest.raises(Unreachable):
            authority(api, "pki")
        with pytest.raises(Unreachable):
            Issued(api).bearing("pki", "name", datetime.now(UTC))


@pytest.fixture
def trusted(tmp_path: Path) -> tuple[trustme.CA, str]:
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    return made, str(tmp_path / "ca.pem")


def test_the_token_follows_vault_to_another_node_but_not_out_of_tls(trusted: tuple[trustme.CA, str]) -> None:
    made, ca = trusted
    node = partial(line, lambda _: _GOOD["vault"])
    with node(made) as leader, node() as bare, line(lambda _: b"", made) as standby:

        def ask(status: int, where: str) -> None:
            standby.reply = lambda _: said(status, b"", Location=f"{where}/v1/x")
            Vault(standby.address, ca, lambda: TOKEN).look("x")

        ask(307, leader.address)
        with pytest.raises(Unreachable, match="HTTP 307"):
            ask(307, bare.address)
        with pytest.raises(Unreachable, match="HTTP 302"):
            ask(302, leader.address)
    assert (leader.heard, bare.heard) == (1, 0)


def _words(error: MigrateError) -> str:
    return f"{error!r} {error.happened} {error.truth} {error.undone} {error.following}"
