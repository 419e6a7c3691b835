"""The fork server of a test session, and operators who sit at it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from migrate.cli.demo import example
from tests.harness.journey import Journey, travelled
from tests.harness.operator import Operator, Server

Seated = Callable[[], Operator]

_MEMORY = Path("/dev/shm")
"""Rather than a disk, where there is some: thousands of small files are copied."""


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A program that has the tool imported and forks a process for each command."""
    one = Server()
    yield one
    one.close()


@pytest.fixture(scope="session")
def seated(server: Server) -> Iterator[Seated]:
    """Gives operators, each with an empty place of their own until the session ends."""
    with ExitStack() as stack:

        def another() -> Operator:
            memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
            return Operator(server, Path(stack.enter_context(tempfile.TemporaryDirectory(dir=memory))))

        yield another


@pytest.fixture(scope="session")
def journey(seated: Seated) -> Journey:
    """The example's whole migration and its way back, with everything kept before each command."""
    one = seated()
    one.begin(example())
    return travelled(one)
