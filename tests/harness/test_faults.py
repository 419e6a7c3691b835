"""Whatever is broken while a run is under way: it stops without harm, says so, and goes on once that is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.cli.demo import example
from migrate.cli.main import run
from migrate.model.errors import Exit
from migrate.world.deeds import COUNTED, SWITCHES
from tests.harness.practising import Operator, content, operator

_STOPS = {Exit.FAILED, Exit.HELD, Exit.STOPPED, Exit.INCOMPLETE}


def _set(who: Operator, fault: str, setting: str) -> None:
    assert run(["practice", "fault", str(who.world), fault, setting]) == 0


@pytest.mark.parametrize("fault", [*SWITCHES, *COUNTED])
def test_what_breaks_at_any_time_only_delays(tmp_path: Path, fault: str) -> None:
    who = operator(tmp_path, example(), "main")
    before, digest = content(who.estate), who.plan("phase1", "static")
    on = "1" if fault in COUNTED else "on"
    _set(who, fault, on)
    stopped = who.type("apply", str(who.plan_file), "--approve", digest)
    assert stopped in _STOPS
    _set(who, fault, "off")
    # Where not even the servers' identities could be asked, no run was opened.
    again = ("apply", str(who.plan_file)) if stopped == Exit.FAILED else ("resume",)
    assert who.type(*again, "--approve", digest) in _STOPS
    who.merge()
    _set(who, fault, on)
    assert who.type("resume", "--approve", digest) in _STOPS
    _set(who, fault, "off")
    who.onward(digest)
    _set(who, fault, on)
    assert who.type("rollback") in _STOPS
    _set(who, fault, "off")
    who.back()
    assert content(who.estate) == before
