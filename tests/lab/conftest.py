"""A PostgreSQL of the tests' own, with what a migration of Grafana's login finds and makes there."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "canary-5c1f-password"

SETUP = f"""
CREATE ROLE grafana NOLOGIN;
CREATE DATABASE grafana OWNER grafana;
CREATE ROLE grafana_vault LOGIN PASSWORD '{PASSWORD}';
GRANT grafana TO grafana_vault;
ALTER ROLE grafana_vault SET role = 'grafana';
"""


class Postgres:
    """A database server of this test's own, on loopback, with Grafana's owner and its new login."""

    def __init__(self, port: int, programs: Path, user: str | None) -> None:
        self.port, self.programs, self.user = port, programs, user

    def run(self, name: str, *words: str) -> str:
        done = subprocess.run(
            [str(self.programs / name), *words], user=self.user, cwd="/", capture_output=True, text=True, check=True
        )
        return done.stdout

    def sql(self, text: str, database: str = "postgres") -> str:
        return self.run("psql", *self._place(database), "-c", text).strip()

    def _place(self, database: str) -> tuple[str, ...]:
        place = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database)
        return *place, "-qAtX", "-v", "ON_ERROR_STOP=1"

    @contextmanager
    def shell(self, database: str) -> Iterator[Callable[[str], str]]:
        """One connection that stays for as long as the block lasts, and then says goodbye: a statement to one line."""
        words = [str(self.programs / "psql"), *self._place(database)]
        with subprocess.Popen(
            words, user=self.user, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            asked, answered = child.stdin, child.stdout

            def ask(statement: str) -> str:
                print(statement, file=asked, flush=True)
                return answered.readline().strip()

            yield ask

    def settings(self, password: Path) -> dict[str, str]:
        return {
            "GF_DATABASE_TYPE": "postgres",
            "GF_DATABASE_HOST": f"127.0.0.1:{self.port}",
            "GF_DATABASE_NAME": "grafana",
            "GF_DATABASE_USER": "grafana_vault",
            "GF_DATABASE_PASSWORD__FILE": str(password),
        }


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        pytest.skip("PostgreSQL is not installed")
    user = "postgres" if os.getuid() == 0 else None  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="lab-grafana-"))
    if user:
        shutil.chown(folder, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = Postgres(free.getsockname()[1], found[-1], user)
    local = "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync"
    server.run("initdb", "-D", str(folder / "data"), "-U", "postgres", *local)
    rules = folder / "data" / "pg_hba.conf"
    rules.write_text(f"host all postgres 127.0.0.1/32 trust\n{rules.read_text()}")
    options = f"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    server.run("pg_ctl", "-D", str(folder / "data"), "-l", str(folder / "log"), "-w", "-o", options, "start")
    try:
        for statement in SETUP.strip().splitlines():
            server.sql(statement)
        yield server
    finally:
        server.run("pg_ctl", "-D", str(folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(folder)
