"""`migrate plan --world`: what the world adds to a plan, and what never gets into it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from migrate.cli.main import run
from tests.stores.practice.worlds import scene


def values(world: Path) -> Iterator[str]:
    """Every made-up value of a world that stands for a secret."""
    vault = json.loads((world / "vault.json").read_bytes())
    yield from (value for entry in vault["kv"].values() for value in entry.values())
    roles = json.loads((world / "postgres.json").read_bytes())["roles"]
    yield from (role["password"] for role in roles.values())
    yield json.loads((world / "world.json").read_bytes())["seed"]


def planned(tmp_path: Path, settings: str = "") -> tuple[dict[str, Any], Path]:
    place = scene(tmp_path, settings)
    out = tmp_path / "plan.json"
    world = tmp_path / "world"
    assert run(["plan", "phase1", "--estate", str(place.estate), "--world", str(world), "-o", str(out)]) == 0
    return json.loads(out.read_bytes()), world


def test_the_world_says_what_only_servers_know(tmp_path: Path) -> None:
    plan, world = planned(tmp_path)
    assert plan["mode"] == "practice"
    assert set(plan["places"]) == {"vault", "postgres", "cluster", "world"}
    address = json.loads((world / "postgres.json").read_bytes())["address"]
    assert address in json.dumps(plan["steps"])
    assert "ADDRESS-UNKNOWN" not in json.dumps(plan)
    assert not [one for one in plan["unknowns"] if one["blocks"]]


def test_what_would_stop_an_apply_on_servers_is_said_and_does_not_stop_practice(tmp_path: Path) -> None:
    plan, _ = planned(tmp_path)
    assert not [one for one in plan["findings"] if one["severity"] == "blocks"]
    assert any("practice goes on" in one["text"] for one in plan["findings"])


def test_no_value_of_the_world_is_in_the_plan(tmp_path: Path) -> None:
    plan, world = planned(tmp_path)
    found = list(values(world))
    assert len(found) > 10
    text = json.dumps(plan)
    assert not [value for value in found if value in text]


def test_a_world_is_for_its_owner_only(tmp_path: Path) -> None:
    _, world = planned(tmp_path)
    assert world.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in world.glob("*.json")} == {0o600}


def test_a_world_inside_a_checkout_does_not_show_there(tmp_path: Path) -> None:
    place = scene(tmp_path, "")
    world = place.estate / "practice"
    assert run(["plan", "phase1", "--estate", str(place.estate), "--world", str(world), "-o", str(tmp_path / "p")]) == 0
    status = subprocess.run(
        ["git", "-C", str(place.estate), "status", "--porcelain"], capture_output=True, check=True, text=True
    )
    assert status.stdout == ""


def test_the_same_world_gives_the_same_plan(tmp_path: Path) -> None:
    place = scene(tmp_path, "")
    digests = set()
    for number in range(2):
        out = tmp_path / f"{number}.json"
        world = str(tmp_path / "world")
        assert run(["plan", "phase1", "--estate", str(place.estate), "--world", world, "-o", str(out)]) == 0
        digests.add(json.loads(out.read_bytes())["digest"])
    assert len(digests) == 1
