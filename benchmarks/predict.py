"""Predictions a second on one core, and the webhook under 200 concurrent requests against a floor.

The floor is the same server, the same TLS and the same bytes answered without thinking. Repeat with
`python -m benchmarks.predict`; it needs openssl for a certificate. Client and server share the machine, so the
ratio says more than the milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from migrate.injector.annotation import PREFIX
from migrate.injector.prediction import predict
from migrate.injector.review import Reply, reply
from migrate.injector.settings import Settings
from migrate.lab.webhook import Webhook, tls

SETTINGS = Settings(address="https://vault.example:8200")
CONCURRENT = 200
ROUNDS = 15
ANNOTATIONS = {
    "agent-inject": "true",
    "role": "web",
    "agent-inject-secret-db": "secret/data/web/db",
    "agent-inject-template-api": '{{ with secret "secret/data/web/api" }}{{ .Data.data.key }}{{ end }}',
    "agent-requests-cpu": "10m",
    "agent-cache-enable": "true",
}


def pod() -> dict[str, Any]:
    """Two containers, one init container, two secrets and a cache."""
    token = {"name": "t", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": True}
    containers = [{"name": name, "image": f"{name}:1", "volumeMounts": [token]} for name in ("app", "side")]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "annotations": {PREFIX + name: text for name, text in ANNOTATIONS.items()}},
        "spec": {
            "containers": containers,
            "initContainers": [{"name": "init", "image": "init:1", "volumeMounts": [token]}],
            "volumes": [{"name": "t", "projected": {"sources": []}}],
        },
    }


def review() -> bytes:
    """The review the API server would send."""
    request = {"uid": "u", "namespace": "apps", "operation": "CREATE", "object": pod()}
    return json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}).encode()


def predictions_a_second(seconds: float = 3.0) -> float:
    """How many predictions one core makes."""
    subject, count = pod(), 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        for _ in range(50):
            predict(subject, "apps", SETTINGS)
        count += 50
    return count / (time.perf_counter() - started)


async def load(port: int, context: ssl.SSLContext, body: bytes, expected: bytes) -> list[float]:
    """Latencies in seconds of 200 clients that all ask at once, round after round, on open connections."""
    head = f"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    question = head.encode() + body
    gate = asyncio.Barrier(CONCURRENT)
    found: list[float] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        for _ in range(ROUNDS):
            await gate.wait()
            started = time.perf_counter()
            writer.write(question)
            answer = await reader.readuntil(b"\r\n\r\n")
            content = await reader.readexactly(len(expected))
            found.append(time.perf_counter() - started)
            if content != expected or b" 200 " not in answer.split(b"\r\n", 1)[0]:
                raise RuntimeError("the server answered something else")
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENT):
            group.create_task(client())
    return sorted(found)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A throw-away certificate for the loopback address."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    ask = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run([*ask, "-subj", "/CN=x", "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def serve(side: str, cert: str, key: str) -> None:
    """The server of one side, in a process of its own; prints its port and runs until it is ended."""
    thinking = partial(reply, settings=SETTINGS)
    fixed = thinking(review(), "application/json")

    def floor(_body: bytes, _content_type: str) -> Reply:
        return fixed

    with Webhook(("127.0.0.1", 0), tls(Path(cert), Path(key)), floor if side == "floor" else thinking) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


def measure(side: str, cert: Path, key: Path) -> list[float]:
    """Start one side, load it, end it."""
    command = [sys.executable, "-m", "benchmarks.predict", side, str(cert), str(key)]
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline() if server.stdout else "0")
            expected = reply(review(), "application/json", SETTINGS).body
            return asyncio.run(load(port, context, review(), expected))
        finally:
            server.terminate()


def main() -> None:
    """Print both sides."""
    print(f"predictions a second on one core: {predictions_a_second():,.0f}")
    p99 = {}
    with tempfile.TemporaryDirectory() as folder:
        cert, key = certificate(Path(folder))
        for side in ("floor", "webhook"):
            found = measure(side, cert, key)
            p99[side] = found[len(found) * 99 // 100]
            middle = found[len(found) // 2]
            print(
                f"{side:8} {len(found)} requests, {CONCURRENT} at once: "
                f"median {middle * 1000:.0f} ms, p99 {p99[side] * 1000:.0f} ms"
            )
    print(f"ratio of the p99: {p99['webhook'] / p99['floor']:.2f}")


if __name__ == "__main__":
    serve(*sys.argv[1:4]) if len(sys.argv) > 1 else main()
