"""What is there after a crash, and whether it is still ours before an undo."""

from __future__ import annotations

import pytest

from migrate.engine.settle import Applied, Foreign, NotApplied, Nothing, Restore, retract, settle
from migrate.model.change import Absent, Blobs, Change, Doc, Exact, FileEdit
from migrate.model.json import Json
from migrate.model.target import parse_target

ROLE = parse_target("vault:auth/jwt/role/mig-app")
STATIC = parse_target("vault:database/static-roles/mig-app")
LOGIN = parse_target("postgres:role/app_vault")
FILE = parse_target("git:HelmRelease/apps/app")

WANTED: Json = {"bound_audiences": ["b", "a"], "token_ttl": 1200, "token_policies": ["mig-app"]}
READ: dict[str, Json] = {
    "bound_audiences": ["a", "b"],
    "token_ttl": "20m",
    "token_policies": ["mig-app"],
    "token_period": 0,
    "token_no_default_policy": False,
    "bound_claims_type": "string",
}


def created(target: str, value: Json) -> Change:
    return Change(parse_target(target), Absent(), Doc(value), Exact())


NEW = created(str(ROLE), WANTED)


def test_a_servers_defaults_order_and_durations_are_nobodys_change() -> None:
    assert settle(NEW, Doc(READ)) == Applied()


def test_what_is_not_there_was_not_applied() -> None:
    assert settle(NEW, Absent()) == NotApplied()


def test_one_field_that_differs_is_foreign_and_named() -> None:
    assert settle(NEW, Doc(READ | {"token_ttl": 60})) == Foreign(("token_ttl",))


def test_a_created_thing_that_is_as_we_left_it_is_taken_away() -> None:
    assert retract(NEW, Doc(READ), Doc(READ)) == Restore(Change(ROLE, Doc(WANTED), Absent(), Exact()))


@pytest.mark.parametrize("theirs", [{"token_bound_cidrs": ["10.0.0.0/8"]}, {"token_ttl": 60}])
def test_a_created_thing_that_others_changed_is_not_taken_away(theirs: dict[str, Json]) -> None:
    assert retract(NEW, Doc(READ | theirs), Doc(READ)) == Foreign(tuple(theirs))


def test_what_is_gone_already_needs_no_undo() -> None:
    assert isinstance(retract(NEW, Absent(), Doc(READ)), Nothing)


def test_what_moves_by_itself_is_no_sign_of_anybody() -> None:
    change = created(str(STATIC), {"username": "app_vault", "rotation_period": 7200})
    last: dict[str, Json] = {"username": "app_vault", "rotation_period": 7200, "last_vault_rotation": "a", "ttl": 7199}
    assert isinstance(retract(change, Doc(last | {"last_vault_rotation": "b", "ttl": 10}), Doc(last)), Restore)


PERIOD = Change(STATIC, Doc({"rotation_period": 7200, "db": "x"}), Doc({"rotation_period": 9000, "db": "x"}), Exact())


def test_an_update_is_restored_and_later_edits_beside_it_stay() -> None:
    left: dict[str, Json] = {"rotation_period": 9000, "db": "x", "statements": ["one"]}
    now = Doc(left | {"statements": ["two"]})
    found = retract(PERIOD, now, Doc(left))
    assert isinstance(found, Restore)
    assert found.change.after == Doc({"rotation_period": 7200, "db": "x", "statements": ["two"]})
    assert found.change.before == now


def test_an_update_that_somebody_updated_again_is_theirs() -> None:
    left: dict[str, Json] = {"rotation_period": 9000, "db": "x"}
    assert retract(PERIOD, Doc(left | {"rotation_period": 60}), Doc(left)) == Foreign(("rotation_period",))


def test_an_updated_thing_that_somebody_removed_stays_removed() -> None:
    assert retract(PERIOD, Absent(), Doc({"rotation_period": 9000, "db": "x"})) == Foreign(("*",))


def test_members_of_a_set_are_the_same_whatever_the_server_adds_to_them() -> None:
    change = created(str(LOGIN), {"administeredBy": [{"role": "admin", "admin": True}], "memberOf": ["b", "a"]})
    seen: Json = {
        "administeredBy": [{"role": "admin", "admin": True, "inherit": False, "set": False}],
        "memberOf": ["a", "b"],
        "superuser": False,
    }
    assert settle(change, Doc(seen)) == Applied()


def test_a_policy_is_what_it_says_not_how_its_text_ends() -> None:
    change = created("vault:policy/mig-app", {"policy": 'path "a" {}\n'})
    assert settle(change, Doc({"policy": '# written by migrate: run x\npath "a" {}'})) == Applied()


def test_files_are_told_by_their_blobs() -> None:
    edits = (FileEdit("a.yaml", "1", "2", (), ""),)
    change = Change(FILE, Blobs((("a.yaml", "1"),)), Blobs((("a.yaml", "2"),)), Exact(), (), edits)
    assert settle(change, Blobs((("a.yaml", "2"),))) == Applied()
    assert settle(change, Blobs((("a.yaml", "1"),))) == NotApplied()
    assert settle(change, Blobs((("a.yaml", "3"),))) == Foreign(("a.yaml",))
    # Whether later lines can be kept is for the store to say, which has the texts.
    assert isinstance(retract(change, Blobs((("a.yaml", "3"),)), Blobs((("a.yaml", "2"),))), Restore)
