"""The webhook over a real socket: TLS, many at once, and a client that misbehaves harms nobody but itself."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from migrate.injector.review import reply
from migrate.lab.webhook import Webhook, tls
from tests.injector.pods import SETTINGS, pod

_JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    ask = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([openssl, *ask, *name, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


@pytest.fixture
def webhook(pair: tuple[Path, Path]) -> Iterator[Webhook]:
    server = Webhook(("127.0.0.1", 0), tls(*pair), partial(reply, settings=SETTINGS))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def ask(webhook: Webhook, pair: tuple[Path, Path], body: bytes, path: str = "/mutate") -> tuple[int, bytes]:
    context = ssl.create_default_context(cafile=str(pair[0]))
    client = http.client.HTTPSConnection("127.0.0.1", webhook.server_address[1], context=context, timeout=20)
    try:
        client.request("POST", path, body, _JSON)
        found = client.getresponse()
        return found.status, found.read()
    finally:
        client.close()


def review(uid: str) -> bytes:
    request = {"uid": uid, "namespace": "apps", "object": pod()}
    return json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}).encode()


def test_many_at_once_each_get_their_own_answer(webhook: Webhook, pair: tuple[Path, Path]) -> None:
    with ThreadPoolExecutor(24) as pool:
        uids = [f"u-{at}" for at in range(72)]
        answers = list(pool.map(lambda uid: ask(webhook, pair, review(uid)), uids))
    assert [status for status, _ in answers] == [200] * len(uids)
    assert [json.loads(body)["response"]["uid"] for _, body in answers] == uids


def test_a_bad_body_is_answered_and_the_next_one_is_too(webhook: Webhook, pair: tuple[Path, Path]) -> None:
    assert ask(webhook, pair, b"{")[0] == 500
    assert ask(webhook, pair, b"")[0] == 400
    assert ask(webhook, pair, review("u"), "/elsewhere")[0] == 404
    assert ask(webhook, pair, review("u"))[0] == 200


def test_a_silent_client_and_one_without_tls_hold_up_nobody(webhook: Webhook, pair: tuple[Path, Path]) -> None:
    port = int(webhook.server_address[1])
    with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert ask(webhook, pair, review("u"))[0] == 200


def test_it_says_that_it_is_ready(webhook: Webhook, pair: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(cafile=str(pair[0]))
    client = http.client.HTTPSConnection("127.0.0.1", webhook.server_address[1], context=context, timeout=20)
    client.request("GET", "/health/ready")
    assert client.getresponse().status == 204
    client.close()
