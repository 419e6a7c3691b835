"""Questions to a person, on stderr, so that stdout holds results only."""

from __future__ import annotations

import sys


def ask(question: str) -> str:
    """The line typed; empty where the terminal is gone."""
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()
