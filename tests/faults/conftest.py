"""A lab for each file of these tests, and what was tried, told at the end of a session."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from migrate.catalog import shelf
from migrate.lab import down
from migrate.lab.levels import Level
from tests.faults.cases import CASES
from tests.faults.standing_in import kubelet
from tests.labworld import Lab, start, until

TOLD: list[str] = []
"""One line a test: which faults, over how many writes, how many secrets looked for where."""


@pytest.fixture(scope="module")
def world(labs_home: Path, labs_level: Level, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    if not labs_level.holds(Level.CONTROL):
        pytest.skip(f"no lab of level control here, {labs_level} at most: make lab")
    estate = tmp_path_factory.mktemp("faults") / "estate"
    shutil.copytree(shelf("examples") / "tazlab", estate)
    found = start("f", estate, Level.CONTROL)
    for path in (path for case in CASES for path in case.ready):
        until(path, partial(found.get, path), 300)
    with kubelet(found, [case.namespace for case in CASES]):
        yield found
    down.down(found.world)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in TOLD:
        terminalreporter.write_line(line)
