"""The lab's PostgreSQL: a Grafana database, its old owner's login, and an administrator."""

from __future__ import annotations

import secrets
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from migrate.lab import containers, ports, processes
from migrate.lab.logins import Login
from migrate.lab.machine import Machine
from migrate.lab.postgresql import Installation
from migrate.lab.web import wait
from migrate.lab.world import Provider, World, write
from migrate.model.errors import Failed

if TYPE_CHECKING:  # what signs them is installed with the lab only
    from migrate.lab.certificates import Authority

ADMIN = "lab_admin"


def start(world: World, installed: Installation, machine: Machine, logins: tuple[Login, ...]) -> None:
    """Make a cluster with these databases and start it; returns when it takes connections.

    Its certificate is `postgres.crt`; its logins are SCRAM's from the start. The administrator's password lies in
    `keys/postgres-admin`. Raises Failed where PostgreSQL refuses.
    """
    folder = world.data("disk", "postgres")
    password = secrets.token_urlsafe(18)
    write(world.credential("postgres-admin"), password)
    write(world.credential("pgpass"), f"*:*:*:{ADMIN}:{password}\n")
    write(world.config("postgres.version"), installed.version)
    _make(world, installed, machine, folder)
    _configure(world, folder)
    for login in logins:
        _single(world, installed, machine, "postgres", _made(login))
        _single(world, installed, machine, login.database, [f"ALTER SCHEMA public OWNER TO {_name(login.owner)}"])
    run(world, installed, machine)


def start_on(world: World, installed: Installation, machine: Machine, files: Path) -> None:
    """Start a server on the files of another one, with this lab's addresses and certificates."""
    write(world.config("postgres.version"), installed.version)
    _configure(world, files)
    run(world, installed, machine)


def _configure(world: World, folder: Path) -> None:
    """Of a setting that is there twice, the last one holds."""
    (folder / "pg_hba.conf").write_text(rules(world))
    with (folder / "postgresql.conf").open("a") as settings:
        settings.write(_settings(world))


def certify(world: World, authority: Authority, names: tuple[str, ...]) -> None:
    """Write the server's certificate."""
    authority.server("postgres", *names)


def run(world: World, installed: Installation, machine: Machine) -> None:
    """Start the server on the data that is there; returns when it takes connections."""
    command = [
        *_as_somebody(world, machine),
        str(installed.bin / "postgres"),
        "-D",
        str(world.data("disk", "postgres")),
    ]
    processes.start(world, "postgres", command)
    process = processes.recorded(world, "postgres")
    socket = world.socket(f".s.PGSQL.{ports.POSTGRES + ports.BEHIND}")
    status = world.data("disk", "postgres", "postmaster.pid")

    def ready() -> bool:
        return socket.exists() and status.exists() and "ready" in status.read_text()

    wait("postgres", ready, 60, alive=lambda: process is not None and processes.alive(process))


def _as_somebody(world: World, machine: Machine) -> list[str]:
    """PostgreSQL refuses to be root. In a user namespace we are somebody else, and the files stay our own."""
    if not machine.root or world.provider is Provider.DOCKER:  # a container has a user of its own
        return []
    return ["unshare", "--user", "--ipc", "--map-user=1000", "--map-group=1000", "--"]


def _make(world: World, installed: Installation, machine: Machine, folder: Path) -> None:
    command = [
        *_as_somebody(world, machine), installed.bin / "initdb", f"--pgdata={folder}", f"--username={ADMIN}",
        "--auth=scram-sha-256", f"--pwfile={world.credential('postgres-admin')}", "--encoding=UTF8", "--locale=C",
        "--no-sync", "--no-instructions",
    ]  # fmt: skip
    _run(world, [str(word) for word in command], "")


def _single(world: World, installed: Installation, machine: Machine, database: str, statements: list[str]) -> None:
    """Statements on standard input of a server that serves nobody: no password appears in an argument or a log."""
    command = [
        *_as_somebody(world, machine),
        installed.bin / "postgres",
        "--single",
        "-j",
        "-D",
        world.data("disk", "postgres"),
    ]
    text = "".join(f"{statement};\n\n" for statement in statements)
    _run(world, [*map(str, command), database], text)


def _run(world: World, command: list[str], text: str) -> None:
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": str(world.data("home"))}
    if world.provider is Provider.DOCKER:
        code, errors = containers.carry_out(world, "postgres", command, text)
    else:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=environment)
        code, errors = done.returncode, done.stderr
    # --single reports a failed statement on stderr and goes on.
    wrong = [line for line in errors.splitlines() if "ERROR:" in line or "FATAL:" in line]
    if code or wrong:
        said = (wrong or errors.strip().splitlines() or ["no reason given"])[-1]
        raise Failed(f"PostgreSQL refused: {said}", undone="The lab's database was not made.")


def _made(login: Login) -> list[str]:
    owner, database = _name(login.owner), _name(login.database)
    return [
        f"CREATE ROLE {owner} LOGIN PASSWORD {_text(login.password)}",
        f"CREATE DATABASE {database} OWNER {owner}",
    ]


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def rules(world: World) -> str:
    """Who may come in, and how, while nobody lists rules of his own."""
    return (
        "local all all scram-sha-256\n"
        "hostssl all all 127.0.0.0/8 scram-sha-256\n"
        "hostssl all all samenet scram-sha-256\n"
        # Where the name of Vault leads: a check that weighs these rules knows no other address of its.
        f"hostssl all all {world.address}/32 scram-sha-256\n"
        # Grafana's old login speaks plainly where the estate says sslmode=disable, as in the first user's cluster.
        "hostnossl all all 127.0.0.0/8 scram-sha-256\n"
        "hostnossl all all samenet scram-sha-256\n"
    )


def _settings(world: World) -> str:
    key = world.credential
    return f"""
listen_addresses = '{world.inner}'
port = {ports.POSTGRES + ports.BEHIND}
unix_socket_directories = '{world.folder}/s'
ssl = on
ssl_cert_file = '{key("postgres.crt")}'
ssl_key_file = '{key("postgres.key")}'
ssl_ca_file = '{key("ca.crt")}'
password_encryption = 'scram-sha-256'
dynamic_shared_memory_type = 'mmap'
fsync = off
max_connections = 200
max_wal_size = '128MB'
log_connections = on
log_line_prefix = '%m [%p] %u@%d '
"""
