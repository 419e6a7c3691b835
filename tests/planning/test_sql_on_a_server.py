"""The statements on a real PostgreSQL: they run, do what the step says, and leave nothing behind when taken back."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.model.plan import Plan
from migrate.planning.export import export
from migrate.planning.phases import Credential
from migrate.targets.shell import LOGIN_QUERY, login_text
from tests.planning.estates import DATABASE, estate, planned

_TOOLS = all(shutil.which(name) for name in ("initdb", "pg_ctl", "psql"))


def _unprivileged() -> str | None:
    """initdb refuses to run as root: then another account does it."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return None


def _as(user: str | None, *command: str) -> str:
    done = subprocess.run(
        command, user=user, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Server:
    """A throw-away server on a socket of its own."""

    def __init__(self, folder: Path, user: str | None) -> None:
        self.folder, self.user = folder, user

    def sql(self, database: str, text: str, login: str = "admin") -> str:
        return _as(
            self.user, "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-U", login, "-d", database,
            "-c", text,
        )  # fmt: skip

    def file(self, database: str, path: Path) -> None:
        _as(
            self.user, "psql", "-Xq", "-1", "-v", "ON_ERROR_STOP=1", "-v", "password=not-a-secret",
            "-h", str(self.folder), "-U", "admin", "-d", database, "-f", str(path),
        )  # fmt: skip

    def login(self, name: str) -> str:
        """What `rollback.sh` sees of a login."""
        done = subprocess.run(
            ("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", f"login={name}", "-h", str(self.folder), "-U", "admin",
             "-d", "boards"),
            user=self.user, capture_output=True, text=True, check=True, input=LOGIN_QUERY, cwd="/",
        )  # fmt: skip
        return done.stdout.strip()

    def version(self) -> int:
        return int(self.sql("postgres", "show server_version_num")) // 10000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not _TOOLS:
        pytest.skip("PostgreSQL's server programs are not installed")
    user = _unprivileged()
    # A socket's path is limited to 107 bytes, and the account must be able to reach it.
    folder = Path(subprocess.check_output(("mktemp", "-d", "/tmp/pgXXXXXX"), text=True).strip())
    if user:
        shutil.chown(folder, user)
    found = Server(folder, user)
    try:
        _as(user, "initdb", "-D", f"{folder}/d", "-U", "admin", "-A", "trust", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        _as(user, "pg_ctl", "-w", "-D", f"{folder}/d", "-o", options, "-l", f"{folder}/log", "start")
        found.sql("postgres", "CREATE ROLE boards LOGIN")
        found.sql("postgres", "CREATE DATABASE boards OWNER boards")
        yield found
    finally:
        subprocess.run(("pg_ctl", "-m", "immediate", "-D", f"{folder}/d", "stop"), user=user, check=False, cwd="/",
                       capture_output=True)  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)


def plan_for(server: Server, folder: Path, credential: Credential = "static") -> Plan:
    version = f"postgresVersion: {server.version()}"
    return planned(estate(folder, database=DATABASE.replace("postgresVersion: 16", version)), credential)


def write_sql(server: Server, plan: Plan) -> list[Path]:
    out = server.folder / "sql"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    for name, data in export(plan, "n", "d").items():
        if name.startswith("sql/"):
            (server.folder / name).write_bytes(data)
            (server.folder / name).chmod(0o644)
    out.chmod(0o755)
    return sorted(out.iterdir())


def test_there_and_back_leaves_the_catalogue_as_it_was(server: Server, tmp_path: Path) -> None:
    write_sql(server, plan_for(server, tmp_path / "e"))
    roles = (
        "select string_agg(r::text, ';' order by rolname) from (select rolname, rolcanlogin, rolsuper from pg_roles) r"
    )
    rights = "select datacl::text from pg_database where datname = 'boards'"
    settings = "select count(*) from pg_db_role_setting"
    before = [server.sql("boards", one) for one in (roles, settings)]
    for name in ("01-boards_vault_admin", "02-boards_vault"):
        server.file("boards", server.folder / "sql" / f"{name}.sql")

    assert server.sql("boards", "select session_user, current_user", "boards_vault") == "boards_vault|boards\n"
    server.sql("boards", "create table made_by_vault (x int)", "boards_vault")
    owner = "select tableowner from pg_tables where tablename = 'made_by_vault'"
    assert server.sql("boards", owner) == "boards\n"
    # The one thing Vault's login is for, and one it must not be able to do.
    server.sql("boards", "ALTER ROLE boards_vault PASSWORD 'x'", "boards_vault_admin")
    if server.version() >= 16:
        with pytest.raises(AssertionError):
            server.sql("boards", "ALTER ROLE boards PASSWORD 'x'", "boards_vault_admin")
    # Something the login came to own itself must not stop the way back.
    server.sql("boards", "set role none; create temp table t (x int)", "boards_vault")
    server.sql("boards", "grant create on schema public to boards_vault")
    server.sql("boards", "set role none; create table own (x int)", "boards_vault")
    server.sql("boards", "revoke create on schema public from boards_vault")

    for name in ("02-boards_vault", "01-boards_vault_admin"):
        server.file("boards", server.folder / "sql" / f"{name}.inverse.sql")
    assert [server.sql("boards", one) for one in (roles, settings)] == before
    assert "boards_vault" not in server.sql("boards", rights)
    assert server.sql("boards", "select tableowner from pg_tables where tablename = 'own'") == "boards\n"


def test_the_old_login_is_closed_and_opened_again(server: Server, tmp_path: Path) -> None:
    write_sql(server, plan_for(server, tmp_path / "e"))
    (closing,) = list((server.folder / "sql").glob("*-boards.sql"))
    server.file("postgres", closing)
    with pytest.raises(AssertionError, match="not permitted to log in"):
        server.sql("boards", "select 1", "boards")
    server.file("postgres", closing.with_suffix("").with_suffix(".inverse.sql"))
    assert server.sql("boards", "select 1", "boards") == "1\n"


@pytest.mark.parametrize("credential", ["static", "dynamic"])
def test_the_script_sees_each_login_as_the_plan_left_it(server: Server, tmp_path: Path, credential: Credential) -> None:
    plan = plan_for(server, tmp_path / "e", credential)
    files = [file for file in write_sql(server, plan) if ".inverse" not in file.name]
    steps = [step for step in plan.steps if step.change.target.store == "postgres"]
    for step, file in zip(steps, files, strict=True):
        login = step.change.target.name
        assert server.login(login) in {login_text(step.change.before), "login"}
        server.file("boards", file)
        assert server.login(login) == login_text(step.change.after)
    server.sql("boards", f"alter role {steps[0].change.target.name} set work_mem = '1MB'")
    assert server.login(steps[0].change.target.name) != login_text(steps[0].change.after)
    server.sql("boards", f"alter role {steps[0].change.target.name} reset all")
    for file in reversed(files):
        server.file("boards", file.with_suffix("").with_suffix(".inverse.sql"))
    assert server.login("boards") == "login"
