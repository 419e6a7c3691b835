"""Tests in several processes (`make test`): a file stays in one, and so do all that ask for real servers.

Those share one world a run. A scheduler is told the names of tests and no marks, so their folders say which they are.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

SERVERS = ("tests/lab/", "tests/contract/", "tests/faults/", "tests/live/")


class OneWorld(LoadScopeScheduling):  # type: ignore[misc]
    """What has the same scope runs in the same process, the scope with most tests first."""

    def _split_scope(self, nodeid: str) -> str:
        return "servers" if nodeid.startswith(SERVERS) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneWorld:
    """Asked by pytest-xdist where there is more than one process."""
    return OneWorld(config, log)
