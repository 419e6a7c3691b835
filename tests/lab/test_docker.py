"""The lab's servers as containers of an engine: the same servers, the same faults, and nothing left with the engine."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager

import docker
import pytest

from migrate.catalog import shelf
from migrate.cli.main import run
from migrate.lab import build, container_images, containers, down, faults, processes, status
from migrate.lab.levels import Level
from migrate.lab.world import World
from tests.lab.ending import nothing_of
from tests.labworld import Lab, missing, start, until

pytestmark = [pytest.mark.lab(level="control"), pytest.mark.timeout(900)]


def test_without_an_engine_a_lab_of_containers_is_refused_with_the_reason(
    labs_level: Level, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert labs_level
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/at/all")
    assert run(["lab", "up", "--docker", "--empty", "--name", "none"]) == 3
    assert "no container engine answers" in capsys.readouterr().err


@pytest.mark.usefixtures("engine")
def test_a_cluster_and_its_controllers_run_in_containers_and_fill_every_external_secret(
    labs_home: object, labs_level: Level
) -> None:
    assert labs_home
    if not labs_level.holds(Level.CONTROL):
        missing("Kubernetes' servers are not built")
    lab = start("contained", shelf("examples") / "tazlab", Level.CONTROL, docker=True)
    try:
        found = {server.name: server for server in status.servers(lab.world)}
        assert found.keys() >= container_images.CONTAINED
        assert {name for name, server in found.items() if server.container} == container_images.CONTAINED
        assert set(_containers(lab.world)) == {server.container for server in found.values() if server.container}
        until("every ExternalSecret", lambda: _filled(lab), 400)
        for name in ("vault-stopped", "postgres-restarted", "external-secrets-stopped", "source-controller-frozen"):
            fault = faults.named(name, lab.world)
            fault.begin(lab.world)
            fault.end(lab.world)
            until(f"{name} mended", lambda: all(server.ready for server in status.servers(lab.world)))
    finally:
        down.down(lab.world)
    nothing_of(lab.world)
    assert _containers(lab.world) == []


@pytest.mark.usefixtures("engine")
def test_the_projects_own_image_is_taken_where_the_engine_has_it(labs_home: object, labs_level: Level) -> None:
    assert labs_home
    assert labs_level
    with _published_vault() as name:
        lab = start("published", None, Level.VAULT, docker=True)
        try:
            with closing(docker.from_env()) as engine:
                assert name in engine.containers.get(processes.container(lab.world, "vault")).image.tags
            assert "core: vault is unsealed" in containers.logs(lab.world, "vault")
        finally:
            down.down(lab.world)


@contextmanager
def _published_vault() -> Iterator[str]:
    """An image under the published name, laid out as that one is: the program somewhere on PATH."""
    version = next(program.version for program in build.programs() if program.name == "vault").removeprefix("v")
    name = f"{container_images.PUBLISHED['vault']}:{version}"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(build.binaries()["vault"], "opt/tools/vault")
    with closing(docker.from_env()) as engine:
        repository, _, tag = name.partition(":")
        made = ["ENV PATH=/opt/tools"]
        engine.api.import_image_from_data(buffer.getvalue(), repository=repository, tag=tag, changes=made)
        try:
            yield name
        finally:
            engine.images.remove(name, force=True)


def _containers(world: World) -> list[str]:
    with closing(docker.from_env()) as engine:
        found = engine.containers.list(all=True, filters={"label": f"{containers.LABEL}={world.folder}"})
        return [str(one.id) for one in found]


def _filled(lab: Lab) -> bool:
    items = json.loads(lab.run("kubectl", "get", "externalsecrets", "-A", "-ojson"))["items"]
    ready = [
        one
        for item in items
        for one in item.get("status", {}).get("conditions") or []
        if one["type"] == "Ready" and one["status"] == "True"
    ]
    return len(items) == len(ready) == 13
