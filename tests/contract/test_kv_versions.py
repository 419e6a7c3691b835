"""Which version an entry of KV is at: the practice world and a real Vault tell the same, and neither a value."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from migrate.cli.main import run
from migrate.model.change import Absent, Doc, State
from migrate.model.config import Config
from migrate.model.json import Json, mapping
from migrate.model.ports import Observer
from migrate.planning.rights import plan_policy
from migrate.stores.vault.api import Api
from migrate.stores.vault.observer import VaultObserver
from migrate.targets.kv import versions_of
from tests.contract.servers import ROOT, Servers
from tests.contract.test_rights import bearing
from tests.stores.practice.worlds import scene

CANARY = "value-canary-4c1d"


@dataclass(frozen=True)
class Entry:
    """One entry and whoever writes it. `drop` deletes its newest version."""

    observer: Observer
    path: str
    put: Callable[[str], None]
    drop: Callable[[], None]

    def seen(self) -> dict[str, Json] | None:
        state: State = self.observer.observe(versions_of(self.path))
        assert CANARY not in repr(state)
        return mapping(state.value) if isinstance(state, Doc) else None


def _on_practice(folder: Path) -> Entry:
    place = scene(folder)
    place.world.world()

    def edit(*words: str) -> None:
        assert run(["practice", "edit", str(folder / "world"), "vault:kv/secret/one/entry", *words]) == 0

    put: Callable[[str], None] = lambda value: edit("--set", f"value={value}")  # noqa: E731
    looking = replace(place.world, now=lambda: datetime.now(UTC))  # the clock of whoever types
    return Entry(looking, "secret/data/one/entry", put, lambda: edit("--remove"))


def _on_vault(servers: Servers) -> Entry:
    root = Api(servers.vault, servers.ca, lambda: ROOT)
    assert root.ask("delete", "secret/metadata/one/entry").ok

    def put(value: str) -> None:
        assert root.ask("post", "secret/data/one/entry", {"data": {"value": value}}).ok

    def drop() -> None:
        assert root.ask("delete", "secret/data/one/entry").ok

    # With the right to see versions, and none to see a value.
    bearer = bearing(root, plan_policy(Config(), "jwt", ["secret/data/one/entry"]))
    assert bearer.look("secret/data/one/entry").status == 403
    return Entry(VaultObserver(bearer, lambda: datetime.now(UTC)), "secret/data/one/entry", put, drop)


@pytest.fixture(params=["practice", pytest.param("servers", marks=pytest.mark.lab(level="vault"))])
def entry(request: pytest.FixtureRequest, tmp_path: Path) -> Entry:
    if request.param == "practice":
        return _on_practice(tmp_path)
    return _on_vault(request.getfixturevalue("servers"))


def test_every_write_is_a_version_with_its_time_and_a_deleted_one_says_so(entry: Entry) -> None:
    assert entry.seen() is None
    entry.put(CANARY)
    first = entry.seen()
    assert first is not None
    assert first.keys() == {"version", "written"}
    assert first["version"] == 1
    assert datetime.fromisoformat(str(first["written"])).utcoffset() == timedelta(0)
    entry.put(f"{CANARY}-2")
    second = entry.seen()
    assert second is not None
    assert second["version"] == 2
    assert str(second["written"]) > str(first["written"])
    entry.drop()
    assert entry.seen() == second | {"deleted": mapping(entry.seen())["deleted"]}
    entry.put(CANARY)
    assert mapping(entry.seen()).keys() == {"version", "written"}
    assert mapping(entry.seen())["version"] == 3


@pytest.fixture
def vault(servers: Servers) -> Api:
    return Api(servers.vault, servers.ca, lambda: ROOT)


@pytest.mark.lab(level="vault")
def test_what_is_destroyed_deleted_later_or_not_to_be_seen_is_told_apart(vault: Api) -> None:
    def seen(api: Api, name: str) -> State:
        return VaultObserver(api, lambda: datetime.now(UTC)).observe(versions_of(f"secret/data/two/{name}"))

    for name in ("destroyed", "later", "empty"):
        assert vault.ask("delete", f"secret/metadata/two/{name}").ok
    assert vault.ask("post", "secret/metadata/two/later", {"delete_version_after": "1h"}).ok
    assert vault.ask("post", "secret/metadata/two/empty", {"custom_metadata": {"owner": "x"}}).ok
    for name in ("destroyed", "later"):
        assert vault.ask("post", f"secret/data/two/{name}", {"data": {"value": CANARY}}).ok
    assert vault.ask("put", "secret/destroy/two/destroyed", {"versions": [1]}).ok

    destroyed, later = seen(vault, "destroyed"), seen(vault, "later")
    assert isinstance(destroyed, Doc)
    assert isinstance(later, Doc)
    assert mapping(destroyed.value)["destroyed"] is True
    assert mapping(later.value).keys() == {"version", "written"}
    assert seen(vault, "empty") == Absent()
    nobody = bearing(vault, 'path "secret/data/two/*" { capabilities = ["read"] }')
    assert seen(nobody, "later") == Doc({})
    assert json.dumps(mapping(later.value)).count(CANARY) == 0
