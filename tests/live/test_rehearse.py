"""A rehearsal on a full lab: there, back and there again with no gap that is not announced, and nothing left over."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from migrate.catalog import shelf
from migrate.cli.main import run
from migrate.cli.rehearsing.ground import PROGRAM
from migrate.cli.rehearsing.newcomer import prepared
from migrate.cli.show import read_plan
from migrate.lab import database, down, handing, machine
from migrate.lab.git import git
from migrate.lab.hosts import knowing
from migrate.lab.levels import Level
from migrate.model.json import mapping
from migrate.stores.settings import settings_of
from tests.labworld import Lab, start, until
from tests.meanwhile import meanwhile

pytestmark = [pytest.mark.lab(level="full"), pytest.mark.timeout(2400)]

TAZLAB = Path(__file__).parents[3] / "shared" / "estates" / "tazlab-k8s"
MARKS = ["before", "there", "outage", "cold start", "back", "done"]
CANARIES = ("vault-root", "vault-unseal", "vault-apply", "eso-token", "postgres-admin")


@dataclass(slots=True)
class Room:
    """Folders of one test: for labs, and for what the tool remembers."""

    folder: Path
    labs: Path
    secrets: set[bytes] = field(default_factory=set, repr=False)

    def rehearse(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            # A shell's background jobs ignore Ctrl-C, and so would their children: this one is to be at a keyboard.
            ["env", "--default-signal=INT", sys.executable, *PROGRAM, "rehearse", *words],
            env={**os.environ, "MIGRATE_LAB": str(self.labs), "MIGRATE_STATE": str(self.folder / "state")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def peeking(self) -> Iterator[None]:
        """Every password and token that the lab has meanwhile."""

        def look() -> None:
            for name in CANARIES:
                for file in self.labs.glob(f"*/keys/{name}"):
                    self.secrets.update(filter(None, [file.read_bytes()]))

        with meanwhile(look, 0.5):
            yield

    @contextmanager
    def jobs(self) -> Iterator[dict[str, dict[str, bool]]]:
        """By job, of each pod of it that has ended well, in their order: whether the agent had been there before it."""
        ended: dict[str, dict[str, bool]] = {}

        def look() -> None:
            for config in self.labs.glob("*/keys/admin.kubeconfig"):
                words = ("kubectl", "--kubeconfig", str(config), "get", "pods", "-A", "-o", "json")
                found = subprocess.run(words, capture_output=True, text=True, check=False, env=_with_programs())
                pods = json.loads(found.stdout or "{}").get("items", [])
                for pod in sorted(pods, key=lambda one: str(one["metadata"]["creationTimestamp"])):
                    if (job := _job(pod)) and pod["status"].get("phase") == "Succeeded":
                        names = {one["name"] for one in pod["spec"].get("initContainers", [])}
                        ended.setdefault(job, {})[pod["metadata"]["uid"]] = "vault-agent-init" in names

        with meanwhile(look, 2):
            yield ended


@pytest.fixture
def room(labs_level: Level, tmp_path: Path) -> Iterator[Room]:
    if labs_level is not Level.FULL:
        pytest.skip(f"this machine has a lab of level {labs_level} at most")
    with tempfile.TemporaryDirectory(prefix="mlr-") as labs:  # a lab's path must be short
        yield Room(tmp_path, Path(labs))
        assert list(Path(labs).iterdir()) == []


@pytest.mark.parametrize(
    "estate",
    [
        pytest.param(shelf("examples") / "tazlab", id="example"),
        pytest.param(TAZLAB, id="first-user", marks=pytest.mark.proof),
    ],
)
def test_there_and_back_and_there_again_without_a_gap(room: Room, estate: Path) -> None:
    if not estate.is_dir():
        pytest.skip("the estates do not lie beside the project")
    with room.peeking():
        child = room.rehearse("--estate", str(estate), "--json")
        out, err = child.communicate(timeout=2000)
    summary = mapping(json.loads(out.splitlines()[-1]))
    assert (child.returncode, summary["ok"], summary["wrong"]) == (0, True, []), err[-2000:]
    assert len(_listed(summary["lived"])) == 2
    marks = {str(mapping(mark)["mark"]): mapping(mark) for mark in _listed(summary["marks"])}
    assert list(marks) == MARKS
    assert {mark["failed"] for mark in marks.values()} == {0}
    assert {mark["secret"] for mark in marks.values()} == {"there"}
    _rotated(marks)
    _counted(marks)
    evidence = Path(str(summary["evidence"]))
    assert {"observer.jsonl", "rehearsal.json", "journal-1.jsonl", "journal-2.jsonl"} <= {
        file.name for file in evidence.iterdir()
    }
    _nowhere(room.secrets, out + err, room.folder)


@pytest.mark.proof
def test_a_plan_made_for_servers_is_rehearsed_without_asking_them(room: Room, labs_home: Path) -> None:
    """Its own servers, which a lab of another name is here, are gone before the rehearsal begins."""
    estate, file = prepared(shelf("examples") / "tazlab", room.folder / "copy"), room.folder / "live.plan.json"
    theirs = start("theirs", estate, Level.CONTROL)
    try:
        facts = _planned_live(theirs, estate, room.folder, file)
    finally:
        down.down(theirs.world)
    with room.peeking():
        child = room.rehearse(str(file), "--estate", str(estate), "--json")
        out, err = child.communicate(timeout=2000)
    summary = mapping(json.loads(out.splitlines()[-1]))
    assert (child.returncode, summary["ok"], summary["wrong"]) == (0, True, []), err[-2000:]
    assert summary["digest"] == mapping(json.loads(file.read_bytes()))["digest"]
    assert f"{facts} facts about your servers: apply compares them when it begins" in _listed(summary["unproven"])
    _nowhere(room.secrets, out + err, room.folder / "state")


def _planned_live(theirs: Lab, estate: Path, folder: Path, file: Path) -> int:
    """A plan of phase 1 for the servers that the estate's names mean; how many of its facts are about servers."""
    monitoring = "namespaces/monitoring"
    until("the Secret", lambda: theirs.get(f"/api/v1/{monitoring}/secrets/lab-db-pguser-grafana"), 300)
    until("Grafana", lambda: theirs.get(f"/apis/apps/v1/{monitoring}/deployments/kube-prometheus-stack-grafana"), 300)
    key = theirs.world.credential
    word, address = key("postgres-admin").read_text(), settings_of(estate).database.address
    (folder / "dsn").write_text(
        f"postgresql://{database.ADMIN}:{word}@{address}/postgres?sslmode=verify-full&sslrootcert={key('ca.crt')}"
    )
    own = {
        "KUBECONFIG": key("admin.kubeconfig"),
        "MIGRATE_VAULT_CA": key("ca.crt"),
        "MIGRATE_VAULT_TOKEN_FILE": key("vault-root"),
        "MIGRATE_DATABASE_CA": key("ca.crt"),
        "MIGRATE_DATABASE_ADMIN_FILE": folder / "dsn",
        "MIGRATE_STATE": folder / "state",
    }
    words = ("plan", "phase1", "--live", "--estate", str(estate), "-o", str(file))
    done = subprocess.run(
        [*knowing(theirs.world, machine.look()), sys.executable, *PROGRAM, *words],
        env={**os.environ, **theirs.environment, **{name: str(value) for name, value in own.items()}},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (folder / "dsn").unlink()
    plan = read_plan(file).plan
    assert plan.mode == "live"
    return sum(not fact.file for fact in plan.facts)


def named(workloads: tuple[str, ...]) -> dict[str, str]:
    """Deployments have one name everywhere."""
    return {name: name for name in workloads}


EXAMPLES = ("apps/ledger", "apps/reader", "auth/oauth2-proxy", "dex/dex")
FIRST_USERS = ("ai-agents/openclaw", "auth/oauth2-proxy", "cloudflare-ddns/cloudflare-ddns", "dex/dex")
SHAPES = {
    "apps/board": "apps/board-grafana",
    "apps/ledger": "StatefulSet/apps/ledger",
    "apps/portal": "apps/portal-web",
    "apps/report": "CronJob/apps/report",
    "north/reader": "north/reader",
    "south/reader": "south/reader",
}
"""By workload of tests/live/shapes, what the cluster calls it: each kind of edit that phase 2 knows is there."""


@pytest.mark.proof
@pytest.mark.parametrize(
    ("estate", "workloads"),
    [
        pytest.param(shelf("examples") / "tazlab", named(EXAMPLES), id="example"),
        pytest.param(TAZLAB, named(FIRST_USERS), id="first-user"),
        pytest.param(Path(__file__).parent / "shapes", SHAPES, id="shapes"),
    ],
)
def test_every_workload_of_phase_2_reads_what_vault_holds_there_and_back_and_there_again(
    room: Room, estate: Path, workloads: dict[str, str]
) -> None:
    if not estate.is_dir():
        pytest.skip("the estates do not lie beside the project")
    copy, file = prepared(estate, room.folder / "copy"), room.folder / "phase2.plan.json"
    chosen = [word for name in workloads for word in ("--only", name)]
    assert run(["plan", "phase2", "--estate", str(copy), "-o", str(file), *chosen]) == 0
    with room.peeking(), room.jobs() as ended:
        child = room.rehearse(str(file), "--estate", str(copy), "--json")
        out, err = child.communicate(timeout=2000)
    summary = mapping(json.loads(out.splitlines()[-1]))
    assert (child.returncode, summary["ok"], summary["wrong"]) == (0, True, []), err[-2000:]
    assert len(_listed(summary["lived"])) == 2
    assert {name: turns(ran) for name, ran in ended.items()} == {key: [False, True, False, True] for key in ended}
    assert set(ended) == {name for name in workloads.values() if "Job/" in name}
    marks = [mapping(mark) for mark in _listed(summary["marks"])]
    assert [mark["mark"] for mark in marks] == MARKS
    for mark in marks:
        assert set(mapping(mark["read"])) == set(workloads.values())
        assert (mark["secret"], mark["unshown"]) == ("there", {})
    _counted({str(mark["mark"]): mark for mark in marks})
    _nowhere(room.secrets, out + err, room.folder / "state")


@pytest.mark.proof
@pytest.mark.parametrize("hba", ["", "  hba: by-hand\n"], ids=["in-git", "by-hand"])
def test_certificates_open_the_database_there_and_no_longer_back_and_are_renewed_each_way(room: Room, hba: str) -> None:
    copy, file = prepared(shelf("examples") / "tazlab", room.folder / "copy"), room.folder / "phase3.plan.json"
    (copy / "migrate.yaml").write_text(f"database:\n  address: postgres.rehearsal.internal:5432\n{hba}")
    git("-C", str(copy), "commit", "--quiet", "--all", "--allow-empty", "-m", "Who writes the host-based rules")
    assert run(["plan", "phase3", "--estate", str(copy), "-o", str(file)]) == 0
    with room.peeking():
        child = room.rehearse(str(file), "--estate", str(copy), "--json")
        out, err = child.communicate(timeout=2000)
    summary = mapping(json.loads(out.splitlines()[-1]))
    assert (child.returncode, summary["ok"], summary["wrong"]) == (0, True, []), err[-2000:]
    assert len(_listed(summary["lived"])) == 2
    marks = {str(mapping(mark)["mark"]): mapping(mark) for mark in _listed(summary["marks"])}
    assert list(marks) == MARKS
    assert {mark["failed"] for mark in marks.values()} == {0}
    assert {mark["secret"] for mark in marks.values()} == {"there"}
    came = [int(str(marks[name]["strangers"])) for name in MARKS]
    assert came == sorted(came)
    assert came[0] == 0 < came[1] < came[-1]
    assert int(str(marks["there"]["certificates"])) > 1
    _rotated(marks)
    assert any("Vault was told 100 seconds" in str(one) for one in _listed(summary["unproven"]))
    evidence = Path(str(summary["evidence"]))
    assert "PRIVATE KEY" not in "".join(one.read_text() for one in evidence.iterdir()) + out + err
    _nowhere(room.secrets, out + err, room.folder / "state")


SEALED = """\
database: {address: 'postgres.rehearsal.internal:5432'}
transit:
  columns: [{database: notes, table: public.entries, column: body, workload: apps/memo, rate: 4000}]
"""


@pytest.mark.proof
def test_a_column_is_sealed_opened_again_and_sealed_for_good_under_an_application_that_loses_nothing(
    room: Room,
) -> None:
    copy, file = prepared(shelf("examples") / "tazlab", room.folder / "copy"), room.folder / "phase4.plan.json"
    (copy / "migrate.yaml").write_text(SEALED)
    git("-C", str(copy), "commit", "--quiet", "--all", "-m", "Which column is sealed")
    assert run(["plan", "phase4", "--estate", str(copy), "-o", str(file)]) == 0
    with room.peeking():
        child = room.rehearse(str(file), "--estate", str(copy), "--json")
        out, err = child.communicate(timeout=2000)
    summary = mapping(json.loads(out.splitlines()[-1]))
    assert (child.returncode, summary["ok"], summary["wrong"]) == (0, True, []), err[-2000:]
    marks = {str(mapping(mark)["mark"]): mapping(mark) for mark in _listed(summary["marks"])}
    assert list(marks) == ["before", "there", "back", "done"]
    opened = [int(str(mark["opened"])) for mark in marks.values()]
    assert opened[0] == 0 < opened[1] == opened[2] < opened[3]
    unproven = "\n".join(str(one) for one in _listed(summary["unproven"]))
    for part in (
        "your application",
        "your table",
        "your backups of Vault",
        "a way back after the plaintext is dropped",
    ):
        assert part in unproven
    _nowhere(room.secrets, out + err, room.folder / "state")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_it_the_lab_is_gone(room: Room, number: signal.Signals) -> None:
    child = room.rehearse()
    try:
        until("PostgreSQL", lambda: [*room.labs.glob("*/pids/postgres.json")], 300)
        child.send_signal(number)
        child.communicate(timeout=300)
    finally:
        child.kill()
    until("the lab's end", lambda: not [*room.labs.iterdir()], 300)
    assert child.returncode == (-signal.SIGKILL if number is signal.SIGKILL else 130)


def test_a_command_that_is_killed_ends_the_rehearsal_and_the_lab(room: Room) -> None:
    child = room.rehearse("--json")
    try:
        until("the first command", lambda: _commands(room.labs), 600)
        for pid in _commands(room.labs):
            os.kill(pid, signal.SIGKILL)
        out, _ = child.communicate(timeout=600)
    finally:
        child.kill()
    summary = mapping(json.loads(out.splitlines()[-1]))
    assert (child.returncode, summary["ok"]) == (1, False)
    assert "ended with -9" in str(summary["wrong"])


def turns(ran: dict[str, bool]) -> list[bool]:
    """What changed from one pod to the next."""
    return [found for found, _ in itertools.groupby(ran.values())]


def _job(pod: dict[str, Any]) -> str:
    """The CronJob or Job that made a pod; empty where none did."""
    metadata = pod["metadata"]
    owner = next((one["name"] for one in metadata.get("ownerReferences", []) if one["kind"] == "Job"), "")
    name, _, number = owner.rpartition("-")
    made = f"CronJob/{metadata['namespace']}/{name}" if name and number.isdigit() else ""
    return made or (f"Job/{metadata['namespace']}/{owner}" if owner else "")


def _with_programs() -> dict[str, str]:
    path = os.pathsep.join([*handing.programs(), machine.search_path()])
    return {"PATH": path, "HOME": os.environ.get("HOME", "/")}


def _counted(marks: dict[str, dict[str, Any]]) -> None:
    """What scan says of the deployed branch: as before once it is taken back, and nothing unread is left at the end."""
    before, there, back, done = (mapping(marks[name]["scan"]) for name in ("before", "there", "back", "done"))
    assert back == before
    assert there["externalSecrets"] == before["externalSecrets"]
    assert int(str(there["adapt"])) < int(str(before["adapt"]))
    assert done["orphan"] == before["orphan"]
    # A release behind a post-renderer is `adapt` until its ExternalSecret is gone: its values name the Secret.
    assert int(str(done["adapt"])) <= int(str(there["adapt"]))
    assert int(str(done["served"])) == int(str(there["served"])) > int(str(before["served"]))


def _rotated(marks: dict[str, dict[str, Any]]) -> None:
    """A natural rotation each way, lived through by a restart within the bound."""
    assert marks["there"]["rotations"] >= 1
    assert marks["done"]["rotations"] > marks["there"]["rotations"]
    assert len(marks["done"]["gaps"]) >= 2
    assert max(marks["done"]["gaps"]) <= 60


def _commands(labs: Path) -> list[int]:
    """The migrate commands of the rehearsal that runs in one of these labs."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"apply" in words and any(str(labs).encode() in word for word in words):
            found.append(int(entry.name))
    return found


def _listed(value: object) -> list[Any]:
    assert isinstance(value, list)
    return value


def _nowhere(secrets: set[bytes], said: str, folder: Path) -> None:
    assert len(secrets) >= len(CANARIES)
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    for secret in secrets:
        assert secret.decode() not in said
        assert [file for file in files if secret in file.read_bytes()] == []
