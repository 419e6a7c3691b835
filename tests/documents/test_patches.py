"""JSON Patches: guarded, by item and not by position, proven both ways."""

from __future__ import annotations

import jsonpatch
import pytest

from migrate.documents import patches
from migrate.documents.patches import Unproven, patch
from migrate.model.json import Json

BEFORE: Json = {
    "metadata": {"annotations": {"example.com/a": "1"}},
    "spec": {
        "containers": [
            {"name": "app", "image": "a:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"name": "sidecar", "image": "s:1"},
        ]
    },
}
AFTER: Json = {
    "metadata": {"annotations": {"example.com/a": "1", "example.com/b": "2"}},
    "spec": {
        "containers": [
            {"name": "app", "image": "a:1", "env": [{"name": "B", "value": "3"}]},
            {"name": "sidecar", "image": "s:1"},
            {"name": "new", "image": "n:1"},
        ]
    },
}


def test_a_patch_begins_with_its_guards() -> None:
    forward, _ = patch(BEFORE, AFTER)

    assert forward == [
        {"op": "test", "path": "/spec/containers/0/name", "value": "app"},
        {"op": "test", "path": "/spec/containers/0/env/1/name", "value": "B"},
        {"op": "test", "path": "/spec/containers/0/env/1/value", "value": "2"},
        {"op": "test", "path": "/spec/containers/0/env/0", "value": {"name": "A", "value": "1"}},
        {"op": "test", "path": "/spec/containers/1/name", "value": "sidecar"},
        {"op": "add", "path": "/metadata/annotations/example.com~1b", "value": "2"},
        {"op": "replace", "path": "/spec/containers/0/env/1/value", "value": "3"},
        {"op": "remove", "path": "/spec/containers/0/env/0"},
        {"op": "add", "path": "/spec/containers/-", "value": {"name": "new", "image": "n:1"}},
    ]


def test_the_way_back_is_a_patch_of_its_own() -> None:
    _, inverse = patch(BEFORE, AFTER)

    assert jsonpatch.apply_patch(AFTER, inverse) == BEFORE


@pytest.mark.parametrize(
    "moved",
    [
        [{"name": "first"}, {"name": "app", "env": []}],
        [{"name": "app", "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]}, {"name": "sidecar"}],
        [{"name": "app", "env": [{"name": "A", "value": "9"}, {"name": "B", "value": "2"}]}, {"name": "sidecar"}],
    ],
)
def test_an_object_that_moved_on_is_left_alone(moved: list[Json]) -> None:
    forward, _ = patch(BEFORE, AFTER)
    live: Json = {"metadata": {"annotations": {}}, "spec": {"containers": moved}}

    with pytest.raises((jsonpatch.JsonPatchTestFailed, jsonpatch.JsonPatchConflict)):
        jsonpatch.apply_patch(live, forward)


def test_nothing_to_do_is_two_empty_patches() -> None:
    assert patch(BEFORE, BEFORE) == ([], [])


def test_lists_that_change_their_order_are_replaced_whole() -> None:
    forward, _ = patch({"l": [{"name": "a"}, {"name": "b"}]}, {"l": [{"name": "b"}, {"name": "a"}]})

    assert [operation["op"] for operation in forward] == ["test", "replace"]
    assert forward[0]["value"] == [{"name": "a"}, {"name": "b"}]


def test_true_and_one_are_different_values() -> None:
    forward, inverse = patch({"a": True}, {"a": 1})

    assert forward[-1] == {"op": "replace", "path": "/a", "value": 1}
    assert inverse[-1] == {"op": "replace", "path": "/a", "value": True}


def test_a_patch_that_does_not_lead_there_is_never_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "_differ", lambda *_: None)

    with pytest.raises(Unproven):
        patch({"a": 1}, {"a": 2})
