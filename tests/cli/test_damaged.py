"""A damaged run or session is reported, and stops only the commands that are about it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.test_session import Call, call, written  # noqa: F401  the fixture
from tests.sessions.books import BACK, book, fence


def applied(call: Call, world: str) -> Path:  # noqa: F811
    """Phase 1 up to its first hold in a world; the folder of its run."""
    before = set(call.folder.glob("state/*/runs/*"))
    call.applied(world)
    (made,) = set(call.folder.glob("state/*/runs/*")) - before
    return made


def damage(run: Path) -> None:
    journal = run / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:3], b'{"this": "is no record"}\n', *lines[3:]]))


def test_a_run_of_one_world_that_is_damaged_stops_no_command_in_another(call: Call) -> None:  # noqa: F811
    damage(applied(call, "../one"))
    call.git("branch", "-D", *call.branches())
    applied(call, "../two")
    call.merge()
    assert call.do("resume", "--world", "../two") == 4, call.out
    assert "contract" in call.out
    for verb in ("log", "verify", "report", "status"):
        assert call.do(verb, "--world", "../two") == 0, call.out
        assert "damaged" not in call.out
    assert call.do("resume", "--world", "../one") == 6
    assert "migrate recover" in call.out


def test_a_damaged_run_beside_the_open_one_is_named_and_left_aside(call: Call) -> None:  # noqa: F811
    first = applied(call, "../one")
    assert call.do("rollback", "--world", "../one") in {0, 7}
    call.merge()
    call.do("rollback", "--world", "../one")
    second = applied(call, "../one")
    damage(first)
    assert call.do("log", "--world", "../one") == 0, call.out
    assert f"{first.name} is damaged, and left aside" in call.out
    assert call.do("status", "--world", "../one", "--json") == 0
    states = {run["run"]: run["state"] for run in json.loads(call.out)["runs"]}
    assert states == {second.name: "held", first.name: "stopped"}
    assert call.do("log", first.name, "--world", "../one") == 6


def test_nothing_is_begun_beside_a_run_that_nobody_can_read(call: Call) -> None:  # noqa: F811
    damage(applied(call, "../one"))
    assert call.do("apply", "p.json", "--world", "../one") == 6
    assert "migrate recover" in call.out


def test_a_damaged_session_stops_only_what_is_about_it(call: Call) -> None:  # noqa: F811
    file = written(call, book("agree\n" + fence("confirm", "words: go on"), BACK))
    assert call.do("session", "start", file) == 0
    first = str(call.status()["session"])
    assert call.do("session", "abort", "another time") in {0, 4}, call.out
    log = next(call.folder.glob(f"state/*/sessions/{first}/session.jsonl"))
    log.write_bytes(log.read_bytes().replace(b"session.opened", b"session.opende", 1))
    assert call.do("session", "status") == 6
    assert call.do("session", "start", file) == 0, call.out
    assert call.do("session", "status") == 0
    assert f"{first} is damaged, and left aside" in call.out


def test_a_run_whose_first_record_is_gone_is_known_to_be_elsewhere_by_its_plan(call: Call) -> None:  # noqa: F811
    journal = applied(call, "../one") / "journal.jsonl"
    journal.write_bytes(b"{}\n" + journal.read_bytes())
    call.git("branch", "-D", *call.branches())
    applied(call, "../two")
    for where in (("--world", "../two"), ()):
        assert call.do("status", *where) == 0
        assert "damaged" not in call.out


def test_what_is_said_of_a_damaged_run_can_be_typed_as_it_stands(call: Call) -> None:  # noqa: F811
    damage(applied(call, "../one"))
    assert call.do("resume", "--world", "../one") == 6
    assert "migrate recover --world ../one PLAN" in call.out
