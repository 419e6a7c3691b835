"""Vault and PostgreSQL as processes of a test, on loopback, gone when it ends."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

CACHE = Path(os.environ.get("MIGRATE_LAB_CACHE", Path.home() / ".cache" / "migrate-lab"))
ROOT = "root-canary-7d1f"
ADMIN = "admin-canary-93ac"
OLD = "old-canary-55e0"
CANARIES = (ROOT, ADMIN, OLD)
_AS_SOMEBODY = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"] if os.geteuid() == 0 else []
"""PostgreSQL does not run as root."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where they listen and what opens them."""

    vault: str
    plain: str
    """The same Vault without TLS, for whoever wants to see what passes."""
    ca: str
    dsn: str
    port: int
    vault_pid: int

    def sql(self, text: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run a statement as the administrator."""
        with psycopg.connect(self.dsn, dbname=database, autocommit=True, options="-c log_statement=none") as connection:
            found = connection.execute(text.encode())
            return found.fetchall() if found.description else []


def program(name: str, where: str) -> Path | None:
    """A program of the lab's cache, or of the machine."""
    found = sorted(CACHE.glob(f"{where}*/bin/{name}"), reverse=True)
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return next(iter([*found, *debian]), None)


def missing() -> str:
    """What is not here to start; empty where everything is."""
    wanted = {"vault": "vault-", "postgres": "postgresql-", "initdb": "postgresql-"}
    absent = [name for name, where in wanted.items() if program(name, where) is None]
    return f"not built here: {', '.join(absent)} (make lab)" if absent else ""


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(folder: Path) -> Iterator[Servers]:
    """Both servers, until the block ends."""
    with vault(folder) as (address, plain, ca, pid), postgres(folder, ca) as (dsn, port):
        yield Servers(address, plain, ca, dsn, port, pid)


@contextmanager
def vault(folder: Path) -> Iterator[tuple[str, str, str, int]]:
    """A Vault of its own with its own CA."""
    port, plain, certificates = free_port(), free_port(), folder / "vault"
    certificates.mkdir()
    settings = folder / "vault.json"
    settings.write_text(json.dumps({"listener": {"tcp": {"address": f"127.0.0.1:{plain}", "tls_disable": True}}}))
    command = [
        str(program("vault", "vault-")), "server", "-dev", "-dev-tls", f"-dev-tls-cert-dir={certificates}",
        f"-dev-listen-address=127.0.0.1:{port}", "-dev-no-store-token", f"-dev-root-token-id={ROOT}",
        f"-config={settings}",
    ]  # fmt: skip
    with process(command, folder / "vault.log") as started:
        address, ca = f"https://127.0.0.1:{port}", certificates / "vault-ca.pem"
        wait(lambda: _healthy(address, ca), started)
        yield address, f"http://127.0.0.1:{plain}", str(ca), started.pid


@contextmanager
def postgres(folder: Path, ca: str) -> Iterator[tuple[str, int]]:
    """A PostgreSQL of its own, SCRAM from the start, with a certificate for 127.0.0.1."""
    data, port, word = folder / "postgres", free_port(), folder / "word"
    word.write_text(ADMIN)
    made = [
        *_AS_SOMEBODY, str(program("initdb", "postgresql-")), f"--pgdata={data}", "--username=admin",
        "--auth=scram-sha-256", f"--pwfile={word}", "--no-sync", "--no-instructions", "--locale=C", "--encoding=UTF8",
    ]  # fmt: skip
    subprocess.run(made, check=True, capture_output=True, env={"PATH": "/usr/bin:/bin", "HOME": str(folder)})
    for name in ("cert", "key"):
        shutil.copy(Path(ca).with_name(f"vault-{name}.pem"), data / f"{name}.pem")
        (data / f"{name}.pem").chmod(0o600)
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(f"listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\nfsync = off\n")
        settings.write("ssl = on\nssl_cert_file = 'cert.pem'\nssl_key_file = 'key.pem'\n")
        settings.write("log_statement = 'all'\ndynamic_shared_memory_type = 'mmap'\n")
    with serving(data, port) as dsn:
        yield dsn, port


@contextmanager
def serving(data: Path, port: int) -> Iterator[str]:
    """A PostgreSQL on the data of one that was made here, until the block ends; its administrator's DSN."""
    dsn = f"postgresql://admin:{ADMIN}@127.0.0.1:{port}/postgres"
    command = [*_AS_SOMEBODY, str(program("postgres", "postgresql-")), "-D", str(data)]
    with process(command, data.with_name("pg.log")) as ran:
        wait(lambda: _takes(dsn), ran)
        yield dsn


@contextmanager
def process(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(log.parent), "LANG": "C.UTF-8"}
    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said, env=environment) as started:
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(10)
            except subprocess.TimeoutExpired:
                started.kill()


def wait(ready: Callable[[], bool], started: subprocess.Popen[bytes], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert started.poll() is None, f"{started.args!r} has ended"
        assert time.monotonic() < end, f"{started.args!r} does not answer"
        time.sleep(0.05)


def _healthy(address: str, ca: Path) -> bool:
    if not ca.exists():
        return False
    try:
        context = ssl.create_default_context(cafile=str(ca))
        return bool(urllib.request.urlopen(f"{address}/v1/sys/health", context=context, timeout=5).status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _takes(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
