"""At a terminal: questions are asked there, answered there, and narrow, plain or dumb screens lose no word."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.cli.test_session import Call, call, written  # noqa: F401  the fixture
from tests.sessions.books import BACK, book, fence

PROGRAM = "import sys; sys.argv[0] = 'migrate'; from migrate.cli.main import main; main()"


def typed(call: Call, *words: str, columns: int = 80, environment: dict[str, str] | None = None) -> Any:  # noqa: F811
    # A terminal says how wide it is; tests in several processes have these two set for each.
    inherited = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    return pexpect.spawn(
        sys.executable,
        ["-c", PROGRAM, *words],
        cwd=str(call.estate),
        env={**inherited, **(environment or {})},
        dimensions=(40, columns),
        encoding="utf-8",
        timeout=60,
    )


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_word_is_asked_for_and_taken_at_the_terminal(call: Call, columns: int) -> None:  # noqa: F811
    file = written(call, book("agree\n" + fence("confirm", "words: go on"), BACK))
    assert call.do("session", "start", file) == 0
    wrong = typed(call, "session", "run", columns=columns)
    wrong.expect("Type go on to agree: ")
    wrong.sendline("no")
    wrong.expect("held at step agree")
    right = typed(call, "session", "run", columns=columns)
    right.expect("Type go on to agree: ")
    right.sendline("go on")
    right.expect("followed to its end")


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_colour_every_word_is_still_there(call: Call, environment: dict[str, str]) -> None:  # noqa: F811
    assert call.do("session", "start", written(call, book("agree\n" + fence("confirm", "words: go on"), BACK))) == 0
    child = typed(call, "session", "status", environment=environment)
    child.expect(pexpect.EOF)
    said = str(child.before)
    assert "\x1b" not in said
    assert "-> due" in said


def test_an_input_is_asked_for_with_what_it_is(call: Call) -> None:  # noqa: F811
    inputs = "inputs: [{name: file, what: a folder to scan, example: x}]\n"
    file = written(call, book("look\n" + fence("migrate", "migrate scan ${file}"), BACK, inputs=inputs))
    child = typed(call, "session", "start", file)
    child.expect("file, a folder to scan: ")
    child.sendline("apps")
    child.expect("nothing run yet")
    assert Path(file).exists()


@pytest.mark.parametrize("columns", [60, 100, 200])
@pytest.mark.parametrize("words", [("status", "--world", "../world"), ("session", "status"), ("session", "run")])
def test_lines_end_between_words_and_only_what_is_copied_is_longer(
    call: Call,  # noqa: F811
    columns: int,
    words: tuple[str, ...],
) -> None:
    call.applied("../world")
    assert call.do("session", "start", "rollback", "--world", "../world") == 0
    assert call.do("session", "run") == 4
    child = typed(call, *words, columns=columns)
    said = ""
    if words == ("session", "run"):
        child.expect("Type take it back to agree")
        said = str(child.before)
        child.sendeof()
    child.expect(pexpect.EOF)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said + str(child.before)).splitlines()
    assert len(shown) > 3
    assert [line for line in shown if len(line) > columns and "next:" not in line and "$ migrate" not in line] == []
