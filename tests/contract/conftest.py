"""Both worlds of the contract suite; the real one is skipped with a reason where its servers are not built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.bench import Bench, on_practice, on_servers
from tests.contract.servers import Servers, missing, running


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    if why := missing():
        pytest.skip(why)
    with running(tmp_path_factory.mktemp("servers")) as found:
        yield found


@pytest.fixture(params=["practice", pytest.param("servers", marks=pytest.mark.lab(level="vault"))])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Whatever the test takes is taken back after it."""
    made = on_practice(tmp_path)
    if request.param == "servers":
        made = on_servers(tmp_path / "real", request.getfixturevalue("servers"))
    yield made
    made.clear()


@pytest.fixture
def real(servers: Servers, tmp_path: Path) -> Iterator[Bench]:
    """Real servers only: for what a practice world has nothing of."""
    made = on_servers(tmp_path, servers)
    yield made
    made.clear()
