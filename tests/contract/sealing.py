"""A table with people in it, a key of Transit, and the steps that seal a column, on real servers."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from migrate.engine.settle import Restore, retract
from migrate.model.change import Absent, Change, Doc, Exact, Irreversible
from migrate.model.json import Json
from migrate.model.ports import Move, Outcome, Secrets, Snapshot
from migrate.model.target import Target
from migrate.stores.postgres.session import Database
from migrate.stores.postgres.store import PostgresStore
from migrate.stores.vault.api import Api
from migrate.stores.vault.store import VaultStore
from migrate.stores.vault.transit import Key
from migrate.targets.columns import Columns
from migrate.targets.transit import rotation_of
from tests.contract.servers import ROOT, Servers

CANARY = "plaintext-canary-4c1e"
KEY: dict[str, Json] = {
    "type": "aes256-gcm96",
    "exportable": False,
    "allow_plaintext_backup": False,
    "deletion_allowed": False,
    "auto_rotate_period": "720h",
}


@dataclass(frozen=True)
class Sealed:
    """One table of one database, and one key."""

    servers: Servers
    columns: Columns
    mount: str

    @property
    def key(self) -> Target:
        return Target("vault", f"{self.mount}/keys", "mig-notes")

    @property
    def vault(self) -> Api:
        return Api(self.servers.vault, self.servers.ca, lambda: ROOT)

    @property
    def cipher(self) -> Key:
        return Key(self.vault, self.key.path)

    @property
    def database(self) -> Database:
        return Database(lambda: self.servers.dsn)

    def store(self, target: Target) -> VaultStore | PostgresStore:
        if target.store == "vault":
            return VaultStore(self.vault)
        return PostgresStore(self.database, lambda path: Key(self.vault, path))

    def sql(self, text: str) -> list[tuple[object, ...]]:
        return self.servers.sql(text, self.columns.database)

    # --- the steps ---

    def make_key(self) -> Change:
        return Change(self.key, Absent(), Doc(KEY), Exact())

    def add_column(self) -> Change:
        job: dict[str, Json] = {"key": "id", "with": self.key.path, "batch": 50, "rate": 1_000_000}
        return Change(self.columns.target("sealed"), Absent(), Doc({"type": "text", "guarded": True, **job}), Exact())

    def fill(self, *, batch: int = 50, rate: int = 1_000_000) -> Change:
        job: dict[str, Json] = {"key": "id", "with": self.key.path, "batch": batch, "rate": rate}
        before = Doc({"complete": False, **job})
        return Change(self.columns.target("sealing"), before, Doc({"complete": True, **job}), Exact())

    def drop(self) -> Change:
        return Change(self.columns.target("plaintext"), Doc({"kept": True}), Doc({"kept": False}), Exact())

    def rotate(self, version: int) -> Change:
        before, after = Doc({"latest_version": version - 1}), Doc({"latest_version": version})
        return Change(rotation_of(self.key), before, after, Irreversible("it stays", None))

    def rewrap(self, version: int, *, batch: int = 50) -> Change:
        job: dict[str, Json] = {"key": "id", "with": self.key.path, "batch": batch, "rate": 1_000_000}
        before, after = Doc({"complete": False, **job}), Doc({"complete": True, **job})
        return Change(self.columns.rewrapped(version), before, after, Irreversible("it stays", None))

    def retire(self, version: int) -> Change:
        before, after = Doc({"min_decryption_version": 1}), Doc({"min_decryption_version": version})
        return Change(self.key, before, after, Exact())

    # --- hands in the engine's place ---

    def read(self, change: Change) -> Snapshot:
        return self.store(change.target).read(change)

    def write(self, change: Change) -> Outcome:
        move = Move("run-1", "phase4-0000", "0" * 64, "step", "forward", "", change)
        return self.store(change.target).write(move, self.read(change), Secrets())

    def back(self, change: Change) -> Outcome:
        found = retract(change, self.read(change).state, self.read(change).state)
        assert isinstance(found, Restore), found
        return self.write(found.change)

    def ready(self) -> None:
        """The key and the sealed column are there."""
        self.write(self.make_key())
        self.write(self.add_column())


@contextmanager
def sealed(servers: Servers, rows: int) -> Iterator[Sealed]:
    """A database with so many rows, and a mount; both gone after the block."""
    name = f"notes_{secrets.token_hex(4)}"
    mount = name.replace("_", "-")
    made = Sealed(servers, Columns(name, "public", "entries", "body", "body_sealed"), mount)
    servers.sql(f"create database {name}")
    assert made.vault.ask("post", f"sys/mounts/{mount}", {"type": "transit"}).ok
    try:
        made.sql("create table entries (id bigint generated always as identity primary key, body text, other text)")
        fill = f"insert into entries (body) select '{CANARY}-é\n-' || n from generate_series(1, {rows}) n"
        with psycopg.connect(servers.dsn, dbname=name, options="-c log_statement=none") as connection:
            connection.execute(fill.encode())
            connection.execute("insert into entries (body) values (null), ('')")
        yield made
    finally:
        made.vault.ask("delete", f"sys/mounts/{mount}")
        servers.sql(f"drop database {name} with (force)")
