"""A plan's steps and the stores they are written to: the practice world's, or those of real servers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from migrate.engine.settle import Restore, retract
from migrate.model.change import Absent, Doc
from migrate.model.json import mapping, sequence
from migrate.model.plan import Plan, Step
from migrate.model.ports import Move, Outcome, Secrets, Snapshot, Store, Written
from migrate.model.target import StoreName, Target
from migrate.planning.phases import Credential
from migrate.stores.postgres.session import Database
from migrate.stores.postgres.store import PostgresStore
from migrate.stores.vault.api import Api
from migrate.stores.vault.store import VaultStore
from tests.contract.servers import OLD, ROOT, Servers
from tests.stores.practice.worlds import Scene, scene

PASSWORD = "written-canary-1b7e"
KINDS = ("vault-login", "new-login", "database-connection", "static-role", "vault-policy", "jwt-role")
"""The operations of Phase 1's expand stage, in the order in which they rest on each other."""


@dataclass
class Bench:
    """Hands in the engine's place."""

    plan: Plan
    stores: Mapping[StoreName, Store]
    left: list[tuple[Step, Snapshot]] = field(default_factory=list)

    def step(self, kind: str) -> Step:
        """The step of an operation."""
        return next(step for step in self.plan.steps if step.id.split(".")[1] == kind)

    def stand(self, kind: str) -> Step:
        """Take every step before this one; it is next."""
        for earlier in KINDS[: KINDS.index(kind)] if kind in KINDS else KINDS:
            self.take(self.step(earlier))
        return self.step(kind)

    def take(self, step: Step) -> Snapshot:
        """Take it, and remember what it left."""
        outcome = self.write(step)
        assert isinstance(outcome, Written), (step.id, outcome)
        self.left.append((step, self.read(step)))
        return self.left[-1][1]

    def read(self, step: Step) -> Snapshot:
        return self.stores[step.change.target.store].read(step.change)

    def write(self, step: Step, run: str = "run-1", seen: Snapshot | None = None) -> Outcome:
        move = Move(run, "phase1-0000", "0" * 64, step.id, "forward", step.summary, step.change)
        secrets = Secrets({one.field: PASSWORD for one in step.change.inputs})
        return self.stores[step.change.target.store].write(move, seen or self.read(step), secrets)

    def back(self, step: Step, last: Snapshot) -> Outcome:
        """Take it back as the engine would."""
        seen = self.read(step)
        found = retract(step.change, seen.state, last.state)
        assert isinstance(found, Restore), (step.id, found)
        move = Move("run-1", "phase1-0000", "0" * 64, step.id, "back", step.summary, found.change)
        return self.stores[step.change.target.store].write(move, seen, Secrets())

    def clear(self) -> None:
        """Take everything back that was taken."""
        while self.left:
            step, last = self.left.pop()
            if not isinstance(self.read(step).state, Absent):
                self.back(step, last)


def on_practice(folder: Path) -> Bench:
    """The practice world of the example estate."""
    made = scene(folder)
    return Bench(made.plan(), {name: made.world.on(name) for name in ("vault", "postgres")})


def on_servers(folder: Path, servers: Servers, credential: Credential = "static") -> Bench:
    """The same plan for real servers, furnished as the estate implies."""
    made: Scene = scene(folder, f"database: {{address: '127.0.0.1:{servers.port}', ca: '{servers.ca}'}}\n")
    plan, api = made.plan(credential), Api(servers.vault, servers.ca, lambda: ROOT)
    furnish(folder, plan, api, servers)
    return Bench(plan, {"vault": VaultStore(api), "postgres": PostgresStore(Database(lambda: servers.dsn))})


def furnish(folder: Path, plan: Plan, api: Api, servers: Servers) -> None:
    """Mounts, the old login and its database: what a plan finds there. Done once for a server."""
    for mount, kind in _mounts(plan):
        api.ask("post", f"sys/{mount}", {"type": kind})
    jwt = next(step.change.target for step in plan.steps if step.change.target.kind.endswith("/role"))
    api.ask("post", f"{jwt.kind.removesuffix('/role')}/config", {"jwt_validation_pubkeys": [_public(folder)]})
    owner, database = named(plan)
    if not servers.sql(f"select 1 from pg_roles where rolname = '{owner}'"):
        servers.sql(f"CREATE ROLE {owner} LOGIN PASSWORD '{OLD}'")
        servers.sql(f"CREATE DATABASE {database} OWNER {owner}")


def _mounts(plan: Plan) -> Iterator[tuple[str, str]]:
    for step in plan.steps:
        target: Target = step.change.target
        if target.store == "vault" and target.kind.endswith("/config"):
            yield f"mounts/{target.kind.removesuffix('/config')}", "database"
        if target.store == "vault" and target.kind.endswith("/role"):
            yield target.kind.removesuffix("/role"), "jwt"


def named(plan: Plan) -> tuple[str, str]:
    """The old login and the application's database."""
    # A dynamic plan makes no login beside Vault's own, which is an owner's too there.
    made = [step.change.after for step in plan.steps if step.operation in {"vault-login", "new-login"}][-1]
    state = mapping(made.value) if isinstance(made, Doc) else {}
    return str(sequence(state.get("memberOf"))[0]), str(sequence(state.get("connect"))[0])


def _public(folder: Path) -> str:
    key = folder / "signing.pem"
    subprocess.run(("openssl", "genrsa", "-out", str(key), "2048"), check=True, capture_output=True)
    command = ("openssl", "rsa", "-in", str(key), "-pubout")
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
