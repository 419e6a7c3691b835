"""Runbooks followed in the practice world, as a person would: typed commands, merges, another login's word."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import cast

import pytest

from migrate.catalog import shelf
from migrate.cli.demo import prepare
from migrate.cli.main import run
from migrate.model.json import Json
from tests.sessions.books import BACK, book, fence

ROOT = pytest.mark.skipif(os.getuid() != 0, reason="needs a second login: only root can act as one")
CANARY = "c4n4ryQ9x7Lm2"
GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.test", "-c", "commit.gpgsign=false")


class Call:
    """A person at a terminal that is none: everything is typed as options."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.estate, self._capsys = folder, folder / "estate", capsys
        self.deeds: dict[str, list[str]] = {}
        """What is done by hand at a step, beside saying that it is done."""

    def do(self, *words: str) -> int:
        """One command; what it said is in `out`."""
        self._capsys.readouterr()
        code = run(list(words))
        said = self._capsys.readouterr()
        self.out = said.out + said.err
        return code

    def git(self, *words: str) -> None:
        subprocess.run((*GIT, "-C", str(self.estate), *words), check=True, capture_output=True)

    def branches(self) -> list[str]:
        """The branches of ours that are there."""
        words = ("git", "-C", str(self.estate), "branch", "--format=%(refname:short)", "--list", "migrate/*")
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()

    def merge(self) -> None:
        """Merge every branch of ours that is there."""
        for branch in self.branches():
            self.git("merge", "--no-edit", branch)

    def applied(self, world: str) -> None:
        """Plan phase 1 for a world, and apply it up to its first hold."""
        assert self.do("plan", "phase1", "--world", world, "-o", "p.json") == 0, self.out
        digest = json.loads((self.estate / "p.json").read_text())["digest"]
        assert self.do("apply", "p.json", "--world", world, "--approve", digest) == 4, self.out

    def status(self) -> dict[str, Json]:
        assert self.do("session", "status", "--json") == 0
        return cast("dict[str, Json]", json.loads(self.out))

    def follow(self, end: str, rounds: int = 30) -> None:
        """Do what each stop says, until the session is over."""
        for _ in range(rounds):
            code = self.do("session", "run")
            assert code in {0, 4}, self.out
            if code == 0:
                assert self.status()["state"] == end
                return
            self.stop()
        pytest.fail(f"not over after {rounds} rounds: {self.out}")

    def stop(self) -> None:
        """Do what this stop says."""
        waiting = cast("dict[str, str]", self.status()["waiting"])
        if "a second person" in waiting["reason"]:
            words = waiting["next"][waiting["next"].index("session approve") :].split()
            assert as_login(65534, words) == 0
        elif (deed := self.deeds.pop(waiting["step"], None)) is not None:
            assert self.do(*deed) == 0, self.out
        else:
            self.answer(waiting["next"])

    def answer(self, following: str) -> None:
        if "session approve" not in following:
            self.merge()
            return
        words = following[following.index("session approve") :].split()
        text = "the dashboards load" if "--text" in words else None
        assert self.do(*(text if word == "TEXT" and text else word for word in words)) == 0, self.out


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """The example estate with short soaks, in a state folder of its own; we stand in it."""
    monkeypatch.setenv("MIGRATE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MY_PASSWORD", CANARY)
    one = Call(tmp_path, capsys)
    prepare(tmp_path)
    monkeypatch.chdir(one.estate)
    return one


def as_login(uid: int, words: list[str]) -> int:
    """A command typed by another login. Forked: the interpreter may lie where that login cannot read."""
    reachable(Path.cwd())
    child = os.fork()
    if child == 0:
        os.chdir("/")  # they sit elsewhere
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        os._exit(int(run(words)))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def reachable(folder: Path) -> None:
    """Everybody may look into it, up to the folder for temporary files. Any pytest that begins meanwhile undoes it."""
    ours = [folder, *folder.parents]
    for one in ours[: ours.index(Path(tempfile.gettempdir()))]:
        one.chmod(0o755)


def shared(call: Call) -> None:
    """The state folder belongs to a group, and its members can get there."""
    state = call.folder / "state"
    state.mkdir()
    os.chown(state, 0, 65534)
    state.chmod(0o2770)
    reachable(call.folder)


def written(call: Call, text: str) -> str:
    file = call.folder / "book.md"
    file.write_text(text)
    return str(file)


def test_phase1_takes_a_newcomer_through_the_practice_world(call: Call) -> None:
    assert call.do("session", "start", "phase1", "--world", "../world") == 0, call.out
    call.follow("done")
    assert call.do("status", "--world", "../world", "--json") == 0
    assert json.loads(call.out)["runs"][0]["state"] == "done"
    session = str(call.status()["session"])
    assert call.do("verify", "--session", session) == 0, call.out
    log = next(call.folder.glob("state/*/sessions/*/session.jsonl"))
    log.write_bytes(log.read_bytes().replace(b'"exit":0', b'"exit":4', 1))
    assert call.do("verify", "--session", session) == 1
    assert "the chain does not hold at record" in call.out


