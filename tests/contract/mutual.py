"""Vault with a PKI engine and a PostgreSQL that trusts it and is trusted: what phase 3 finds, and two strangers to us.

The strangers are Vault's own agent, with the templates that the plan writes into the pod, and psql.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from migrate.cli.plan import read_estate
from migrate.model.json import Json, mapping, sequence
from migrate.model.plan import Plan, Step
from migrate.planning.make import make_plan
from migrate.planning.phases import phase_named
from migrate.stores.postgres.session import Database
from migrate.stores.postgres.store import PostgresStore
from migrate.stores.vault.api import Api
from migrate.stores.vault.certificates import authorities
from migrate.stores.vault.store import VaultStore
from migrate.targets.hba import by_certificate
from tests.contract.bench import Bench
from tests.contract.servers import OLD, ROOT, Servers, missing, process, program, running
from tests.stores.practice.worlds import scene

LOGIN, OWNER, HOST = "grafana-cert", "grafana", "lab-db-primary.lab-db.svc.cluster.local"
PREFIX = "vault.hashicorp.com/agent-inject-"


@dataclass
class Mutual:
    """Both servers, the plan of phase 3 for them, and hands in the engine's place."""

    folder: Path
    servers: Servers
    api: Api
    bench: Bench

    @property
    def data(self) -> Path:
        return Path(self.servers.ca).parents[1] / "postgres"

    @property
    def steps(self) -> list[Step]:
        """What the expand stage writes to the two servers."""
        return [one for one in self.bench.plan.steps if one.change.target.store in {"vault", "postgres"}][:4]

    @property
    def role(self) -> str:
        return self.steps[0].change.target.name

    def admit(self, *rules: str) -> None:
        """These host-based rules and no others, but for the administrator's."""
        (self.data / "pg_hba.conf").write_text("host all admin all scram-sha-256\n" + "".join(f"{r}\n" for r in rules))
        self.reload()

    def trust(self, authorities_pem: str) -> None:
        """What PostgreSQL lets clients' certificates come from."""
        (self.data / "clients.pem").write_text(authorities_pem)
        self.reload()

    def certify(self, name: str) -> None:
        """A certificate for that name for PostgreSQL, from the mount's default authority."""
        shown = self.api.ask("post", "pki/issue/server", {"common_name": name}).data
        for file, key in (("cert", "certificate"), ("key", "private_key")):
            (self.data / f"{file}.pem").write_text(f"{shown[key]}\n")
        self.reload()

    def reload(self) -> None:
        """Have PostgreSQL read its files again, and wait until it has."""
        before = self.servers.sql("select pg_conf_load_time()")
        self.servers.sql("select pg_reload_conf()")
        until(lambda: self.servers.sql("select pg_conf_load_time()") != before)

    def psql(self, files: Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Who one is and as whom one acts, asked by psql with what the agent wrote."""
        settings = {
            "PGHOST": HOST, "PGHOSTADDR": "127.0.0.1", "PGPORT": str(self.servers.port), "PGDATABASE": OWNER,
            "PGUSER": LOGIN, "PGSSLMODE": "verify-full", "PGSSLCERT": str(files / "db-client.pem"),
            "PGSSLKEY": str(files / "db-client.pem"), "PGSSLROOTCERT": str(files / "db-authorities.pem"),
        }  # fmt: skip
        command = ("psql", "--no-psqlrc", "-wAtc", "select session_user, current_user")
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LC_ALL": "C"} | settings | more
        return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)

    def templates(self) -> dict[str, str]:
        """What the plan has the agent write, by file."""
        return self._told("template")

    def _told(self, what: str) -> dict[str, str]:
        """Annotations of the pod that are about files, by file."""
        about = next(dict(gate.about) for gate in self.bench.plan.gates if gate.id == "pod.dryrun")
        notes = mapping(mapping(json.loads(about["pod"])).get("annotations"))
        prefix = f"{PREFIX}{what}-"
        return {key.removeprefix(prefix): str(text) for key, text in notes.items() if key.startswith(prefix)}

    @contextmanager
    def agent(self, files: Path, restarts: Path | None = None) -> Iterator[Path]:
        """Vault's agent as nobody's administrator, with a token of the workload's policy, until the block ends.

        `restarts`: a file with the number of the process that the plan's commands find by its name in a pod.
        """
        end = f"kill -TERM $(cat {restarts or '/dev/null'})"
        commands = {name: text.replace("pkill -TERM -x grafana", end) for name, text in self._told("command").items()}
        files.mkdir(exist_ok=True)
        token = self.api.ask("post", "auth/token/create", {"policies": [self.role], "ttl": "1h"}).auth["client_token"]
        (files / "token").write_text(str(token))
        settings: dict[str, Json] = {
            "vault": {"address": self.servers.vault, "ca_cert": self.servers.ca},
            "auto_auth": {"method": [{"type": "token_file", "config": {"token_file_path": str(files / "token")}}]},
            "template_config": {"lease_renewal_threshold": 0.6, "static_secret_render_interval": "1s"},
            "template": [
                {
                    "contents": text,
                    "destination": str(files / name),
                    "perms": "0400",
                    "error_on_missing_key": True,
                    "exec": {"command": [commands.get(name, "true")]},
                }
                for name, text in self.templates().items()
            ],
        }
        (files / "agent.json").write_text(json.dumps(settings))
        somebody = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"] if os.geteuid() == 0 else []
        command = [*somebody, str(program("vault", "vault-")), "agent", f"-config={files / 'agent.json'}"]
        with process(command, files / "agent.log"):
            until(lambda: (files / "db-client.pem").exists() and (files / "db-authorities.pem").exists())
            yield files


def until(so: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for it. Never a question of how fast: the end is for what never comes."""
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)


