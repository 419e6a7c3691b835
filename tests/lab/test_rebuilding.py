"""A lab made again from a backup: one older than expand, one older than a rotation, and one of two moments."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from migrate.cli.main import run
from migrate.lab import database, down, ports, status, world
from migrate.lab.levels import Level
from migrate.lab.web import Unwelcome
from tests.labworld import Lab, start

pytestmark = [pytest.mark.lab(level="vault"), pytest.mark.timeout(900)]
LOGIN = "mig-grafana"


@dataclass(frozen=True)
class Saved:
    """Three backups, and the password of the new login between the second and the third."""

    before_expand: Path
    before_rotation: Path
    after_rotation: Path
    password: str


@pytest.fixture(scope="module")
def saved(labs_home: Path, labs_level: Level, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """The life of an estate: it has a secret, is expanded by a static role of the database, and that one is rotated."""
    assert labs_home.is_dir()
    assert labs_level
    folder = tmp_path_factory.mktemp("backups")
    lab = start("lost", None, Level.VAULT)
    places = [folder / name for name in ("before-expand", "before-rotation", "after-rotation")]
    lab.vault.ask("POST", "/v1/secret/data/app", {"data": {"key": "kept"}})
    _back_up(places[0])
    _expand(lab)
    password = _password(lab)
    _back_up(places[1])
    lab.vault.ask("POST", f"/v1/database/rotate-role/{LOGIN}")
    assert _password(lab) != password
    _back_up(places[2])
    down.down(lab.world)
    return Saved(places[0], places[1], places[2], password)


def test_a_backup_older_than_expand_has_the_secrets_and_nothing_of_the_new_way(saved: Saved) -> None:
    lab = _rebuilt(saved.before_expand)
    assert lab.vault.ask("GET", "/v1/secret/data/app")["data"]["data"] == {"key": "kept"}
    with pytest.raises(Unwelcome) as refused:
        lab.vault.ask("GET", f"/v1/database/static-roles/{LOGIN}")
    assert refused.value.status == 404
    assert _sql(lab, f"select count(*) from pg_roles where rolname = '{LOGIN}'") == "0"
    _expand(lab)
    assert _logs_in(lab, _password(lab))
    down.down(lab.world)


def test_a_backup_older_than_the_last_rotation_has_the_password_of_then_on_both_sides(saved: Saved) -> None:
    lab = _rebuilt(saved.before_rotation)
    assert _password(lab) == saved.password
    assert _logs_in(lab, saved.password)
    down.down(lab.world)


def test_a_vault_older_than_its_databases_last_rotation_hands_out_a_dead_password_until_it_is_rotated(
    saved: Saved, tmp_path: Path
) -> None:
    mixed = tmp_path / "mixed"
    shutil.copytree(saved.before_rotation, mixed)
    shutil.rmtree(mixed / "postgres")
    shutil.copytree(saved.after_rotation / "postgres", mixed / "postgres")
    lab = _rebuilt(mixed)
    assert _password(lab) == saved.password
    assert not _logs_in(lab, saved.password)
    lab.vault.ask("POST", f"/v1/database/rotate-role/{LOGIN}")
    assert _logs_in(lab, _password(lab))
    down.down(lab.world)


def test_a_backup_is_of_one_lab_and_an_empty_folder_is_none(
    saved: Saved, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["lab", "up", "--empty", "--level", "vault", "--backup"]
    assert run([*words, str(saved.before_expand), "--name", "other"]) == 3
    assert "names that place" in capsys.readouterr().err
    assert run([*words, str(tmp_path), "--name", "lost"]) == 64
    assert world.load("other") is world.load("lost") is None


def test_a_backup_is_for_its_owner_only_and_never_written_over_another(
    saved: Saved, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in (saved.before_expand, *saved.before_expand.iterdir()):
        assert place.stat().st_mode & 0o077 == 0, place
    lab = start("own", None, Level.VAULT)
    assert run(["lab", "backup", str(saved.before_expand), "--name", "own"]) == 3
    assert "is there already" in capsys.readouterr().err
    assert all(server.ready for server in status.servers(lab.world))
    down.down(lab.world)


def _back_up(folder: Path) -> None:
    assert run(["lab", "backup", str(folder), "--name", "lost"]) == 0


def _rebuilt(backup: Path) -> Lab:
    assert run(["lab", "up", "--empty", "--level", "vault", "--name", "lost", "--backup", str(backup)]) == 0
    found = world.load("lost")
    assert found is not None
    return Lab(found)


def _expand(lab: Lab) -> None:
    """A login whose password Vault rotates."""
    _sql(lab, f'CREATE ROLE "{LOGIN}" LOGIN IN ROLE grafana')
    admin = lab.world.credential("postgres-admin").read_text()
    address = f"{lab.world.address}:{ports.POSTGRES}"
    connection = {
        "plugin_name": "postgresql-database-plugin",
        "connection_url": f"postgresql://{{{{username}}}}:{{{{password}}}}@{address}/postgres?sslmode=require",
        "username": database.ADMIN,
        "password": admin,
        "allowed_roles": ["*"],
    }
    lab.vault.ask("POST", "/v1/database/config/grafana", connection)
    role = {"db_name": "grafana", "username": LOGIN, "rotation_period": "720h"}
    lab.vault.ask("POST", f"/v1/database/static-roles/{LOGIN}", role)


def _password(lab: Lab) -> str:
    return str(lab.vault.ask("GET", f"/v1/database/static-creds/{LOGIN}")["data"]["password"])


def _sql(lab: Lab, text: str) -> str:
    return lab.run("psql", "-qAtc", text).strip()


def _logs_in(lab: Lab, password: str) -> bool:
    """Whether PostgreSQL takes it; the password goes by a file, as everywhere."""
    file = lab.world.data("tmp", "pgpass")
    file.touch(mode=0o600)
    file.write_text(f"*:*:*:{LOGIN}:{password}\n")
    words = ("env", f"PGPASSFILE={file}", f"PGUSER={LOGIN}", "psql", "-qAtc", "select current_user")
    return lab.run(*words, check=False).strip() == LOGIN
