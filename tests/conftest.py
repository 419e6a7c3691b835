"""For every test: the same generated examples on any machine; `HYPOTHESIS_PROFILE=explore` looks for new ones."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

pytest_plugins = ("tests.labworld", "tests.lab.engine", "tests.harness.fixtures")

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones run where somebody asks for proof; each kind has a shorter one that always runs."""
    if "MIGRATE_PROOF" not in os.environ:
        for item in items:
            if item.get_closest_marker("proof"):
                item.add_marker(pytest.mark.skip(reason="takes minutes on a lab of its own: make proof"))