def test_giving_phase1_up_after_the_cutover_goes_all_the_way_back(call: Call) -> None:
    assert call.do("session", "start", "phase1", "--world", "../world") == 0
    while call.status()["due"] is None or cast("dict[str, str]", call.status()["due"])["step"] != "soak":
        call.do("session", "run")
        call.answer(cast("dict[str, str]", call.status()["waiting"])["next"])
    assert call.do("session", "abort", "the dashboards stay empty") == 0
    call.follow("went-back")
    assert call.do("status", "--world", "../world", "--json") == 0
    assert json.loads(call.out)["runs"][0]["state"] == "rolled-back"


def test_the_rollback_runbook_takes_an_open_run_back(call: Call) -> None:
    call.applied("../world")
    assert call.do("session", "start", "rollback", "--world", "../world") == 0
    call.follow("done")
    assert call.do("status", "--world", "../world", "--json") == 0
    assert json.loads(call.out)["runs"][0]["state"] == "rolled-back"


def test_an_edited_runbook_shows_what_changed_and_needs_a_reason(call: Call) -> None:
    text = book("look\n" + fence("migrate", "migrate phases"), "more\n" + fence("confirm", "words: go on"), BACK)
    file = Path(written(call, text))
    assert call.do("session", "start", str(file)) == 0
    assert call.do("session", "run") == 4
    file.write_text(text.replace("words: go on", "words: go on then"))
    assert call.do("session", "run") == 3
    assert "+words: go on then" in call.out
    assert call.do("session", "run", "--accept-change", "the word was wrong") == 4
    assert call.do("verify", "--session", str(call.status()["session"])) == 0, call.out


def test_an_edit_that_cannot_be_followed_is_not_accepted(call: Call) -> None:
    text = book("look\n" + fence("confirm", "words: go on"), BACK)
    file = Path(written(call, text))
    assert call.do("session", "start", str(file)) == 0
    file.write_text(text.replace("migrate phases", "migrate fases"))
    assert call.do("session", "run", "--accept-change", "why not") == 3
    assert "no verb fases" in call.out


def test_a_paused_session_runs_nothing(call: Call) -> None:
    assert call.do("session", "start", written(call, book("look\n" + fence("migrate", "migrate phases"), BACK))) == 0
    assert call.do("session", "pause", "dinner") == 0
    assert call.do("session", "run") == 3
    assert "dinner" in call.out
    assert call.do("session", "resume") == 0
    assert call.do("session", "run") == 0


