"""An application that keeps its data in a plan's column, in the version that is deployed: a stand-in, always at work.

It writes what only it can have written: each value bears its row's number, a count and a digest of both, so whoever
knows the key of that digest can tell a value that was lost, mixed up or old from one that is as it should be. It reads
each row before it writes it, as its version does, and remembers what each must say.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from migrate.cli.rehearsing.ground import Ground
from migrate.lab import control, ports
from migrate.lab.web import Web
from migrate.lab.world import World, write
from migrate.model.errors import Failed, MigrateError
from migrate.targets.columns import Columns

ROWS = 500
_PAUSE = 0.05
Version = Literal["plain", "both", "sealed"]
"""What a version writes: the plaintext, both, or the ciphertext alone."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whom Vault knows the application as."""

    namespace: str
    name: str
    audience: str
    mount: str
    role: str


@dataclass(frozen=True, slots=True)
class Table:
    """Where its data is. `column`: that of its unique key. `key`: path of the key in Vault, `MOUNT/keys/NAME`."""

    columns: Columns
    column: str
    key: str


def mark(world: World) -> bytes:
    """The key of the digests in what the application writes: made once, known to the observer as well."""
    file = world.data("rehearsal", "mark")
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(file, secrets.token_hex(16))
    return file.read_bytes()


def value(key: bytes, row: int, count: int) -> str:
    """What a row says after so many writes."""
    said = f"{row}.{count}"
    return f"{said}.{hmac.digest(key, said.encode(), hashlib.sha256).hex()[:32]}"


class Application:
    """Reads and writes all along. `wrong`: what it could not do, or found otherwise than it had left it."""

    def __init__(self, ground: Ground, table: Table, account: Account) -> None:
        self._ground, self.table, self._account = ground, table, account
        self._over, self._mark = threading.Event(), mark(ground.world)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._vault = Web(ground.world.url(ports.VAULT), ground.world.credential("ca.crt"))
        self._token, self._until = "", 0.0
        self.version: Version = "plain"
        self.rounds = 0
        self.wrong: list[str] = []
        self.written: dict[int, str] = {}

    def begin(self) -> None:
        """Make its table, with rows in it, and go to work. Raises Failed where PostgreSQL refuses."""
        columns = self.table.columns
        exists = f"select count(*) from pg_database where datname = '{columns.database}'"
        if self._sql(exists, "postgres") == "0":
            self._sql(f"create database {columns.database}", "postgres")
        self.written = {row: value(self._mark, row, 0) for row in range(1, ROWS + 1)}
        rows = ", ".join(f"({row}, '{said}')" for row, said in self.written.items())
        self._sql(
            f"create schema if not exists {columns.schema}; "
            f"create table {columns.relation} ({self.table.column} int primary key, {columns.plain} text); "
            f"insert into {columns.relation} values {rows}"
        )
        self._thread.start()

    def end(self) -> None:
        """Stop working."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(30)
        self._vault.close()

    def deploy(self, version: Version) -> None:
        """Another version, and a moment in which it works or says why it does not."""
        if self.version == version:
            return
        before, self.version = self.rounds, version
        end = time.monotonic() + 60
        while self.rounds < before + 10 and not self.wrong and time.monotonic() < end:
            time.sleep(0.1)

    def _work(self) -> None:
        while not self._over.wait(_PAUSE):
            row, version = self.rounds % ROWS + 1, self.version
            try:
                self._round(row, version)
            except MigrateError as error:
                self.wrong.append(f"the application that writes {version}: {error.happened}")

    def _round(self, row: int, version: Version) -> None:
        if version != "plain" and self._read(row, version) != self.written[row]:
            self.wrong.append(f"row {row} does not say what the application wrote there")
        said = value(self._mark, row, self.rounds + 1)
        setting = ", ".join(f"{column} = '{text}'" for column, text in self._values(said, version))
        self._sql(f"update {self.table.columns.relation} set {setting} where {self.table.column} = {row}")
        self.written[row] = said
        self.rounds += 1

    def _values(self, said: str, version: Version) -> Iterator[tuple[str, str]]:
        if version != "sealed":
            yield self.table.columns.plain, said
        if version != "plain":
            plaintext = base64.b64encode(said.encode()).decode()
            yield self.table.columns.sealed, self._transit("encrypt", {"plaintext": plaintext})["ciphertext"]

    def _read(self, row: int, version: Version) -> str:
        """The ciphertext first; the plaintext where there is none yet."""
        columns = self.table.columns
        wanted = columns.sealed if version == "sealed" else f"coalesce({columns.sealed}, {columns.plain})"
        found = self._sql(f"select {wanted} from {columns.relation} where {self.table.column} = {row}")
        if not found.startswith("vault:"):
            return found
        return base64.b64decode(self._transit("decrypt", {"ciphertext": found})["plaintext"]).decode()

    def _transit(self, verb: str, body: dict[str, str]) -> dict[str, str]:
        path = self.table.key.replace("/keys/", f"/{verb}/", 1)
        found: dict[str, str] = self._vault.ask("POST", f"/v1/{path}", body, headers=self._bearer())["data"]
        return found

    def _bearer(self) -> dict[str, str]:
        """Logged in with its ServiceAccount's token, again before that ends."""
        if time.monotonic() >= self._until:
            api, one = control.api(self._ground.world), self._account
            place = f"/api/v1/namespaces/{one.namespace}/serviceaccounts/{one.name}/token"
            jwt = api.ask("POST", place, {"spec": {"audiences": [one.audience]}})["status"]["token"]
            api.close()
            found = self._vault.ask("POST", f"/v1/auth/{one.mount}/login", {"role": one.role, "jwt": jwt})["auth"]
            self._token, self._until = found["client_token"], time.monotonic() + found["lease_duration"] * 0.8
        return {"X-Vault-Token": self._token}

    def _sql(self, statements: str, database: str = "") -> str:
        """What psql prints. Values go by its input and stand in no argument. Raises Failed where it refuses."""
        done = subprocess.run(
            ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database or self.table.columns.database],
            env=self._ground.environment,
            input=statements,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"psql: {(done.stderr.strip().splitlines() or ['no reason given'])[0]}")
        return done.stdout.strip()
