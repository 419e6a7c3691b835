"""`rollback.sh` of a plan that seals a column, against real servers: with nothing at hand but psql and vault."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from migrate.model.change import Change, Doc, Irreversible
from migrate.model.plan import Plan, Provenance, Stage, Step
from migrate.model.ports import Written
from migrate.planning.rollback_script import rollback_script
from migrate.sealing.ports import Unreadable
from tests.contract.sealing import Sealed, sealed
from tests.contract.servers import ADMIN, ROOT, Servers, program
from tests.engine.plans import a_plan

pytestmark = [pytest.mark.lab(level="vault"), pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Desk:
    """Somebody with the exported script."""

    notes: Sealed
    folder: Path
    plan: Plan

    def roll_back(self) -> tuple[int, str]:
        script = self.folder.parent / "rollback.sh"
        script.write_text(rollback_script(self.plan, "phase4-0000", "0" * 64))
        path = {str(program("psql", "postgresql-").parent), str(program("vault", "vault-").parent)}  # type: ignore[union-attr]
        server = self.notes.servers
        environment = {
            "PATH": os.pathsep.join([*sorted(path), os.environ["PATH"]]),
            "HOME": str(self.folder),
            "VAULT_ADDR": server.vault,
            "VAULT_CACERT": server.ca,
            "VAULT_TOKEN": ROOT,
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGUSER": "admin",
            "PGPASSWORD": ADMIN,
            "ASSUME_YES": "1",
        }
        done = subprocess.run(
            ("sh", str(script)), cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr


def sealing(notes: Sealed) -> Plan:
    """The steps of the phase that need no account."""
    return plan(
        ("key", "expand", notes.make_key()),
        ("column", "expand", notes.add_column()),
        ("fill", "cutover", notes.fill()),
        ("drop", "contract", notes.drop()),
    )


def rotation(notes: Sealed) -> Plan:
    return plan(
        ("rotate", "expand", notes.rotate(2)),
        ("rewrap", "cutover", notes.rewrap(2)),
        ("retire", "contract", notes.retire(2)),
    )


def plan(*stages: tuple[str, Stage, Change]) -> Plan:
    steps = list[Step]()
    for name, stage, made in stages:
        change = Change(made.target, made.before, made.after, Irreversible("it stays", None))
        depends = tuple(step.id for step in steps)
        steps.append(Step(name, "apps/memo", stage, name, name, change, "", (), "", Provenance("", None, ()), depends))
    return a_plan(*steps)


@pytest.fixture
def desk(servers: Servers, tmp_path: Path) -> Iterator[Desk]:
    folder = tmp_path / "repository"
    folder.mkdir()
    subprocess.run(("git", "init", "-q", str(folder)), check=True)
    with sealed(servers, 50) as notes:
        notes.ready()
        assert isinstance(notes.write(notes.fill()), Written)
        yield Desk(notes, folder, sealing(notes))


def test_the_column_and_its_guard_go_and_the_key_stays(desk: Desk) -> None:
    code, said = desk.roll_back()

    assert code == 0, said
    assert desk.notes.sql("select tgname from pg_trigger where tgrelid = 'entries'::regclass") == []
    assert desk.notes.sql("select count(*) from entries where body is not null") == [(51,)]
    assert isinstance(desk.notes.read(desk.notes.make_key()).state, Doc)
    assert desk.roll_back()[0] == 0


def test_what_exists_as_ciphertext_only_stops_the_script(desk: Desk) -> None:
    [ciphertext] = desk.notes.cipher.encrypt(["only here"])
    desk.notes.sql(f"insert into entries (body_sealed) values ('{ciphertext}')")

    code, said = desk.roll_back()

    assert code == 6
    assert "exist as ciphertext only" in said
    assert desk.notes.sql("select count(*) from entries where body_sealed is not null") == [(52,)]


def test_after_the_drop_the_script_leaves_everything(desk: Desk) -> None:
    desk.notes.write(desk.notes.drop())

    code, said = desk.roll_back()

    assert code == 7
    assert "its values exist as ciphertext only" in said
    assert desk.notes.sql("select count(*) from entries where body_sealed is not null") == [(51,)]


def test_retired_versions_open_again_and_the_rotation_stays(desk: Desk) -> None:
    notes, back = desk.notes, replace(desk, plan=rotation(desk.notes))
    [older] = notes.cipher.encrypt(["of version 1"])
    for step in back.plan.steps:
        assert isinstance(notes.write(step.change), Written)
    assert notes.cipher.decrypt([older]) == [Unreadable()]

    code, said = back.roll_back()

    assert code == 0, said
    assert notes.cipher.decrypt([older]) == ["of version 1"]
    assert notes.read(notes.rotate(2)).state == Doc({"latest_version": 2})
    assert back.roll_back()[0] == 0
