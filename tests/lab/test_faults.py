"""The proxy between two programs breaks exactly what it was told to break, with and without TLS."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import Postgres
from tests.lab.running import program, running

BROKEN = (ConnectionError, http.client.HTTPException, OSError)


class Counting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: list[str]

    def do_GET(self) -> None:
        self.served.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Silent."""


class Line:
    """A client whose way to a counting server leads through the proxy."""

    def __init__(self, control: str, address: str, served: list[str], context: ssl.SSLContext | None) -> None:
        self.control, self.address, self.served, self.context = control, address, served, context

    def connect(self) -> http.client.HTTPConnection:
        if self.context is None:
            return http.client.HTTPConnection(self.address, timeout=20)
        return http.client.HTTPSConnection(self.address, timeout=20, context=self.context)

    def get(self, path: str) -> bytes:
        with closing(self.connect()) as connection:
            return ask(connection, path)

    def told(self, **behaviour: object) -> dict[str, Any]:
        request = urllib.request.Request(
            f"http://{self.control}/routes/server", data=json.dumps(behaviour).encode(), method="PUT"
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def state(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://{self.control}/routes", timeout=20) as answer:
            (found,) = json.load(answer)
            return dict(found)


def ask(connection: http.client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", path)
    return connection.getresponse().read()


@contextmanager
def counting(secured: ssl.SSLContext | None) -> Iterator[tuple[str, list[str]]]:
    served: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Served", (Counting,), {"served": served}))
    server.daemon_threads = True
    if secured is not None:
        server.socket = secured.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    folder = tmp_path_factory.mktemp("pki")
    cert, key = folder / "cert.pem", folder / "key.pem"
    ask = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1")
    name = ("-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run([openssl, *ask, *name, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


@pytest.fixture(params=["plain", "TLSv1_2", "TLSv1_3"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    ours = theirs = None
    if request.param != "plain":
        cert, key = request.getfixturevalue("certificate")
        theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        theirs.load_cert_chain(cert, key)
        ours = ssl.create_default_context(cafile=str(cert))
        ours.minimum_version = ours.maximum_version = ssl.TLSVersion[request.param]
    fault = program("lab-fault")
    with (
        counting(theirs) as (target, served),
        running(fault, "--control", "127.0.0.1:0", "--route", f"server=127.0.0.1:0={target}") as (address, control),
    ):
        yield Line(control, address, served, ours)


def test_what_passes_is_untouched(line: Line) -> None:
    assert line.get("/a") == b"ok"
    assert line.served == ["/a"]


def test_a_lost_answer_is_one_to_a_request_that_was_served(line: Line) -> None:
    line.told(mode="lose", delay_ms=200)
    with pytest.raises(BROKEN):
        line.get("/lost")
    assert line.served == ["/lost"]
    assert line.state()["lost"] == 1
    assert line.get("/next") == b"ok"


def test_an_answer_is_lost_on_a_connection_that_was_open_before(line: Line) -> None:
    with closing(line.connect()) as connection:
        assert ask(connection, "/first") == b"ok"
        line.told(mode="lose", delay_ms=200)
        with pytest.raises(BROKEN):
            ask(connection, "/lost")
    assert line.served == ["/first", "/lost"]


def test_a_goodbye_is_no_request_whose_answer_could_be_lost(line: Line) -> None:
    """Both that a client of PostgreSQL says when it ends: its own, and where there is TLS, TLS's. Neither is late."""
    with closing(line.connect()) as connection:
        assert ask(connection, "/first") == b"ok"
        line.told(mode="lose", delay_ms=200)
        leaves = connection.sock
        if isinstance(leaves, ssl.SSLSocket):
            leaves.sendall(b"X\0\0\0\4")
            with suppress(*BROKEN):
                leaves = leaves.unwrap()
        leaves.shutdown(socket.SHUT_WR)
        while leaves.recv(64):
            pass
    assert line.state()["lost"] == 0
    with pytest.raises(BROKEN):
        line.get("/lost")
    assert line.served == ["/first", "/lost"]


def test_a_cut_line_takes_open_connections_and_refuses_new_ones_until_it_passes_again(line: Line) -> None:
    with closing(line.connect()) as connection:
        assert ask(connection, "/first") == b"ok"
        line.told(mode="cut")
        with pytest.raises(BROKEN):
            ask(connection, "/cut")
    host, _, port = line.address.partition(":")
    with pytest.raises(ConnectionError), socket.create_connection((host, int(port)), timeout=20) as refused:
        refused.recv(1)
    assert line.told(mode="pass")["cut"] == 2
    assert line.get("/again") == b"ok"
    assert line.served == ["/first", "/again"]


def test_a_slow_answer_is_late_by_at_least_what_was_said(line: Line) -> None:
    line.told(mode="slow", delay_ms=300)
    started = time.monotonic()
    assert line.get("/slow") == b"ok"
    assert time.monotonic() - started >= 0.3


def test_what_hangs_goes_on_when_it_may(line: Line) -> None:
    line.told(mode="hang")
    answers: list[bytes] = []
    waiting = threading.Thread(target=lambda: answers.append(line.get("/held")))
    waiting.start()
    while line.state()["open"] == 0:
        pass
    assert line.served == []
    line.told(mode="pass")
    waiting.join(20)
    assert answers == [b"ok"]


def test_a_lost_answer_of_a_database_is_a_statement_that_was_carried_out(postgres: Postgres) -> None:
    fault = program("lab-fault")
    postgres.sql("CREATE TABLE kept (at text)", "grafana")
    route = f"server=127.0.0.1:0=127.0.0.1:{postgres.port}"
    with running(fault, "--control", "127.0.0.1:0", "--route", route) as (address, control):
        through = Postgres(int(address.rpartition(":")[2]), postgres.programs, postgres.user)
        with through.shell("grafana") as shell:
            assert shell("INSERT INTO kept VALUES ('passed') RETURNING at;") == "passed"
            Line(control, address, [], None).told(mode="lose", delay_ms=200)
        with pytest.raises(subprocess.CalledProcessError) as lost:
            through.sql("INSERT INTO kept VALUES ('answer lost')", "grafana")
    assert "connection" in lost.value.stderr
    assert postgres.sql("SELECT at FROM kept ORDER BY at", "grafana") == "answer lost\npassed"


@pytest.mark.parametrize("wrong", [{"mode": "explode"}, {"mode": "slow", "delay_ms": -1}, {"colour": "red"}])
def test_a_behaviour_nobody_knows_is_refused_and_changes_nothing(line: Line, wrong: dict[str, object]) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        line.told(**wrong)
    assert line.state()["mode"] == "pass"
