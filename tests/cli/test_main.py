"""The program around the verbs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from migrate import __version__
from migrate.cli.main import run
from migrate.cli.verbs import verbs


def test_the_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for name, line in verbs().items():
        assert f"  {name} " in out
        assert line in " ".join(out.split())


@pytest.mark.parametrize("name", verbs())
def test_every_verb_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert f"Usage: migrate {name}" in capsys.readouterr().out


def test_the_version_needs_no_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"migrate {__version__}\n"


def test_a_mistyped_verb_is_64_and_the_right_one_is_offered(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scna"]) == 64
    assert "scan" in capsys.readouterr().err


def test_options_before_the_verb_are_understood(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATE_DEBUG", "")
    assert run(["--debug", "scan", str(tmp_path), "--no-cache"]) == 0


def test_a_shell_can_complete_a_verbs_options() -> None:
    environment = os.environ | {
        "_MIGRATE_COMPLETE": "complete_bash",
        "COMP_WORDS": "migrate scan --str",
        "COMP_CWORD": "2",
    }
    program = "import sys; sys.argv[0] = 'migrate'; from migrate.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert "--strict" in done.stdout


def test_a_reader_that_goes_away_is_no_error(tmp_path: object) -> None:
    program = "from migrate.cli.main import main; main()"
    command = f"{sys.executable} -c '{program}' scan {tmp_path} --no-cache --json | true"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert done.stderr == ""