def mutual(folder: Path, servers: Servers) -> Mutual:
    """Furnish them: the authority, the server's certificate, the login and database of today, the workloads' mount."""
    api = Api(servers.vault, servers.ca, lambda: ROOT)
    api.ask("post", "sys/mounts/pki", {"type": "pki", "config": {"max_lease_ttl": "87600h"}})
    new_authority(api, "one")
    api.ask("post", "sys/auth/jwt", {"type": "jwt"})
    made = Mutual(folder, servers, api, Bench(_plan(folder, servers), {}))
    made.bench.stores = {"vault": VaultStore(api), "postgres": PostgresStore(Database(lambda: servers.dsn))}
    servers.sql(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{OLD}'")
    servers.sql(f"CREATE DATABASE {OWNER} OWNER {OWNER}")
    with (made.data / "postgresql.conf").open("a") as settings:
        settings.write("ssl_ca_file = 'clients.pem'\n")
    (made.data / "clients.pem").write_text(authorities(api, "pki"))
    api.ask("post", "pki/roles/server", {"allow_any_name": True, "key_type": "ec", "key_bits": 256, "max_ttl": "72h"})
    made.certify(HOST)
    return made


def new_authority(api: Api, name: str) -> str:
    """One more authority of the mount; its reference."""
    wanted = {"common_name": f"authority {name}", "key_type": "ec", "ttl": "87600h", "issuer_name": name}
    return str(api.ask("post", "pki/root/generate/internal", wanted).data["issuer_id"])


def lists(api: Api) -> str:
    """The lists of revoked certificates of every authority: PostgreSQL asks for one of each that signed."""
    known = sequence(api.look("pki/issuers", "list").data["keys"])
    return "".join(f"{api.look(f'pki/issuer/{one}/crl').data['crl']}\n" for one in known)


def _plan(folder: Path, servers: Servers) -> Plan:
    made = scene(folder / "scene", f"database: {{address: '127.0.0.1:{servers.port}'}}\n")
    found = make_plan(read_estate(made.estate), phase_named("phase3"))
    assert isinstance(found, Plan)
    return found


OURS = by_certificate(LOGIN, OWNER)
EVERYONE = "hostssl all all all scram-sha-256"


@contextmanager
def admitting(folder: Path) -> Iterator[Mutual]:
    """Servers whose rules ask our login for its certificate; skips where this machine has not what they need."""
    if why := missing() or ("" if shutil.which("psql") else "psql is not on this machine"):
        pytest.skip(why)
    with running(folder) as servers:
        made = mutual(folder, servers)
        made.admit(OURS, EVERYONE)
        yield made
