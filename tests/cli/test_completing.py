"""What a shell offers: runs, plans, phases, steps, runbooks, sessions; and never an error in somebody's prompt."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from migrate.catalog import shelf
from tests.cli.test_session import Call, call  # noqa: F401  the fixture
from tests.cli.test_terminal import PROGRAM


def offered(line: str) -> list[str]:
    """What Bash is told for a line that ends where the cursor is."""
    asks = {"_MIGRATE_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    words = (sys.executable, "-c", PROGRAM)
    done = subprocess.run(words, env=os.environ | asks, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.stdout.split()


def test_everything_that_has_a_name_is_offered(call: Call) -> None:  # noqa: F811
    call.applied("../world")
    Path("other.json").write_text("{}")
    (run,) = call.folder.glob("state/*/runs/*")
    assert offered("migrate resume ") == [run.name]
    assert offered("migrate hold set lunch --run ") == [run.name]
    assert offered("migrate show ") == ["p.json"], "and no JSON that is no plan"
    assert offered("migrate recover ") == ["p.json"]
    assert "cutover.inject-release.kube-prometheus-stack" in offered("migrate explain p.json cut")
    assert set(offered("migrate plan ")) == {path.stem for path in shelf("phases").glob("*.yaml")}
    assert "rollback" in offered("migrate session start ro")
    assert call.do("session", "start", "rollback", "--world", "../world") == 0
    (session,) = call.folder.glob("state/*/sessions/*")
    assert offered("migrate report --session ") == [session.name]
    assert "back" in offered("migrate session approve ")


@pytest.mark.parametrize("line", ["migrate resume ", "migrate show ", "migrate explain x ", "migrate session approve "])
def test_where_nothing_is_nothing_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIGRATE_STATE", str(tmp_path / "state"))
    (tmp_path / "broken.json").write_text('{"schema": "migrate.plan/v1", ')
    assert offered(line) == []
