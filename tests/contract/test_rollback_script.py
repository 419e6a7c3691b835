"""`rollback.sh` against a real Vault and PostgreSQL: it knows what the plan left there from what somebody else did."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from migrate.model.json import mapping, sequence
from migrate.model.plan import Plan, Step
from migrate.planning.export import export, sql_file
from migrate.planning.phases import Credential
from migrate.planning.rendering import forward
from tests.contract.servers import ADMIN, ROOT, Servers, missing, program, running
from tests.planning.estates import DATABASE, document, estate, planned
from tests.planning.programs import put_on_path

pytestmark = pytest.mark.lab(level="vault")


@dataclass(frozen=True)
class Done:
    """A plan whose expand and soak stages were written to the servers."""

    folder: Path
    plan: Plan
    files: dict[str, bytes]
    environment: dict[str, str]

    def run(self, *words: str, text: str = "") -> str:
        done = subprocess.run(
            words, input=text, env=self.environment, cwd=self.folder, capture_output=True, text=True, check=True
        )
        return done.stdout

    def write(self, number: int, step: Step) -> None:
        if step.change.target.store == "postgres":
            file = self.folder.parent / "step.sql"
            file.write_bytes(self.files[sql_file(step, number)])
            self.run("psql", "-Xq", "-1", "-v", "ON_ERROR_STOP=1", "-v", "password=x", "-d", "boards", "-f", str(file))
        else:
            request = mapping(sequence(forward(step.change)["requests"])[0])
            body = json.dumps(request["body"]).replace("<password>", "x")
            self.run("vault", "write", str(request["path"]), "-", text=body)

    def roll_back(self, **changed: str) -> tuple[int, str]:
        script = self.folder.parent / "rollback.sh"
        script.write_bytes(self.files["rollback.sh"])
        done = subprocess.run(
            ("sh", str(script)), cwd=self.folder, env=self.environment | changed,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def there(self) -> set[str]:
        """Targets of the plan that still exist."""
        found = set[str]()
        for step in self.plan.steps:
            target = step.change.target
            if target.store == "vault":
                words = ("vault", "read", target.path)
                asked = subprocess.run(words, env=self.environment, capture_output=True, check=False)
                found |= {target.path} if asked.returncode == 0 else set()
            elif target.store == "postgres" and target.name != "boards":
                query = f"select rolname from pg_roles where rolname = '{target.name}'"
                found |= set(self.run("psql", "-XAtq", "-d", "boards", "-c", query).split())
        return found


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers of this file's own: it makes and removes whole mounts, which the other tests share and leave in place."""
    if why := missing():
        pytest.skip(why)
    with running(tmp_path_factory.mktemp("own")) as found:
        yield found


@pytest.fixture(params=["static", "dynamic"])
def done(own: Servers, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Done]:
    if shutil.which("psql") is None or shutil.which("git") is None:
        pytest.skip("psql or git is not installed")
    vault = program("vault", "vault-")
    assert vault is not None
    put_on_path(tmp_path / "bin")
    for name in ("vault", "psql"):
        (tmp_path / "bin" / name).unlink()
    (tmp_path / "bin" / "vault").symlink_to(vault)
    environment = os.environ | {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "WORLD": str(tmp_path), "ASSUME_YES": "1",
        "VAULT_ADDR": own.vault, "VAULT_CACERT": own.ca, "VAULT_TOKEN": ROOT,
        "PGHOST": "127.0.0.1", "PGPORT": str(own.port), "PGUSER": "admin", "PGPASSWORD": ADMIN,
    }  # fmt: skip
    made = Done(tmp_path / "repo", *_plan(tmp_path / "repo", own, request.param), environment)
    with furnished(made, own):
        for number, step in enumerate(made.plan.steps, 1):
            if step.stage in {"expand", "soak"}:
                made.write(number, step)
        yield made


@contextmanager
def furnished(made: Done, servers: Servers) -> Iterator[None]:
    """The mounts, the old login and its database while the block runs; whatever was there of them goes with it."""
    try:
        for statement in ("CREATE ROLE boards LOGIN", "CREATE DATABASE boards OWNER boards"):
            servers.sql(statement)
        made.run("vault", "secrets", "enable", "database")
        made.run("vault", "auth", "enable", "-path=jwt-lab", "jwt")
        yield
    finally:
        made.run("vault", "secrets", "disable", "database")
        made.run("vault", "auth", "disable", "jwt-lab")
        servers.sql("DROP DATABASE IF EXISTS boards WITH (FORCE)")
        for role in ("boards_vault", "boards_vault_admin", "boards"):
            servers.sql(f"DROP ROLE IF EXISTS {role}")


def _plan(folder: Path, servers: Servers, credential: Credential) -> tuple[Plan, dict[str, bytes]]:
    version = int(str(servers.sql("show server_version_num")[0][0])) // 10000
    settings = f"database: {{address: '127.0.0.1:{servers.port}', sslmode: require}}\n"
    estate(folder, database=DATABASE.replace("16", str(version)), settings=settings)
    for words in (
        ("init", "-q"),
        ("add", "-A"),
        ("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "start"),
    ):
        subprocess.run(("git", *words), cwd=folder, check=True)
    plan = planned(folder, credential)
    found = document(plan)
    return plan, export(plan, str(found["name"]), str(found["digest"]))


def test_everything_the_plan_made_goes_and_a_second_time_finds_nothing(done: Done) -> None:
    assert len(done.there()) > 4
    code, said = done.roll_back()
    assert code == 0, said
    assert done.there() == set()
    code, said = done.roll_back()
    assert code == 0
    assert "deleted" not in said.lower()


def test_an_edit_of_the_login_role_survives(done: Done) -> None:
    role = "auth/jwt-lab/role/mig-watch-grafana"
    done.run("vault", "write", role, "-", text='{"token_bound_cidrs": ["10.0.0.0/8"], "role_type": "jwt"}')
    code, said = done.roll_back()
    assert code == 7
    assert f"{role} was changed after the plan" in said
    assert role in done.there()


def test_an_edit_of_the_connection_survives_with_vaults_login(done: Done) -> None:
    path = "database/config/mig-boards-pg"
    done.run("vault", "write", path, "password_policy=strict", "verify_connection=false")
    code, said = done.roll_back()
    assert code == 7
    assert f"{path} was changed after the plan" in said
    assert {path, "boards_vault_admin"} <= done.there()


REFUSED = [{"VAULT_TOKEN": "nobodys"}, {"VAULT_ADDR": "https://127.0.0.1:1"}, {"PGPASSWORD": "no"}]


@pytest.mark.parametrize("wrong", REFUSED)
def test_servers_that_refuse_or_do_not_answer_are_not_taken_for_empty(done: Done, wrong: dict[str, str]) -> None:
    before = done.there()
    code, said = done.roll_back(**wrong)
    assert code == 7
    assert "cannot say" in said
    assert {"boards_vault_admin"} <= done.there() <= before
