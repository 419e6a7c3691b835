"""`migrate runbook`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from migrate.catalog import shelf
from migrate.cli.completing import phase_names, runbook_names
from migrate.cli.main import run
from tests.sessions.books import BACK, LOOK, book


def test_check_says_where_and_what_and_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "book.md"
    file.write_text(book("look\n```migrate\nmigrate scna\n```\n", BACK))
    assert run(["runbook", "check", str(file)]) == 1
    assert "there is no verb scna" in capsys.readouterr().out
    assert run(["runbook", "check", str(file), "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["checked"][0]["findings"]
    assert found["code"] == "command.unparsed"


def test_show_names_every_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "book.md"
    file.write_text(book(LOOK, BACK))
    assert run(["runbook", "show", str(file)]) == 0
    out = capsys.readouterr().out
    assert "> migrate status" in out
    assert "(way back)" in out


def test_new_does_not_write_over_a_file(tmp_path: Path) -> None:
    file = tmp_path / "book.md"
    assert run(["runbook", "new", "phase1", "-o", str(file)]) == 0
    before = file.read_bytes()
    assert run(["runbook", "new", "phase1", "-o", str(file)]) == 3
    assert file.read_bytes() == before


def test_a_runbook_that_is_not_there_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runbook", "show", "no-such-thing"]) == 1
    assert "no-such-thing" in capsys.readouterr().err


def test_names_are_completed() -> None:
    assert phase_names("pha") == sorted(path.stem for path in shelf("phases").glob("*.yaml"))
    assert all(name.startswith("ph") for name in runbook_names("ph"))


def test_checking_runbooks_loads_no_client_of_any_server() -> None:
    program = (
        "import sys; from migrate.cli.main import run; run(['runbook', 'check'])\n"
        "assert not {'hvac', 'kubernetes', 'requests'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
