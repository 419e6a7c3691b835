"""Real servers for tests that ask for them: `@pytest.mark.lab(level=...)`, one world a run, a namespace a test.

A lab that cannot be had is a skip that is counted aloud where somebody sits, and a failure in CI, which builds it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from migrate.catalog import shelf
from migrate.lab import build, control, down, faults, handing, levels, machine, postgresql, starting, vault
from migrate.lab.levels import Level
from migrate.lab.web import Unwelcome, Web
from migrate.lab.world import World
from migrate.model.errors import MigrateError
from migrate.views.lab_build import BuildLines

_IN_CI = os.environ.get("CI", "").lower() == "true"
_NO_LAB = "no lab: "


class Lab:
    """A world as tests use it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.vault = vault.as_root(world)
        self.api: Web = control.api(world) if world.level.holds(Level.CONTROL) else self.vault

    def run(self, *words: str, text: str = "", check: bool = True) -> str:
        """What a program prints that means this lab: kubectl, vault, psql, git."""
        found = subprocess.run(
            words, input=text, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert not check or found.returncode == 0, found.stderr
        return found.stdout

    @property
    def environment(self) -> dict[str, str]:
        """The variables of `migrate lab shell`."""
        path = os.pathsep.join([*handing.programs(), machine.search_path()])
        own = {"PATH": path, "HOME": str(self.world.data("home"))}
        return {**handing.variables(self.world), **own, "VAULT_TOKEN": self.world.credential("vault-root").read_text()}

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Bring objects into the cluster, as a person with kubectl does."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.run("kubectl", "apply", "-f", "-", text=json.dumps(listed))

    def get(self, path: str) -> Any:
        """An object by its path in the API; None where there is none."""
        try:
            return self.api.ask("GET", path)
        except Unwelcome as refused:
            if refused.status == 404:
                return None
            raise


def until(what: str, ask: Callable[[], Any], patience: float = 120.0) -> Any:
    """The first answer that is true. Fails only when nothing has come for so long that nothing will."""
    end = time.monotonic() + patience
    while not (found := ask()):
        assert time.monotonic() < end, f"{what}: not within {patience:.0f} s"
        time.sleep(0.2)
    return found


@contextmanager
def broken(lab: Lab, name: str) -> Iterator[None]:
    """A fault for as long as the block lasts."""
    fault = faults.named(name, lab.world)
    fault.begin(lab.world)
    try:
        yield
    finally:
        fault.end(lab.world)


@pytest.fixture(scope="session")
def labs_home() -> Iterator[Path]:
    """The folder that this run's labs lie in; gone afterwards, with whatever is left in it."""
    home = Path(tempfile.mkdtemp(prefix="ml-"))
    before = os.environ.get("MIGRATE_LAB")
    os.environ["MIGRATE_LAB"] = str(home)
    yield home
    from migrate.lab import world

    for name in world.names():
        down.down(world.load(name) or world.remains(name))
    assert list(home.iterdir()) == []
    home.rmdir()
    if before is None:
        del os.environ["MIGRATE_LAB"]
    else:
        os.environ["MIGRATE_LAB"] = before


@pytest.fixture(scope="session")
def labs_level() -> Level:
    """The highest level this machine can have; in CI the servers are built first, and packages installed."""
    if _IN_CI and (build.missing() or not postgresql.available()):
        build.build(BuildLines())
        postgresql.fetch()
    try:
        return levels.choose(machine.look(), frozenset(build.binaries()), None).level
    except MigrateError as error:
        missing(error.happened)


@pytest.fixture(scope="session")
def labs_world(labs_home: Path, labs_level: Level) -> Lab:
    """The one world of this run, with the example estate in it."""
    assert labs_home.is_dir()
    estate = labs_home.with_name(labs_home.name + "-estate")
    shutil.copytree(shelf("examples") / "tazlab", estate)
    try:
        return start("t", estate)
    finally:
        shutil.rmtree(estate)


def start(
    name: str, estate: Path | None, level: Level | None = None, eso: str = "v0.16.2", *, docker: bool = False
) -> Lab:
    """A further world; the folder fixture ends it at the latest."""
    wanted = starting.Wanted(name, estate, level.value if level else None, eso, None, docker)
    return Lab(starting.start(wanted, lambda _level, _why: None, lambda _step, _seconds: None))


@pytest.fixture
def lab(request: pytest.FixtureRequest, labs_level: Level) -> Lab:
    """The world, if it has the level that the test's mark names."""
    mark = request.node.get_closest_marker("lab")
    assert mark is not None, "a test that uses the lab says so: @pytest.mark.lab(level=...)"
    wanted = Level(mark.kwargs.get("level", "full"))
    if not labs_level.holds(wanted):
        missing(f"this machine has a lab of level {labs_level} at most, and {wanted} is needed")
    found: Lab = request.getfixturevalue("labs_world")
    return found


@pytest.fixture
def namespace(lab: Lab) -> Iterator[str]:
    """A namespace of this test's own."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    lab.api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    until("its service account", lambda: lab.get(f"/api/v1/namespaces/{name}/serviceaccounts/default"))
    yield name
    lab.api.ask("DELETE", f"/api/v1/namespaces/{name}")


def missing(why: str) -> NoReturn:
    """Skip this test aloud and counted; fail it in CI, which can have everything."""
    if _IN_CI:
        pytest.fail(f"no lab in CI: {why}")
    without(f"{why}: make lab && migrate lab doctor")


def without(why: str) -> NoReturn:
    """Skip this test aloud and counted, in CI too: what it needs cannot be had everywhere."""
    pytest.skip(f"{_NO_LAB}{why}")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say aloud how many tests saw no real server."""
    skipped = (str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", []))
    if missed := [reason for reason in skipped if _NO_LAB in reason]:
        terminalreporter.write_line(
            f"{len(missed)} tests did not run on real servers ({missed[0]}): make lab, then again", red=True, bold=True
        )
