"""What ESO does to Secrets, above all when it lets go of them: each case was run on real servers first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from migrate.world.state import Draft, World
from tests.world.worlds import EXTERNAL, SECRET, after, commit, edited, new, object_of

Edit = Callable[[dict[str, Any]], None]


def with_spec(**fields: Any) -> Edit:
    return lambda objects: objects[EXTERNAL].update(fields)


def without(objects: dict[str, Any]) -> None:
    del objects[EXTERNAL]


def owners(world: World) -> list[str]:
    found = object_of(world, SECRET)
    assert found is not None
    return [one["kind"] for one in found["owners"]]


def test_a_secret_is_a_copy_of_what_vault_holds_and_belongs_to_its_external_secret() -> None:
    world = new(commit())
    found = object_of(world, SECRET)
    assert found is not None
    assert found["data"] == {"password": world.vault["kv"]["kv/apps/boards"]["value"]}
    assert owners(world) == ["ExternalSecret"]


def test_orphan_first_and_removal_after_that_keeps_the_secret() -> None:
    world = after(new(commit()), second := commit("2", with_spec(creationPolicy="Orphan")))
    assert owners(world) == []
    assert second.commit != commit().commit
    assert object_of(after(world, commit("3", without), 2), SECRET) is not None


def test_an_old_eso_keeps_its_reference_under_orphan_and_makes_none_anew() -> None:
    old = edited(new(commit()), lambda draft: draft.faults.update({"old-eso": True}))
    world = after(old, orphan := commit("2", with_spec(creationPolicy="Orphan")))
    assert owners(world) == ["ExternalSecret"]
    freed = edited(world, lambda draft: draft.objects[SECRET].update(owners=[]))
    assert owners(after(freed, orphan, 120)) == []
    assert object_of(after(freed, commit("3", without), 2), SECRET) is not None
    assert object_of(after(world, commit("3", without), 2), SECRET) is None


def test_removal_without_orphan_loses_the_secret_whatever_its_deletion_policy() -> None:
    world = new(commit("1", with_spec(deletionPolicy="Retain")))
    assert object_of(after(world, commit("2", without)), SECRET) is None


def test_orphan_while_vault_is_sealed_changes_nothing_and_removal_then_loses_the_secret() -> None:
    sealed = edited(new(commit()), lambda draft: draft.vault.update(sealed=True))
    world = after(sealed, commit("2", with_spec(creationPolicy="Orphan")))
    assert owners(world) == ["ExternalSecret"]
    external = object_of(world, EXTERNAL)
    assert external is not None
    assert external["ready"] is False
    assert object_of(after(world, commit("3", without), 2), SECRET) is None


@pytest.mark.parametrize("interval", ["0", "0s"])
def test_an_external_secret_that_never_refreshes_never_lets_go(interval: str) -> None:
    world = new(commit("1", with_spec(refreshInterval=interval)))
    world = after(world, commit("2", with_spec(refreshInterval=interval, creationPolicy="Orphan")))
    assert owners(world) == ["ExternalSecret"]
    assert object_of(after(world, commit("3", without), 2), SECRET) is None


def test_orphan_with_an_interval_in_the_same_commit_lets_go() -> None:
    world = new(commit("1", with_spec(refreshInterval="0")))
    assert owners(after(world, commit("2", with_spec(refreshInterval="1h", creationPolicy="Orphan")))) == []


def test_another_target_name_deletes_the_old_secret() -> None:
    world = after(new(commit()), commit("2", with_spec(target="other")))
    assert object_of(world, SECRET) is None
    assert object_of(world, "Secret/watch/other") is not None


def test_a_hand_edit_of_an_owned_secret_is_reverted() -> None:
    def edit(draft: Draft) -> None:
        draft.objects[SECRET]["data"]["password"] = "by hand"

    world = edited(new(commit()), edit)
    found = object_of(after(world, commit()), SECRET)
    assert found is not None
    assert found["data"]["password"] != "by hand"


def test_a_new_value_arrives_when_the_interval_is_over_and_not_before() -> None:
    def edit(draft: Draft) -> None:
        draft.vault["kv"]["kv/apps/boards"]["value"] = "new"

    world = edited(new(commit()), edit)
    early, late = object_of(after(world, commit(), 30), SECRET), object_of(after(world, commit(), 61), SECRET)
    assert early is not None
    assert late is not None
    assert early["data"]["password"] != "new"
    assert late["data"]["password"] == "new"


def test_without_eso_nothing_is_lost_and_nothing_arrives() -> None:
    world = edited(new(commit()), lambda draft: draft.faults.update(eso=True))
    world = after(world, commit("2", with_spec(creationPolicy="Orphan")))
    assert owners(world) == ["ExternalSecret"]


@pytest.mark.parametrize(("policy", "kept"), [("Delete", False), ("Retain", True)])
def test_the_deletion_policy_is_about_values_deleted_in_vault(policy: str, kept: bool) -> None:
    def edit(draft: Draft) -> None:
        del draft.vault["kv"]["kv/apps/boards"]

    world = edited(new(commit("1", with_spec(deletionPolicy=policy))), edit)
    world = after(world, commit("1", with_spec(deletionPolicy=policy)), 61)
    assert (object_of(world, SECRET) is not None) is kept
