"""Watching a run: a screen that stays calm on a terminal, a line for each change elsewhere, and no load for servers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pexpect
import pytest

from tests.cli.test_session import Call, call  # noqa: F401  the fixture
from tests.cli.test_terminal import PROGRAM, typed

WATCH = ("status", "--world", "../world", "--watch")


@pytest.fixture
def soaking(call: Call) -> Call:  # noqa: F811
    """Phase 1 in the middle of an hour's soak."""
    (call.estate / "migrate.yaml").write_text("soak: {cutover: 1h, contract: 0s}\n")
    call.git("commit", "--quiet", "--all", "--message", "An hour")
    call.applied("../world")
    call.merge()
    assert call.do("resume", "--world", "../world") == 4, call.out
    assert "until" in call.out
    return call


@contextmanager
def watching(call: Call, **variables: str) -> Iterator[subprocess.Popen[str]]:  # noqa: F811
    """Somebody watches through a pipe."""
    words = (sys.executable, "-c", PROGRAM, *WATCH)
    child = subprocess.Popen(
        words, cwd=call.estate, env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def until(child: subprocess.Popen[str], text: str) -> list[str]:
    """The lines up to one that holds the text."""
    seen = list[str]()
    assert child.stdout is not None
    for line in child.stdout:
        seen.append(line)
        if text in line:
            return seen
    pytest.fail(f"{text} never came: {''.join(seen)}")


@pytest.mark.parametrize("columns", [60, 100, 200])
def test_the_screen_shows_stages_gates_clocks_and_the_next_command(soaking: Call, columns: int) -> None:
    child = typed(soaking, *WATCH, columns=columns)
    child.expect("lately")
    screen = words_of(child.before)
    for part in ("expand", "6 of 6", "now", "contract", "to come", "soaks", "left, until", "serving", "migrate resume"):
        assert part in screen, part
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def words_of(shown: Any) -> str:
    """What a person reads: without colours and moves, and lines joined where they were folded."""
    return re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", str(shown)))


def test_without_a_terminal_each_change_is_said_once(call: Call) -> None:  # noqa: F811
    with watching(call) as child:
        assert "no run" in until(child, "no run")[-1]
        call.applied("../world")
        seen = until(child, "held by gitops.applied")
        assert not any("\x1b" in line for line in seen)
        call.merge()
        assert call.do("resume", "--world", "../world") == 4
        later = until(child, "held by the contract stage")
        assert sum("gate passed: rollout" in line for line in [*seen, *later]) == 1
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == 0


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_the_same_words_without_colour_or_a_clever_terminal(soaking: Call, variables: dict[str, str]) -> None:
    child = typed(soaking, *WATCH, environment=variables)
    child.expect("lately|from .* on")
    said = str(child.before) + str(child.after)
    child.sendintr()
    child.expect(pexpect.EOF)
    assert "migrate resume" in words_of(said)
    if variables.get("TERM") == "dumb":
        assert "\x1b" not in said
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", said), "no colour"


def test_watching_is_for_people(call: Call) -> None:  # noqa: F811
    assert call.do(*WATCH, "--json") == 64
