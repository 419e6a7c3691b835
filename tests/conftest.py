"""For every test: the same generated examples on any machine; `HYPOTHESIS_PROFILE=explore` looks for new ones."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

# Shells start what runs in the background with Ctrl-C ignored, and children would inherit that: tests type it at them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ("tests.labworld", "tests.sidebyside", "tests.lab.engine", "tests.harness.fixtures")

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones run where somebody asks for proof; each kind has a shorter one that always runs."""
    if "MIGRATE_PROOF" not in os.environ:
        for item in items:
            if item.get_closest_marker("proof"):
                item.add_marker(pytest.mark.skip(reason="takes minutes on a lab of its own: make proof"))
