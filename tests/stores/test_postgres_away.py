"""A PostgreSQL that takes nobody now refuses no login: it starts, stops, is full, or something else answers there."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from migrate.model.ports import Unreachable
from migrate.stores.postgres.endpoint import endpoint
from migrate.stores.postgres.trial import Credential, Door, tried, used

_SSL_REQUEST = 80877103
CREDENTIAL = Credential("x", "away-canary-3d10")


def fatal(state: str, message: str) -> bytes:
    """PostgreSQL's refusal, as its protocol has it."""
    body = b"".join(
        b"%c%s\0" % (field, text.encode())
        for field, text in zip(b"SVCM", ("FATAL", "FATAL", state, message), strict=True)
    )
    return b"E" + struct.pack("!I", len(body) + 5) + body + b"\0"


AWAY = {
    "starting": fatal("57P03", "the database system is starting up"),
    "stopping": fatal("57P03", "the database system is shutting down"),
    "full": fatal("53300", "sorry, too many clients already"),
    "crashed": fatal("57P02", "terminating connection because of crash of another server process"),
    "cut off": b"",
    "no PostgreSQL": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


@contextmanager
def saying(reply: bytes, tls: bytes = b"N") -> Iterator[int]:
    """Somebody who says this to whoever comes; the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=_served, args=(server, reply, tls), daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _served(server: socket.socket, reply: bytes, tls: bytes) -> None:
    while True:
        try:
            line, _ = server.accept()
        except OSError:
            return
        with line:
            asked = line.recv(4096)
            if len(asked) >= 8 and struct.unpack("!II", asked[:8])[1] == _SSL_REQUEST:
                line.sendall(tls)
                line.recv(4096)
            line.sendall(reply)
            line.shutdown(socket.SHUT_WR)
            while line.recv(4096):
                pass


@pytest.mark.parametrize("away", AWAY)
def test_a_login_is_neither_good_nor_refused_where_nobody_is_taken(away: str) -> None:
    with saying(AWAY[away]) as port:
        found = tried(Door("127.0.0.1", port, "d", "prefer", None), CREDENTIAL)
        with pytest.raises(Unreachable) as caught:
            used(Door("127.0.0.1", port, "d", "prefer", None), CREDENTIAL)
    assert "allowed" not in found
    assert found["why"]
    assert CREDENTIAL.password not in f"{found}{caught.value.happened}"


def test_a_refusal_is_one() -> None:
    with saying(fatal("28P01", 'password authentication failed for user "x"')) as port:
        found = tried(Door("127.0.0.1", port, "d", "prefer", None), CREDENTIAL)
    assert found["allowed"] is False
    assert "password authentication failed" in str(found["why"])


@pytest.mark.parametrize(("tls", "shown"), [(b"N", {"tls": False}), (b"E", {}), (b"H", {})])
def test_only_who_says_no_has_no_tls(tls: bytes, shown: dict[str, bool]) -> None:
    with saying(b"", tls) as port:
        assert endpoint(f"127.0.0.1:{port}", None) == {"reachable": True, **shown}
