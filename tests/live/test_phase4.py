"""Phase 4 on real servers, with the documented code as the application and psql as a client that is not ours."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import psycopg
import pytest

from migrate.catalog import shelf
from migrate.cli.main import run
from migrate.lab import database, ports, secondvault
from migrate.lab.levels import Level
from migrate.model.json import mapping
from tests.labworld import Lab, start
from tests.live.diary import CANARY, ROWS, Application

pytestmark = [pytest.mark.lab(level="control"), pytest.mark.timeout(1500)]

SETTINGS = """\
vault: {{address: '{vault}'}}
database: {{address: '{database}', sslmode: require}}
soak: {{cutover: 2s, contract: 2s}}
transit:
  columns: [{{database: notes, table: public.entries, column: body, workload: apps/memo, rate: 4000}}]
  restored: {{address: '{restored}', ca: '{ca}', token: {{file: '{token}'}}}}
  backups: 2s
"""


@pytest.fixture(scope="module")
def lab(labs_home: Path, labs_level: Level) -> Lab:
    """A world of its own: an API server that knows who is who, Vault and PostgreSQL. No pods are needed."""
    assert labs_level.holds(Level.CONTROL)
    made = start("p4", shelf("examples") / "tazlab", Level.CONTROL)
    made.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "memo", "namespace": "apps"}})
    return made


@pytest.fixture
def dsn(lab: Lab, tmp_path: Path) -> str:
    word = lab.world.credential("postgres-admin").read_text()
    where = f"{lab.world.address}:{ports.POSTGRES}"
    ca = lab.world.credential("ca.crt")
    made = f"postgresql://{database.ADMIN}:{word}@{where}/postgres?sslmode=verify-full&sslrootcert={ca}"
    (tmp_path / "dsn").write_text(made)
    with psycopg.connect(made, autocommit=True) as connection:
        connection.execute("drop database if exists notes with (force)")
        connection.execute("create database notes")
    with psycopg.connect(made, dbname="notes", autocommit=True) as connection:
        connection.execute("create table entries (id int primary key, body text)")
        fill = f"insert into entries select n, '{CANARY} ' || n from generate_series(1, {ROWS}) n"
        connection.execute(fill.encode())
    return made


class Seat:
    """Somebody who types the commands, with root's token for plans and one of the plan's own policy for runs."""

    def __init__(self, lab: Lab, estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.lab, self.estate, self.plan, self._capsys = lab, estate, estate.parent / "plan.json", capsys
        self.token = estate.parent / "operator-token"
        self.token.write_text(lab.world.credential("vault-root").read_text())

    def type(self, *words: str) -> tuple[int, str]:
        self._capsys.readouterr()
        code = run([*words, "--estate", str(self.estate)])
        found = self._capsys.readouterr()
        return code, found.out + found.err

    def begin(self, phase: str = "phase4", held: str = "column.writes") -> str:
        """A plan for the servers, applied up to what waits first."""
        self.token.write_text(self.lab.world.credential("vault-root").read_text())
        code, said = self.type("plan", phase, "--live", "-o", str(self.plan))
        assert code == 0, said
        self.token.write_text(self._own_token())
        digest = str(mapping(json.loads(self.plan.read_bytes()))["digest"])
        code, said = self.type("apply", str(self.plan), "--approve", digest)
        assert code == 4, said
        assert f"held by {held}" in said, said
        return digest

    def _own_token(self) -> str:
        """A token that may do what the plan says, and nothing else."""
        code, policy = self.type("policies", "show", "apply", str(self.plan))
        assert code == 0, policy
        self.lab.vault.ask("PUT", "/v1/sys/policies/acl/run", {"policy": policy})
        made = self.lab.vault.ask("POST", "/v1/auth/token/create-orphan", {"policies": ["run"], "ttl": "1h"})
        return str(made["auth"]["client_token"])

    def until(self, words: str, *command: str) -> str:
        """The command again and again until it says this."""
        end = time.monotonic() + 120
        while True:
            _, said = self.type(*command)
            if words in said:
                return said
            assert time.monotonic() < end, said
            time.sleep(1)


@pytest.fixture
def seat(
    lab: Lab, dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Seat:
    estate, credential = tmp_path / "estate", lab.world.credential
    shutil.copytree(shelf("examples") / "tazlab", estate)
    (tmp_path / "token").write_text(credential("vault-root").read_text())
    (estate / "migrate.yaml").write_text(
        SETTINGS.format(
            vault=lab.world.url(ports.VAULT),
            database=f"{lab.world.address}:{ports.POSTGRES}",
            restored=secondvault.address(lab.world),
            ca=credential("ca.crt"),
            token=tmp_path / "token",
        )
    )
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "estate")):
        lab.run("git", "-C", str(estate), "-c", "user.name=op", "-c", "user.email=op@example.test", *words)
    settings = {
        "KUBECONFIG": credential("admin.kubeconfig"),
        "MIGRATE_VAULT_CA": credential("ca.crt"),
        "MIGRATE_VAULT_TOKEN_FILE": tmp_path / "operator-token",
        "MIGRATE_DATABASE_CA": credential("ca.crt"),
        "MIGRATE_DATABASE_ADMIN_FILE": tmp_path / "dsn",
        "MIGRATE_STATE": tmp_path / "state",
        "SSL_CERT_FILE": credential("ca.crt"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    return Seat(lab, estate, capsys)


def psql(lab: Lab, query: str) -> str:
    return lab.run("psql", "-X", "-A", "-t", "-d", "notes", "-c", query).strip()


def test_a_column_is_sealed_taken_back_and_sealed_again_while_an_application_uses_it(
    lab: Lab, dsn: str, seat: Seat, tmp_path: Path
) -> None:
    operator = seat
    with Application(lab, dsn).running() as application:
        application.deploy("plain")
        # --- there, as far as every value is sealed and the application writes ciphertext alone ---
        digest = operator.begin()
        application.deploy("both")
        said = operator.until("held by column.moved", "resume")
        assert "done: cutover.seal-rows" in said
        assert psql(lab, "select count(*) from entries where body_sealed like 'vault:v1:%'") == str(ROWS)
        application.deploy("sealed")
        assert int(psql(lab, "select count(*) from entries where body is null")) > 0

        # --- and back: psql sees the table as it was, with what was written since ---
        operator.until("held by column.released", "rollback")
        application.deploy("both")
        application.deploy("plain")
        operator.until("everything this run wrote is taken back", "rollback")
        assert psql(lab, "select count(*) from entries where body is null") == "0"
        assert "body_sealed" not in psql(lab, "\\d entries")
        assert psql(lab, "select count(*) from pg_trigger where tgname like 'mig_%'") == "0"

        # --- there again, to the end ---
        digest = operator.begin()
        application.deploy("both")
        operator.until("held by column.moved", "resume", "--approve", digest)
        application.deploy("sealed")
        secondvault.restore(lab.world)
        operator.until("done: every step and every gate", "resume", "--approve", digest)
        application.deploy("sealed")

        _rotated_there_and_back(lab, operator)

    assert application.wrong == []
    assert psql(lab, "select string_agg(attname, ',' order by attnum) from pg_attribute where attrelid = "
                     "'entries'::regclass and attnum > 0 and not attisdropped") == "id,body_sealed"  # fmt: skip
    assert CANARY not in psql(lab, "select * from entries")
    for folder in (tmp_path / "state", lab.world.data("home").parent):
        for file in (one for one in folder.rglob("*") if one.is_file() and "disk" not in one.parts):
            assert CANARY.encode() not in file.read_bytes(), file
    assert application.rounds > 100


def _rotated_there_and_back(lab: Lab, operator: Seat) -> None:
    """After the drop nothing goes back and the next plan may follow: the key is rotated twice under the application."""
    code, said = operator.type("rollback")
    assert code == 3
    assert "ciphertext only" in said
    for version in (2, 3):
        digest = operator.begin("phase4-rotate", held="")  # for a moment by backups, then for a word
        older = f"select count(*) from entries where body_sealed not like 'vault:v{version}:%'"
        assert psql(lab, older) == "0"
        operator.until("done: every step and every gate", "resume", "--approve", digest)
        assert _least_version(lab) == version
        if version == 2:
            operator.until("everything this run wrote is taken back", "rollback")
            assert _least_version(lab) == 1


def _least_version(lab: Lab) -> int:
    return int(lab.vault.ask("GET", "/v1/transit/keys/mig-apps-memo")["data"]["min_decryption_version"])
