"""What was tried, told at the end of a session."""

from __future__ import annotations

import pytest

TOLD: list[str] = []
"""One line a test: which faults, over how many writes, how many secrets looked for where."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in TOLD:
        terminalreporter.write_line(line)