def test_nothing_secret_is_kept_of_what_people_attach(call: Call) -> None:
    text = book("note\n" + fence("evidence", "text: what you saw"), "file\n" + fence("evidence", "file: a log"), BACK)
    assert call.do("session", "start", written(call, text)) == 0
    Path("some.log").write_text(f"password: {CANARY}\npostgres://ada:{CANARY}@db/x\nit said {CANARY}\n")
    for option in ("--text", f"it was {CANARY}"), ("--file", "some.log"):
        assert call.do("session", "run") == 4
        following = cast("dict[str, str]", call.status()["waiting"])["next"].split()
        digest = following[following.index("--digest") + 1]
        step = following[following.index("approve") + 1]
        assert call.do("session", "approve", step, "--digest", digest, *option) == 0, call.out
    assert call.do("session", "run") == 0
    kept = [path for path in (call.folder / "state").rglob("*") if path.is_file()]
    assert len(kept) > 3
    assert [path for path in kept if CANARY.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("value", ["-rf", "a;b", "hvs.c4n4ryQ9x7Lm2"])
def test_an_input_that_is_an_option_or_a_secret_is_not_taken(call: Call, value: str) -> None:
    inputs = "inputs: [{name: file, what: a file, example: x}]\n"
    text = book("look\n" + fence("migrate", "migrate scan ${file}"), BACK, inputs=inputs)
    assert call.do("session", "start", written(call, text), "--input", f"file={value}") == 64


def test_a_killed_terminal_loses_nothing(call: Call) -> None:
    assert call.do("session", "start", "phase1", "--world", "../world") == 0
    while cast("dict[str, str]", call.status()["due"])["step"] != "apply":
        call.do("session", "run")
        if cast("dict[str, str]", call.status()["due"])["step"] == "agree":
            following = cast("dict[str, str]", call.status()["waiting"])["next"]
            words = following[following.index("session approve") :].split()
            assert call.do(*words) == 0
            break
    # Dies at the end of the third write of the apply, as if the terminal were gone.
    program = (
        "import os, sys\n"
        "from migrate.stores.journal import Journal\n"
        "real, seen = Journal.append, []\n"
        "def append(self, type, data):\n"
        "    event = real(self, type, data)\n"
        "    seen.append(type)\n"
        "    if seen.count('step.applied') == 3: os.kill(os.getpid(), 9)\n"
        "    return event\n"
        "Journal.append = append\n"
        "from migrate.cli.main import main; sys.argv = ['migrate', 'session', 'run']; main()"
    )
    killed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert killed.returncode == -9
    assert call.status()["running"] is True
    call.follow("done")
    assert call.do("verify", "--session", str(call.status()["session"])) == 0, call.out


@ROOT
def test_two_logins_share_a_session_over_a_state_folder_of_their_group(call: Call) -> None:
    shared(call)
    text = book("agree\n" + fence("confirm", "words: go on", "second: true"), BACK)
    assert call.do("session", "start", written(call, text)) == 0
    assert call.do("session", "run") == 4
    following = cast("dict[str, str]", call.status()["waiting"])["next"]
    words = following[following.index("session approve") :].split()
    assert call.do(*words) == 0
    assert call.do("session", "run") == 4  # one person, whatever the number of words
    following = cast("dict[str, str]", call.status()["waiting"])["next"]
    assert as_login(65534, following[following.index("session approve") :].split()) == 0
    assert call.do("session", "run") == 0, call.out


BOOKS = sorted(path.stem for path in shelf("runbooks").glob("*.md"))
PHASES = [name for name in BOOKS if name.startswith("phase")]
OTHERS = [name for name in BOOKS if name not in {*PHASES, "rollback"}]
COLUMN = "{database: notes, table: public.entries, column: body, workload: apps/memo}"
SETTINGS = f"soak: {{cutover: 0s, contract: 0s}}\ntransit: {{columns: [{COLUMN}]}}\n"


def deployed(writes: str) -> list[str]:
    """The application of phase 4, in the version that writes so."""
    return [
        "practice",
        "edit",
        "../world",
        "postgres:writes/notes.public.entries.body.body_sealed",
        f"--set=writes={writes}",
    ]


@pytest.fixture
def settled(call: Call) -> Call:
    """The estate with everything that a phase asks for in its settings, and a state folder for two."""
    shared(call)
    (call.estate / "migrate.yaml").write_text(SETTINGS)
    call.git("commit", "--quiet", "--all", "--message", "A column to be sealed")
    call.deeds |= {"both": deployed("both"), "sealed": deployed("sealed")}
    return call


@ROOT
@pytest.mark.parametrize("name", PHASES)
def test_the_runbook_of_every_phase_is_followed_to_its_end(name: str, settled: Call) -> None:
    assert settled.do("session", "start", name, "--world", "../world") == 0, settled.out
    settled.follow("done")
    assert settled.do("status", "--world", "../world", "--json") == 0
    assert json.loads(settled.out)["runs"][0]["state"] == "done"
    assert settled.do("verify", "--session", str(settled.status()["session"])) == 0, settled.out


@ROOT
@pytest.mark.parametrize("name", PHASES)
def test_the_runbook_of_every_phase_leads_all_the_way_back_from_before_the_contract_stage(
    name: str, settled: Call
) -> None:
    assert settled.do("session", "start", name, "--world", "../world") == 0, settled.out
    for _ in range(20):
        assert settled.do("session", "run") == 4, settled.out
        if cast("dict[str, str]", settled.status()["due"])["step"] == "contract":
            break
        settled.stop()
    settled.deeds["rollback"] = deployed("plain")
    assert settled.do("session", "abort", "it turned out otherwise") == 0
    settled.follow("went-back")
    assert settled.do("status", "--world", "../world", "--json") == 0
    assert json.loads(settled.out)["runs"][0]["state"] == "rolled-back"


def under_way(call: Call) -> None:
    """Phase 1 up to the contract stage, and Vault sealed."""
    call.applied("../world")
    call.merge()
    assert call.do("resume", "--world", "../world") == 4, call.out


@ROOT
@pytest.mark.parametrize("name", OTHERS)
def test_every_other_runbook_is_followed_to_its_end(name: str, call: Call) -> None:
    shared(call)
    under_way(call)
    if name == "vault-down":
        assert call.do("practice", "fault", "../world", "sealed") == 0, call.out
        call.deeds["back"] = ["practice", "fault", "../world", "sealed", "off"]
    assert call.do("session", "start", name, "--world", "../world") == 0, call.out
    call.follow("done")
    assert call.do("verify", "--session", str(call.status()["session"])) == 0, call.out


@ROOT
@pytest.mark.parametrize("name", OTHERS)
def test_every_other_runbook_is_given_up_and_gone_back(name: str, call: Call) -> None:
    shared(call)
    under_way(call)
    assert call.do("session", "start", name, "--world", "../world") == 0, call.out
    done = '"type":"manual.passed"'
    while not any(done in path.read_text() for path in call.folder.glob("state/*/sessions/*/session.jsonl")):
        assert call.do("session", "run") == 4, call.out
        call.stop()
    assert call.do("session", "abort", "it turned out otherwise") == 0
    call.follow("went-back")
