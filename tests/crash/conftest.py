"""How many points are tried, and the count at the end."""

from __future__ import annotations

import os

import pytest

COUNTED: dict[str, int] = {}
"""How many processes were killed, by command."""


def counted(command: str) -> None:
    """A process of this command was killed."""
    COUNTED[command] = COUNTED.get(command, 0) + 1


def wanted(total: int, otherwise: int) -> int:
    """How many of so many points to try: `MIGRATE_PROOF` says a number or `all` (make proof), else a few."""
    asked = os.environ.get("MIGRATE_PROOF", str(otherwise))
    return total if asked == "all" else min(total, int(asked))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if COUNTED:
        by = ", ".join(f"{name} {count}" for name, count in sorted(COUNTED.items()))
        terminalreporter.write_line(f"killed {sum(COUNTED.values())} processes: {by}")
