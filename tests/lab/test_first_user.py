"""The first user's estate in a lab: the real Flux reconciles it, the real ESO fills all of its ExternalSecrets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.lab import down
from migrate.lab.levels import Level
from tests.labworld import Lab, start, until

pytestmark = [pytest.mark.estate, pytest.mark.lab(level="full"), pytest.mark.timeout(900)]
_PLACE = Path(__file__).parents[3] / "shared" / "estates" / "tazlab-k8s"


@pytest.fixture(scope="module")
def lab(labs_home: object, labs_level: Level) -> Iterator[Lab]:
    del labs_home
    if not _PLACE.is_dir():
        pytest.skip("the estates do not lie beside the project")
    if not labs_level.holds(Level.FULL):
        pytest.skip(f"this machine has a lab of level {labs_level} at most")
    made = start("first", _PLACE)
    try:
        yield made
    finally:
        down.down(made.world)


def test_flux_reconciles_the_whole_tree_and_eso_fills_all_22_secrets(lab: Lab) -> None:
    def unready(path: str) -> list[str]:
        return [
            f"{one['metadata']['namespace']}/{one['metadata']['name']}"
            for one in lab.get(path)["items"]
            if not any(
                condition["type"] == "Ready" and condition["status"] == "True"
                for condition in one.get("status", {}).get("conditions", [])
            )
        ]

    kustomizations = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations"
    external = "/apis/external-secrets.io/v1/externalsecrets"
    until("22 ExternalSecrets", lambda: len(lab.get(external)["items"]) == 22, 400)
    until("Flux", lambda: not unready(kustomizations), 400)
    assert unready(external) == []
    for one in lab.get(external)["items"]:
        target = one["spec"]["target"].get("name", one["metadata"]["name"])
        assert lab.get(f"/api/v1/namespaces/{one['metadata']['namespace']}/secrets/{target}")["data"]


def test_the_tree_in_the_lab_is_the_estates_byte_for_byte(lab: Lab, tmp_path: Path) -> None:
    clone = tmp_path / "estate"
    lab.run("git", "clone", "-q", lab.environment["LAB_GIT"], str(clone))
    files = [path.relative_to(_PLACE) for path in _PLACE.rglob("*") if path.is_file() and ".git" not in path.parts]
    assert files
    assert all((clone / path).read_bytes() == (_PLACE / path).read_bytes() for path in files)
