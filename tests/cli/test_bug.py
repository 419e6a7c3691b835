"""A fault in this tool: exit 70, nothing of what it had in its hands is shown, and the next command goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.cli.test_session import CANARY, Call, call  # noqa: F401  the fixture

# The journal's third record of an applied step meets an error that nobody foresaw, which quotes what it was given.
PROGRAM = f"""\
import sys
from migrate.stores.journal import Journal
real, seen = Journal.append, []
def append(self, type, data):
    seen.append(type)
    if seen.count("step.applied") == 3:
        raise LookupError("no field for password={CANARY}")
    return real(self, type, data)
Journal.append = append
from migrate.cli.main import main
sys.argv[0] = "migrate"
main()
"""


def faulty(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-c", PROGRAM, *words), capture_output=True, text=True, check=False, env=dict(os.environ)
    )


def test_70_shows_its_kind_and_no_word_of_its_text_and_the_run_goes_on(call: Call) -> None:  # noqa: F811
    assert call.do("plan", "phase1", "--world", "../world", "-o", "p.json") == 0
    digest = json.loads(Path("p.json").read_text())["digest"]
    said = faulty("apply", "p.json", "--world", "../world", "--approve", digest)
    assert said.returncode == 70
    assert "A fault in this tool: LookupError" in said.stderr
    assert "migrate --debug" in said.stderr
    assert "Traceback" not in said.stderr
    assert CANARY not in said.stdout + said.stderr
    assert call.do("resume", "--world", "../world") == 4, call.out
    assert "settled" in call.out


def test_70_with_debug_is_the_stack_trace(call: Call) -> None:  # noqa: F811
    assert call.do("plan", "phase1", "--world", "../world", "-o", "p.json") == 0
    digest = json.loads(Path("p.json").read_text())["digest"]
    said = faulty("--debug", "apply", "p.json", "--world", "../world", "--approve", digest)
    assert said.returncode != 0
    assert "Traceback" in said.stderr


def test_70_in_json_lines_is_still_a_summary(call: Call) -> None:  # noqa: F811
    assert call.do("plan", "phase1", "--world", "../world", "-o", "p.json") == 0
    digest = json.loads(Path("p.json").read_text())["digest"]
    said = faulty("apply", "p.json", "--world", "../world", "--approve", digest, "--json")
    assert said.returncode == 70
    last = json.loads(said.stdout.splitlines()[-1])
    assert (last["type"], last["ok"], last["exit"]) == ("summary", False, 70)
    assert CANARY not in said.stdout + said.stderr
